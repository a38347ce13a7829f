import type { SizedRow } from '../engine/sizing/types.ts';
import { cheapestProbability } from '../engine/uncertainty/decision.ts';
import type { DecisionDocument, SizeDocument } from '../protocol/documents.ts';
import { CHANCE_BESIDE_RANGES, chanceText, chanceWords } from '../protocol/chances.ts';
import { plural } from '../protocol/numbers.ts';
import { candidateOf, planUncertainty } from './plan-uncertainty.ts';
import type { RowContext } from './replica-part.ts';
import { rounded } from '../protocol/rounded.ts';
import { noRangeReason } from './uncertainty.ts';

/** Rows that are compared: the first of the ranking. What comes after them costs far more. */
const MOST_COMPARED = 12;

const NOTHING_PASSES = 'Nothing meets the targets, so there is nothing to be sure of.';

/** How sure the first of `rows` is, whatever the number of rows that are listed. */
export function decisionOf(
  rows: readonly SizedRow[],
  context: RowContext,
): Pick<SizeDocument, 'decision' | 'decision_reason'> {
  const [first] = rows;
  if (!first) return { decision: null, decision_reason: NOTHING_PASSES };
  const none = noRangeReason(context.prepared.subject);
  if (none !== null) return { decision: null, decision_reason: none };
  const hasPrice = first.chosen.cost !== null;
  const candidates = rows.slice(0, MOST_COMPARED).flatMap(({ chosen }) => {
    // What has no price comes after what has one: it is not compared with it.
    const about = (chosen.cost !== null) === hasPrice ? planUncertainty(chosen, context) : null;
    return about ? [candidateOf(chosen, context, about)] : [];
  });
  const about = planUncertainty(first.chosen, context);
  if (!about) throw new Error(`${first.chosen.id} has no uncertainty although its profile has residuals`);
  const { tpot: step, ttft: firstToken } = about.uncertainty.commonShares;
  const meets = about.meetsTargetsProbability;
  const cheapest = cheapestProbability(candidates, { step, firstToken });
  const decision: DecisionDocument = {
    meets_targets_probability: rounded(meets),
    cheapest_probability: rounded(cheapest),
    candidates: candidates.length,
    sentence: sentenceOf(meets, cheapest, candidates.length, hasPrice),
  };
  return { decision, decision_reason: null };
}

function sentenceOf(meets: number, cheapest: number, candidates: number, hasPrice: boolean): string {
  const targets = `As planned, the recommended configuration meets its targets with a chance of ${chanceText(meets)}: ${chanceWords(meets)}. ${CHANCE_BESIDE_RANGES}`;
  if (candidates < 2) return `${targets} There is no other to compare it with.`;
  const best = hasPrice ? 'is the cheapest' : 'needs the fewest GPUs';
  return `${targets} It ${best} of the first ${plural(candidates, 'configuration')} with a chance of ${chanceText(cheapest)}.`;
}
