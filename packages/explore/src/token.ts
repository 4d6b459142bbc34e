/**
 * Replay tokens: a schedule in a few characters.
 *
 *     lw1d.1.1-2_4!9@3:a~b639
 *     │   │ │   │ │ │    └ hash of the trace up to the last departure: four hex digits
 *     │   │ │   │ │ └ generated inputs: sample 3, of what that shrinks to candidate 10
 *     │   │ │   │ └ a fair suffix begins at decision 9
 *     │   │ │   └ hold at hold point 4
 *     │   │ └ one decision later, option 2
 *     │   └ decision 1, option 1
 *     └ version 1, delay sets ("a": fidelity "all")
 *
 * Numbers are in base 36; each gap counts from the last departure of its own kind, so a schedule without holds has one
 * token whatever the fidelity. `+io` before the hash says that real I/O took part, which no token can bring back.
 */
import { ScheduleError } from "./errors.js";
import type { Deviation, Fidelity, Schedule } from "./schedule.js";

/** Which generated inputs: the sample, then the candidate taken at each step of shrinking. */
export type InputAddress = readonly number[];

/** What a token says. */
export interface TokenContent extends Schedule {
  /** Inputs that the body was given; absent for a body without. */
  readonly address?: InputAddress;
  readonly hash: string;
  /** Real I/O took part. */
  readonly isLoose: boolean;
}

const SHAPE =
  /^lw1([da])((?:[._][0-9a-z]+(?:-[0-9a-z]+)?)*)(?:!([0-9a-z]+))?(?:@([0-9a-z]+(?::[0-9a-z]+)*))?(\+io)?~([0-9a-f]{4})$/;
const MAX_INDEX = 1_000_000_000;

/** Writes a schedule as a token. */
export function writeToken(schedule: Schedule, hash: string, isLoose = false, address?: InputAddress): string {
  const last = { pick: 0, hold: 0 };
  const write = (deviation: Deviation): string => {
    const gap = (deviation.at - last[deviation.kind]).toString(36);
    last[deviation.kind] = deviation.at;
    if (deviation.kind === "hold") return `_${gap}`;
    return deviation.choice === 1 ? `.${gap}` : `.${gap}-${deviation.choice.toString(36)}`;
  };
  const picks = schedule.deviations.filter(({ kind }) => kind === "pick").map(write);
  const holds = schedule.deviations.filter(({ kind }) => kind === "hold").map(write);
  const fair = schedule.fairFrom === undefined ? "" : `!${schedule.fairFrom.toString(36)}`;
  const kind = schedule.fidelity === "all" ? "a" : "d";
  const inputs = address === undefined ? "" : `@${address.map((each) => each.toString(36)).join(":")}`;
  return `lw1${kind}${picks.join("")}${holds.join("")}${fair}${inputs}${isLoose ? "+io" : ""}~${hash}`;
}

/** Reads a token. Throws `LW_REPLAY_MISMATCH` for a text that is none. */
export function readToken(token: string): TokenContent {
  const found = typeof token === "string" ? SHAPE.exec(token.trim()) : null;
  if (found === null)
    throw new ScheduleError(
      "LW_REPLAY_MISMATCH",
      `replay must be a token like lw1d.1.1~b639, as a failure prints it, got ${JSON.stringify(token)}`,
    );
  const [, kind, body, fair, inputs, loose, hash] = found;
  const deviations = readDeviations(body!, token);
  const fidelity: Fidelity =
    kind === "a" ? "all" : deviations.some((deviation) => deviation.kind === "hold") ? "holds" : "external";
  return {
    fidelity,
    deviations,
    hash: hash!,
    isLoose: loose !== undefined,
    ...(fair === undefined ? {} : { fairFrom: parseInt(fair, 36) }),
    ...(inputs === undefined ? {} : { address: readAddress(inputs, token) }),
  };
}

function readAddress(text: string, token: string): InputAddress {
  const address = text.split(":").map((each) => parseInt(each, 36));
  if (address.every((each) => each <= MAX_INDEX)) return address;
  throw notWritten(token);
}

function notWritten(token: string): ScheduleError {
  const text = `replay is not a token that this version writes, got ${JSON.stringify(token)}`;
  return new ScheduleError("LW_REPLAY_MISMATCH", text);
}

function readDeviations(body: string, token: string): Deviation[] {
  const last = { pick: 0, hold: 0 };
  return (body.match(/[._][^._]+/g) ?? []).map((text): Deviation => {
    const kind = text[0] === "." ? "pick" : "hold";
    const [gap, choice] = text.slice(1).split("-");
    const at = (last[kind] += parseInt(gap!, 36));
    const option = choice === undefined ? 1 : parseInt(choice, 36);
    if (at > MAX_INDEX || option > MAX_INDEX || option === 0 || (kind === "hold" && choice !== undefined))
      throw notWritten(token);
    return kind === "pick" ? { kind, at, choice: option } : { kind, at };
  });
}
