/** What a wait gets on its way into a container: what ends it early, what ranks it, what listeners want to know. */
import { joinAbortGroup } from "./abort-groups.js";
import { setDeadline } from "./deadlines.js";
import type { Permit } from "./guard.js";
import type { WaitRequest } from "./options.js";

/** Gives a waiting permit its signal, deadline, priority and intent. */
export function fitOut(permit: Permit, request: WaitRequest): void {
  const { signal, timeout, priority, intent } = request;
  if (priority !== 0) permit.extras().priority = priority;
  if (intent !== undefined) permit.watched().intent = intent;
  if (signal !== undefined) joinAbortGroup(permit, signal);
  if (timeout !== Infinity) setDeadline(permit, timeout);
}
