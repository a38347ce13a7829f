import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import type { SizeDocument } from '../../protocol/documents.ts';
import type { SizeInput } from '../../protocol/requests.ts';
import { rounded } from '../common.ts';
import { prepareSizing, type PreparedSizing } from '../prepared.ts';
import { exclusionOf } from '../recommendation.ts';
import { joined, type Attempts } from './attempt.ts';
import {
  cacheAttempts,
  contextAttempts,
  filterAttempts,
  precisionAttempts,
  pricingAttempts,
  rentAttempts,
  retiredAttempts,
} from './choices.ts';
import { limitOf } from './limit.ts';
import { loadAttempts } from './load.ts';
import { nearestMiss } from './nearest.ts';
import { passes, type Option } from './option.ts';
import { placeAttempts } from './place.ts';
import { askedOf, probed, type Asked } from './probe.ts';
import { relaxationsOf } from './relaxations.ts';
import { targetAttempts } from './targets.ts';
import { unhelpfulChanges } from './unhelpful.ts';

/** Plans that method mg1 searches in reasonable time: it convolves waiting times at every rate it looks at. */
const MG1_PLANS = 20;

function areSearchesQuick({ prepared }: Asked): boolean {
  const plans = new Set(prepared.evaluated.candidates.flatMap(({ plans: all }) => all.map(({ key }) => key)));
  return prepared.subject.method !== 'mg1' || plans.size <= MG1_PLANS;
}

/** Every single change worth trying; where two bring the same, the earlier one is shown. */
function tried(asked: Asked): Attempts {
  const areQuick = areSearchesQuick(asked);
  const searching = (attempts: (asked: Asked) => Attempts): Attempts[] => (areQuick ? [attempts(asked)] : []);
  return joined([
    ...searching(targetAttempts),
    loadAttempts(asked),
    pricingAttempts(asked),
    placeAttempts(asked),
    filterAttempts(asked),
    rentAttempts(asked),
    ...searching(precisionAttempts),
    ...searching(cacheAttempts),
    contextAttempts(asked),
    retiredAttempts(asked),
  ]);
}

/** Changes that are simulated, each with one plan: a tenth of a second or two. */
const MOST_SIMULATED = 12;

/** The same change simulated, with the plan that the closed form found; null where it does not meet the targets there. */
function simulatedOption(option: Option, { ask }: Asked, router: SizeInput['router']): Option | null {
  const [row] = option.probe.outcome.rows;
  if (!row) return null;
  const { instance, group } = row.chosen;
  const plan = { tp: group.tensorParallel, quantization: [group.precision] };
  const probe = ask({ ...option.set, ...plan, method: 'simulation', router }, new Set([instance]));
  return passes(probe) ? { ...option, probe } : null;
}

const hourlyOf = ({ probe }: Option): number => probe.outcome.rows[0]?.chosen.cost?.usdPerHour ?? 0;

/**
 * The same by method simulation: which changes may help is found in closed form, since each try looks at every plan, and those that
 * do are simulated. Where the closed form has an answer and the simulation has none, no change is looked for.
 */
function explainSimulated(
  prepared: PreparedSizing,
  source: ModelSource,
  facts: Facts,
): Pick<SizeDocument, 'relaxations' | 'no_answer'> {
  const simulated = probed(prepared);
  const { router } = prepared.input;
  // What the closed form cannot follow it takes to be dealt at random.
  const closedRouter = router === 'least_loaded' ? 'random' : router;
  const closed = prepareSizing({ ...prepared.input, method: 'batching', router: closedRouter }, source, facts);
  const asked = askedOf(probed(closed), source, facts);
  const nearest = nearestMiss(simulated);
  const { options, futile } = passes(asked) ? { options: [], futile: [] } : tried(asked);
  const cheapest = [...options].sort((a, b) => hourlyOf(a) - hourlyOf(b)).slice(0, MOST_SIMULATED);
  return {
    relaxations: relaxationsOf(cheapest.flatMap((option) => simulatedOption(option, asked, router) ?? [])),
    no_answer: {
      limit: limitOf(nearest, simulated),
      nearest: nearest && exclusionOf(nearest.row),
      carries_requests_per_s: nearest?.load ? rounded(nearest.load.carriesPerS) : null,
      needed_requests_per_s: nearest?.load ? rounded(nearest.load.neededPerS) : null,
      unhelpful: unhelpfulChanges(futile, asked),
    },
  };
}

/** What stands in the way of a question that nothing meets, which changes would bring an answer, and which would not. */
export function explainNoAnswer(
  prepared: PreparedSizing,
  source: ModelSource,
  facts: Facts,
): Pick<SizeDocument, 'relaxations' | 'no_answer'> {
  if (prepared.subject.method === 'simulation') return explainSimulated(prepared, source, facts);
  const asked = askedOf(probed(prepared), source, facts);
  const nearest = nearestMiss(asked);
  const { options, futile } = tried(asked);
  return {
    relaxations: relaxationsOf(options),
    no_answer: {
      limit: limitOf(nearest, asked),
      nearest: nearest && exclusionOf(nearest.row),
      carries_requests_per_s: nearest?.load ? rounded(nearest.load.carriesPerS) : null,
      needed_requests_per_s: nearest?.load ? rounded(nearest.load.neededPerS) : null,
      unhelpful: unhelpfulChanges(futile, asked),
    },
  };
}
