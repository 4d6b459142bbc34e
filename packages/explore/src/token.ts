/**
 * Replay tokens: a schedule in a few characters.
 *
 *     lw1d.1.1-2_4!9~b639
 *     │   │ │   │ │  └ hash of the trace up to the last departure: four hex digits
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

/** What a token says. */
export interface TokenContent extends Schedule {
  readonly hash: string;
  /** Real I/O took part. */
  readonly isLoose: boolean;
}

const SHAPE = /^lw1([da])((?:[._][0-9a-z]+(?:-[0-9a-z]+)?)*)(?:!([0-9a-z]+))?(\+io)?~([0-9a-f]{4})$/;
const MAX_INDEX = 1_000_000_000;

/** Writes a schedule as a token. */
export function writeToken(schedule: Schedule, hash: string, isLoose = false): string {
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
  return `lw1${kind}${picks.join("")}${holds.join("")}${fair}${isLoose ? "+io" : ""}~${hash}`;
}

/** Reads a token. Throws `LW_REPLAY_MISMATCH` for a text that is none. */
export function readToken(token: string): TokenContent {
  const found = typeof token === "string" ? SHAPE.exec(token.trim()) : null;
  if (found === null)
    throw new ScheduleError(
      "LW_REPLAY_MISMATCH",
      `replay must be a token like lw1d.1.1~b639, as a failure prints it, got ${JSON.stringify(token)}`,
    );
  const [, kind, body, fair, loose, hash] = found;
  const deviations = readDeviations(body!, token);
  const fidelity: Fidelity =
    kind === "a" ? "all" : deviations.some((deviation) => deviation.kind === "hold") ? "holds" : "external";
  const schedule = { fidelity, deviations, hash: hash!, isLoose: loose !== undefined };
  return fair === undefined ? schedule : { ...schedule, fairFrom: parseInt(fair, 36) };
}

function readDeviations(body: string, token: string): Deviation[] {
  const last = { pick: 0, hold: 0 };
  return (body.match(/[._][^._]+/g) ?? []).map((text): Deviation => {
    const kind = text[0] === "." ? "pick" : "hold";
    const [gap, choice] = text.slice(1).split("-");
    const at = (last[kind] += parseInt(gap!, 36));
    const option = choice === undefined ? 1 : parseInt(choice, 36);
    if (at > MAX_INDEX || option > MAX_INDEX || option === 0 || (kind === "hold" && choice !== undefined))
      throw new ScheduleError(
        "LW_REPLAY_MISMATCH",
        `replay is not a token that this version writes, got ${JSON.stringify(token)}`,
      );
    return kind === "pick" ? { kind, at, choice: option } : { kind, at };
  });
}
