/**
 * A fair suffix: from one decision on, whatever was passed over too often goes next. It tells a livelock from a schedule
 * that merely starved somebody: a polling loop ends under it, a livelock does not (shuttle's issue 85 is about failures
 * past the step limit that did not).
 */
import type { Option, Strategy } from "../schedule.js";

/** Gives `inner` up to decision `from`, after that the fair suffix: native order, nobody passed over `patience` times. */
export function fairSuffix(inner: Strategy, from: number, patience = 50): Strategy {
  let decision = 0;
  let passedOver = new Map<Option, number>();
  const strategy: Strategy = {
    begin(plan) {
      decision = 0;
      passedOver = new Map();
      inner.begin?.(plan);
    },
    pick(options) {
      if (decision++ < from) return inner.pick(options);
      let choice = 0;
      let longest = patience - 1;
      options.forEach((option, at) => {
        const times = passedOver.get(option) ?? 0;
        if (times <= longest) return;
        longest = times;
        choice = at;
      });
      const next = new Map<Option, number>();
      options.forEach((option, at) => {
        if (at !== choice) next.set(option, (passedOver.get(option) ?? 0) + 1);
      });
      passedOver = next;
      return choice;
    },
    hold: (point) => decision <= from && inner.hold?.(point) === true,
  };
  return strategy;
}
