import { invalidInput } from '../../engine/errors.ts';
import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { achievedRates, type Rates } from '../../engine/roofline/achieved-rates.ts';
import { replicaOf, type Replica } from '../../engine/sizing/replica-subject.ts';
import type { ChosenPlan, SizedRow } from '../../engine/sizing/types.ts';
import type { MemoryFit } from '../../engine/memory/fit.ts';
import type { Recommendation } from '../../protocol/documents.ts';
import type { PlanQuestion } from '../../protocol/requests.ts';
import { findPlan, isPassing, type FoundPlan } from '../detail/find-plan.ts';
import { surroundingsOf } from '../detail/ranking.ts';
import { recommendationOf, type RowContext } from '../recommendation.ts';

/** A passing configuration with everything its figures are explained from. */
export interface Explained {
  plan: FoundPlan;
  row: SizedRow;
  chosen: ChosenPlan;
  memory: MemoryFit;
  replica: Replica;
  rates: Rates;
  recommendation: Recommendation;
}

/** Throws invalid input `configuration_excluded` where the configuration has no figures to explain. */
export function explained(question: PlanQuestion, source: ModelSource, facts: Facts): Explained {
  const plan = findPlan(question, source, facts);
  const { row, prepared, demand } = plan;
  if (!isPassing(row)) {
    const message = `${plan.id} does not meet the question, so it has no figures to explain: ${row.refusal.detail}`;
    throw invalidInput('configuration_excluded', message, { configuration: plan.id, reason: row.refusal.reason });
  }
  const { chosen } = row;
  const replica = replicaOf(prepared.subject, chosen.group, chosen.instance);
  const { memory } = chosen.group;
  if (!replica || !memory) throw new Error('a passing plan has no replica');
  const context: RowContext = { prepared, demand, zone: prepared.input.zone, ranges: 'all' };
  const recommendation = recommendationOf(row, surroundingsOf(plan).rank, context);
  return {
    plan,
    row,
    chosen,
    memory,
    replica,
    rates: achievedRates(replica.step, replica.step.calibration),
    recommendation,
  };
}
