/**
 * The checker of a chaos run: a history in, violations out. Pure; it knows nothing of lockwright.
 *
 * A worker can only claim what it was promised. The claim "I held token T at time t" is one where t was read *before* a
 * check that passed: the check proves the hold at its own moment, and a lease that was granted before t and is held
 * after it was held at t. Two such claims of one grant make an interval, since a lost lease never comes back.
 * All times are of one clock, CLOCK_MONOTONIC, which the processes of a machine share.
 *
 * Events (`worker` and `op` name one attempt of one worker):
 *   granted { lock, kind, weight, token, sent, at }   sent: before acquire was called; at: after it resolved
 *   held    { lock, kind, weight, token, at }         a claim as above
 *   writing { lock, token, nonce }                    the commit may have happened from here on
 *   wrote   { nonce }                                 the commit was acknowledged
 *   ran     { lock, outcome, state }                  run() settled; state: the lease's at the end of its body
 *   failed  { text }                                  an error that no rule allows
 *
 * Kinds: mutex, write (alone), read (with readers), semaphore (up to `capacities[lock]` units).
 */

/** The properties, by the names violations carry. */
export const PROPERTIES = ["exclusion", "token-order", "fenced-writes", "progress", "run-tells-loss", "no-errors"];

const byTime = (a, b) => a.at - b.at;

/** Checks a whole run; `resource` and `ending` are what the shared database and the conductor found afterwards. */
export function check({ events, capacities = {}, resource, ending }) {
  const violations = [];
  const report = (property, lock, text) => violations.push({ property, lock, text });
  for (const [lock, claims] of groupBy(claimsOf(events), ({ lock: name }) => name)) {
    checkExclusion(lock, claims, capacities[lock] ?? 1, report);
    if (claims[0]?.kind !== "semaphore") checkClaimOrder(lock, claims, report);
  }
  const grants = events.filter(({ event }) => event === "granted");
  for (const [lock, list] of groupBy(grants, ({ lock: name }) => name)) checkGrantOrder(lock, list, report);
  checkRuns(events, report);
  if (resource !== undefined) checkResource(events, resource, report);
  if (ending !== undefined) checkEnding(ending, report);
  for (const { worker, text } of events.filter(({ event }) => event === "failed")) report("no-errors", worker, text);
  return violations;
}

/** The intervals in which one grant was proved to be held. */
export function claimsOf(events) {
  const claims = new Map();
  for (const { event, worker, op, lock, kind, weight, token, at } of events) {
    if (event !== "held") continue;
    const key = `${worker}/${op}`;
    const claim = claims.get(key);
    if (claim === undefined) claims.set(key, { key, lock, kind, weight, token, from: at, to: at });
    else {
      claim.from = Math.min(claim.from, at);
      claim.to = Math.max(claim.to, at);
    }
  }
  return [...claims.values()];
}

/** No moment with more claimed than there is: one sweep over starts and ends. */
function checkExclusion(lock, claims, capacity, report) {
  const edges = claims.flatMap((claim) => [
    { at: claim.from, claim, isStart: true },
    { at: claim.to, claim, isStart: false },
  ]);
  // At one moment starts go first: two claims that share a moment do overlap.
  edges.sort((a, b) => byTime(a, b) || Number(b.isStart) - Number(a.isStart));
  const current = new Set();
  for (const { claim, isStart } of edges) {
    if (!isStart) {
      current.delete(claim);
      continue;
    }
    current.add(claim);
    if (areTogetherAllowed(current, capacity)) continue;
    const text = [...current].map(
      ({ key, kind, token, from, to }) => `${key} ${kind} token ${token} in [${from}, ${to}]`,
    );
    report("exclusion", lock, `held at once by ${text.join(" and ")}`);
  }
}

function areTogetherAllowed(current, capacity) {
  if (current.size < 2) return true;
  const all = [...current];
  if (all[0].kind === "semaphore") return all.reduce((sum, { weight }) => sum + weight, 0) <= capacity;
  return all.every(({ kind }) => kind === "read");
}

/** Whoever excludes others comes after all smaller tokens and before all greater ones. */
function checkClaimOrder(lock, claims, report) {
  let newest;
  let newestAlone;
  for (const claim of claims.toSorted((a, b) => a.from - b.from)) {
    const before = claim.kind === "read" ? newestAlone : newest;
    if (before !== undefined && before.token >= claim.token) {
      report("token-order", lock, `${claim.key} held token ${claim.token} after ${before.key} held ${before.token}`);
    }
    if (newest === undefined || claim.token > newest.token) newest = claim;
    if (claim.kind !== "read" && (newestAlone === undefined || claim.token > newestAlone.token)) newestAlone = claim;
  }
}

/** Each token once, and a grant asked for after another had come has the greater one. */
function checkGrantOrder(lock, grants, report) {
  const seen = new Map();
  for (const { worker, op, token } of grants) {
    const other = seen.get(token);
    if (other !== undefined) report("token-order", lock, `token ${token} was given to ${other} and to ${worker}/${op}`);
    seen.set(token, `${worker}/${op}`);
  }
  const resolved = grants.toSorted(byTime);
  let next = 0;
  let newest;
  for (const grant of grants.toSorted((a, b) => a.sent - b.sent)) {
    for (; next < resolved.length && resolved[next].at < grant.sent; next += 1) {
      if (newest === undefined || resolved[next].token > newest.token) newest = resolved[next];
    }
    if (newest === undefined || newest.token < grant.token) continue;
    report(
      "token-order",
      lock,
      `${grant.worker}/${grant.op} asked after token ${newest.token} was out and got ${grant.token}`,
    );
  }
}

function checkRuns(events, report) {
  for (const { event, worker, op, lock, outcome, state } of events) {
    if (event !== "ran" || state !== "lost" || outcome === "LW_LEASE_LOST") continue;
    report("run-tells-loss", lock, `${worker}/${op}: the lease was lost, and run() ended with ${outcome}`);
  }
}

/** `records`: the accepted increments in order of commit; `counters`: the values they led to. */
function checkResource(events, { records, counters }, report) {
  const writing = new Set(events.filter(({ event }) => event === "writing").map(({ nonce }) => nonce));
  const recorded = new Set(records.map(({ nonce }) => nonce));
  for (const { event, worker, nonce } of events) {
    if (event === "wrote" && !recorded.has(nonce))
      report("fenced-writes", worker, `acknowledged write ${nonce} is not there`);
  }
  for (const [lock, list] of groupBy(records, ({ lock: name }) => name)) {
    let value = 0;
    let token = 0n;
    for (const record of list) {
      if (!writing.has(record.nonce))
        report("fenced-writes", lock, `write ${record.nonce} is there and nobody made it`);
      if (record.token < token) report("fenced-writes", lock, `token ${record.token} wrote after token ${token}`);
      if (record.value !== value + 1)
        report("fenced-writes", lock, `lost update: ${record.value} was written over ${value}`);
      ({ value, token } = record);
    }
    const final = counters[lock] ?? 0;
    if (final !== list.length)
      report("fenced-writes", lock, `${list.length} increments were accepted, the counter says ${final}`);
  }
}

/** `hung`: workers that did not end in time; `leftovers`: locks still held or queued for when all had gone. */
function checkEnding({ hung = [], leftovers = [], crashed = [] }, report) {
  for (const { worker, doing } of hung)
    report("progress", worker, `did not end after the faults did; last seen: ${doing}`);
  for (const { lock, text } of leftovers) report("progress", lock, `nobody is left and yet it is ${text}`);
  for (const { worker, text } of crashed) report("no-errors", worker, text);
}

function groupBy(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    if (groups.has(key)) groups.get(key).push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
