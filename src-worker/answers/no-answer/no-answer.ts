import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import type { SizeDocument } from '../../protocol/documents.ts';
import { rounded } from '../common.ts';
import type { PreparedSizing } from '../prepared.ts';
import { exclusionOf } from '../recommendation.ts';
import { joined, type Attempts } from './attempt.ts';
import {
  cacheAttempts,
  contextAttempts,
  filterAttempts,
  precisionAttempts,
  pricingAttempts,
  retiredAttempts,
} from './choices.ts';
import { limitOf } from './limit.ts';
import { loadAttempts } from './load.ts';
import { nearestMiss } from './nearest.ts';
import { placeAttempts } from './place.ts';
import { askedOf, probed, type Asked } from './probe.ts';
import { relaxationsOf } from './relaxations.ts';
import { targetAttempts } from './targets.ts';
import { unhelpfulChanges } from './unhelpful.ts';

/** Every single change worth trying; where two bring the same, the earlier one is shown. */
const tried = (asked: Asked): Attempts =>
  joined(
    [
      targetAttempts,
      loadAttempts,
      pricingAttempts,
      placeAttempts,
      filterAttempts,
      precisionAttempts,
      cacheAttempts,
      contextAttempts,
      retiredAttempts,
    ].map((attempts) => attempts(asked)),
  );

/** What stands in the way of a question that nothing meets, which changes would bring an answer, and which would not. */
export function explainNoAnswer(
  prepared: PreparedSizing,
  source: ModelSource,
  facts: Facts,
): Pick<SizeDocument, 'relaxations' | 'no_answer'> {
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
      unhelpful: unhelpfulChanges(futile),
    },
  };
}
