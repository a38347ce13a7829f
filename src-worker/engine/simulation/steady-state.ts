import { decodeLimit, littleFixedPoint } from '../batching/fixed-point.ts';
import type { BatchingSubject, SaturationKind } from '../batching/subject.ts';
import { drawLoad, type SimulatedLoad } from './drawn-load.ts';
import { simulateFleet } from './fleet.ts';
import { causeOf, GROWTH_SHARE, growthOf, SLOW_GROWTH_SHARE } from './growth.ts';
import { DEFAULT_PRECISION, isNarrow, type Precision } from './precision.ts';
import { AFFORDED_ROUNDS, inWords, MOST_DRAWN, MOST_ROUNDS, tooLong } from './run-limits.ts';
import type { RunQuestion } from './run-question.ts';
import { simulate } from './simulate.ts';
import { servedLoad, type HalfWidths, type ServedLoad } from './served-load.ts';
import { serverOf } from './simulated-server.ts';

/** A steady state with its intervals. */
export interface SteadySimulation extends ServedLoad {
  kind: 'steady';
  halfWidths: HalfWidths;
  /** Is every interval asked for as narrow as asked for? */
  isPrecise: boolean;
}

/** More arrive than are served: what waits grows as long as the run lasts. */
export interface SaturatedSimulation {
  kind: 'saturated';
  cause: SaturationKind;
  /** Nobody was served: the KV cache holds none of the requests. */
  isRefused?: true;
}

/** Share of the requests, and mean residence times, that are discarded at the start; arrivals go on for as long at the end. */
const WARM_UP_SHARE = 0.1;
const WARM_UP_RESIDENCES = 5;

/** The part of a load that comes to one of so many schedulers. */
const partOf = (load: SimulatedLoad, schedulers: number): SimulatedLoad =>
  load.kind === 'open'
    ? { ...load, ratePerMs: load.ratePerMs / schedulers }
    : { ...load, users: load.users / schedulers };

/** Requests in the system on average, roughly: what a warm-up of some residence times is in arrivals, by Little's law. */
function expectedInSystem(subject: BatchingSubject, load: SimulatedLoad): number {
  if (load.kind === 'closed') return load.users;
  const { decodes } = decodeLimit(subject);
  const fixed = littleFixedPoint(subject, load.ratePerMs);
  const running = fixed.kind === 'steady' ? fixed.state.step.decodes : decodes;
  return Math.min(running, decodes, 1e6) + 2;
}

/**
 * Steady state by simulation: the first requests are discarded, the next are measured until the last of them has ended, with
 * arrivals going on; twice as many are drawn as long as an interval is wider than asked for. Nobody served = saturated.
 */
export function simulateSteady(
  question: RunQuestion,
  precision: Precision = DEFAULT_PRECISION,
): SteadySimulation | SaturatedSimulation {
  const { subject, rules, load, seed, urgentFraction = null, fleet = null } = question;
  const { observe = null, checkpoint = null } = question;
  const schedulers = fleet ? fleet.replicas * fleet.streams : 1;
  const part = partOf(load, schedulers);
  const inSystem = schedulers * expectedInSystem(subject, part);
  const roundsPerRequest = Math.max(1, subject.lengths.moments.uncachedMean / subject.maxNumBatchedTokens);
  const most = Math.min(precision.most, Math.ceil(AFFORDED_ROUNDS / roundsPerRequest));
  for (let measured = Math.min(precision.fewest, most); ; measured *= 2) {
    const warmUp = Math.ceil(Math.max(WARM_UP_SHARE * measured, WARM_UP_RESIDENCES * inSystem));
    const all = warmUp + measured;
    if (all + warmUp > MOST_DRAWN) {
      throw tooLong(
        `a steady state of ${inWords(Math.round(inSystem))} ${load.kind === 'closed' ? 'users' : 'requests at once'} takes ${inWords(all + warmUp)} requests, and ${inWords(MOST_DRAWN)} are the most; ask for a run of some with num_prompts, or for fewer`,
      );
    }
    const { requests, clients } = drawLoad(subject, load, all + warmUp, seed, urgentFraction);
    const observer = observe?.() ?? null;
    const options = { clients, numMeasured: all, observer, mostEvents: MOST_ROUNDS, checkpoint };
    const server = serverOf(subject, rules);
    const run = fleet ? simulateFleet(requests, server, fleet, seed, options) : simulate(requests, server, options);
    if (!run.isComplete) {
      throw tooLong(
        `a steady state takes ${inWords(all)} requests, and they are not served after ${inWords(MOST_ROUNDS)} steps; ask for a run of fewer with num_prompts, for shorter prompts or for a larger max_num_batched_tokens`,
      );
    }
    const grown = growthOf(run, warmUp, all);
    if (load.kind === 'open' && grown > GROWTH_SHARE * measured)
      return { kind: 'saturated', cause: causeOf(run, subject, part) };
    const result = servedLoad(run, requests, warmUp, all);
    if (!result) return { kind: 'saturated', cause: 'kv', isRefused: true };
    const isPrecise = isNarrow(result.served, result.halfWidths, precision);
    if (isPrecise || measured * 2 > most) {
      const isShort = run.seatsShortMs + run.blocksShortMs > run.wallMs / 2;
      if (load.kind === 'open' && !isPrecise && isShort && grown > SLOW_GROWTH_SHARE * measured) {
        return { kind: 'saturated', cause: causeOf(run, subject, part) };
      }
      return { kind: 'steady', ...result.served, halfWidths: result.halfWidths, isPrecise };
    }
  }
}
