/** The shape of a trace in JSON, checked value by value: a file that a person edited or cut short is told where. */
import { ScheduleError, show } from "../errors.js";

/** Throws for a value that is not what it must be; `path` says where it stands, as in `trace.steps[3].hash`. */
export type Check = (value: unknown, path: string) => void;

function refuse(path: string, expected: string, value: unknown): never {
  const got = value === undefined ? "nothing" : show(value);
  throw new ScheduleError("LW_REPLAY_MISMATCH", `${path} must be ${expected}, got ${got}`);
}

export const string: Check = (value, path) => void (typeof value === "string" || refuse(path, "a string", value));
export const boolean: Check = (value, path) => void (typeof value === "boolean" || refuse(path, "a boolean", value));
/** -1 stands for no strand. */
export const whole: Check = (value, path) =>
  void ((Number.isSafeInteger(value) && (value as number) >= -1) || refuse(path, "a whole number", value));
export const time: Check = (value, path) =>
  void ((typeof value === "number" && value >= 0) || refuse(path, "a number of milliseconds", value));

export const optional =
  (check: Check): Check =>
  (value, path) =>
    value === undefined ? undefined : check(value, path);

export const oneOf =
  (...allowed: readonly unknown[]): Check =>
  (value, path) =>
    void (allowed.includes(value) || refuse(path, allowed.map((each) => JSON.stringify(each)).join(" or "), value));

export const list =
  (check: Check): Check =>
  (value, path) => {
    if (!Array.isArray(value)) return refuse(path, "an array", value);
    value.forEach((each, at) => check(each, `${path}[${at}]`));
  };

/** Checks the named fields; others may be there, since fields are only ever added. */
export const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse(path, "an object", value);
    for (const [name, check] of Object.entries(fields))
      check((value as Record<string, unknown>)[name], path === "" ? name : `${path}.${name}`);
  };

const site = object({
  file: string,
  line: whole,
  column: whole,
  kind: oneOf("function", "await", "for-await", "yield", "dispose", "access"),
  text: string,
  owner: string,
  ordinal: whole,
});

const option = object({
  kind: oneOf("external", "held", "timer", "settle"),
  strand: whole,
  label: string,
  site: optional(site),
  line: optional(string),
});

const events: Readonly<Record<string, Check>> = {
  begins: object({ site }),
  parks: object({ site, isHeld: boolean }),
  returns: object({}),
  issues: object({ label: string, line: optional(string) }),
  note: object({ text: string }),
  lock: object({ lock: string, event: oneOf("queued", "granted", "released", "left") }),
  access: object({ site, location: string, access: oneOf("r", "w", "rw") }),
};

const event: Check = (value, path) => {
  object({ kind: oneOf(...Object.keys(events)), strand: whole })(value, path);
  events[(value as { kind: string }).kind]!(value, path);
};

const step = object({
  step: whole,
  time,
  taken: optional(option),
  width: whole,
  choice: whole,
  native: optional(option),
  isRejection: boolean,
  events: list(event),
  hash: string,
});

/** A whole trace. */
export const trace: Check = object({
  version: oneOf(1),
  strands: list(object({ index: whole, name: string, path: string })),
  steps: list(step),
  bodyEnd: optional(whole),
  parked: list(
    object({
      strand: whole,
      chain: list(site),
      lock: optional(object({ name: string, holders: list(whole) })),
    }),
  ),
  held: list(object({ name: string, holders: list(whole) })),
  timers: list(option),
  inFlight: list(option),
});
