import {
  advanceLicense,
  type LicenseProgress,
  type LicenseState,
  renewedLicense,
} from "../../../packages/core/src/license/license-state.ts";
import { HOUR_MS, MINUTE_MS } from "../../../packages/core/src/time.ts";

const TICK = 10 * MINUTE_MS;

/** How the state in force follows the one that the dates name. */
export function licenseStateVectors() {
  return {
    description:
      "`steps`: the progress of a license's state after one look: `from` and `to` are {state, behind_ms}. `runs`: one look every 10 minutes; the state after each. `renewals`: another license is adopted whose dates name `by_dates`.",
    steps: [
      step("nothing to do", "valid", 0, "valid", TICK, []),
      step("the dates are ahead: time is counted", "valid", 0, "warning", TICK, []),
      step("not yet an hour", "valid", HOUR_MS - TICK - 1, "warning", TICK, []),
      step("an hour", "valid", HOUR_MS - TICK, "warning", TICK, []),
      step("one step at most, however far the dates are", "valid", HOUR_MS, "suspended", TICK, []),
      step("a clock that jumps a year counts 10 minutes", "valid", 0, "suspended", 365 * 24 * HOUR_MS, []),
      step("time that goes back counts nothing", "valid", TICK, "warning", -TICK, []),
      step("back at once", "suspended", 0, "valid", TICK, []),
      step("back at once, what was counted is forgotten", "warning", TICK, "valid", TICK, []),
      step("the clock is 10 minutes off", "valid", HOUR_MS, "warning", TICK, [TICK]),
      step("the clock is more than 10 minutes off", "valid", HOUR_MS, "warning", TICK, [TICK + 1]),
      step("the clock is more than 10 minutes ahead", "valid", HOUR_MS, "warning", TICK, [-TICK - 1]),
      step("a clock that is off moves nothing back either", "grace", 0, "valid", TICK, [2 * TICK]),
      step("one bad neighbour of three is outvoted", "valid", HOUR_MS, "warning", TICK, [9 * TICK, 0, 5]),
      step("two bad neighbours of three outvote", "valid", HOUR_MS, "warning", TICK, [9 * TICK, 0, 9 * TICK]),
      step("of an even number the upper one counts", "valid", HOUR_MS, "warning", TICK, [0, 9 * TICK]),
      step("the order of the neighbours is nothing", "valid", HOUR_MS, "warning", TICK, [9 * TICK, -9 * TICK, 1]),
    ],
    runs: [
      run("six looks a step", "valid", "suspended", 26),
      run("to the state of the dates and no further", "valid", "grace", 15),
    ],
    renewals: [
      renewal("a later end: back at once", "read_only", TICK, "valid"),
      renewal("an earlier end: followed step by step", "valid", TICK, "grace"),
      renewal("the same state: as it was", "warning", TICK, "warning"),
    ],
  };
}

function step(
  name: string,
  state: LicenseState,
  behindMs: number,
  byDates: LicenseState,
  elapsedMs: number,
  skewsMs: number[],
) {
  return {
    name,
    from: written({ state, behindMs }),
    by_dates: byDates,
    elapsed_ms: elapsedMs,
    skews_ms: skewsMs,
    to: written(advanceLicense({ state, behindMs }, { byDates, elapsedMs, skewsMs })),
  };
}

function run(name: string, state: LicenseState, byDates: LicenseState, looks: number) {
  const states: LicenseState[] = [];
  let progress: LicenseProgress = { state, behindMs: 0 };
  for (let look = 0; look < looks; look += 1) {
    progress = advanceLicense(progress, { byDates, elapsedMs: TICK, skewsMs: [] });
    states.push(progress.state);
  }
  return { name, from: written({ state, behindMs: 0 }), by_dates: byDates, states };
}

function renewal(name: string, state: LicenseState, behindMs: number, byDates: LicenseState) {
  const to = written(renewedLicense({ state, behindMs }, byDates));
  return { name, from: written({ state, behindMs }), by_dates: byDates, to };
}

function written({ state, behindMs }: LicenseProgress) {
  return { state, behind_ms: behindMs };
}
