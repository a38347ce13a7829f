import { invalidInput } from '../../engine/errors.ts';
import type { Facts } from '../../engine/facts.ts';
import type { Instance } from '../../engine/hardware/types.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { chooseOffer } from '../../engine/sizing/offers.ts';
import { gpuGroup, tensorParallelChoices } from '../../engine/sizing/plan-groups.ts';
import { evaluatePlans } from '../../engine/sizing/evaluated-plans.ts';
import { isInScope } from '../../engine/sizing/scope.ts';
import { sizeForDemand } from '../../engine/sizing/size.ts';
import type { ExcludedRow, PlanGroup, SizedRow, SizingDemand } from '../../engine/sizing/types.ts';
import type { Demand } from '../../engine/workload/demand.ts';
import type { PlanQuestion } from '../../protocol/requests.ts';
import { chooseFrom, suggestNames } from '../../protocol/suggest.ts';
import { resolved, type PreparedSizing } from '../prepared.ts';
import { demandFor, sizingDemand } from '../size.ts';

/** An instance of the question's scope with its price (null = own hardware without one), and the ids of its plans. */
export interface PricedInstance {
  instance: Instance;
  usdPerHour: number | null;
  planIds: string[];
}

/** One plan of the question, sized by itself. */
export interface FoundPlan {
  id: string;
  /** `evaluated` holds the plan's instance alone. */
  prepared: PreparedSizing;
  demand: Demand;
  sizing: SizingDemand;
  /** Plans evaluated before, by their key; shared, grows. */
  known: Map<string, PlanGroup>;
  instance: Instance;
  group: PlanGroup;
  usdPerHourPerInstance: number | null;
  row: SizedRow | ExcludedRow;
  /** Every instance of the scope that has a price within the filters, or needs none. */
  priced: PricedInstance[];
}

export const isPassing = (row: SizedRow | ExcludedRow): row is SizedRow => 'chosen' in row;

type Unevaluated = Omit<PreparedSizing, 'evaluated'>;

function pricedInstances({ subject, scope, facts }: Unevaluated, sizing: SizingDemand): PricedInstance[] {
  return facts.instances.flatMap((instance) => {
    if (!isInScope(scope, instance)) return [];
    if (instance.status === 'retired' && !scope.includeRetired) return [];
    const choice = chooseOffer(instance, sizing);
    if (choice.kind === 'refused') return [];
    const place = `${instance.provider}/${instance.name}/${choice.offer.region}`;
    const planIds = subject.precisions.flatMap((precision) =>
      tensorParallelChoices(gpuGroup(instance).gpus, subject.tensorParallel, subject.pipelineParallel).map(
        (tp) => `${place}/tp${tp}pp${subject.pipelineParallel}/${precision}`,
      ),
    );
    return [{ instance, usdPerHour: choice.usdPerHour, planIds }];
  });
}

/** What instances are sized with: the question, its load, and the plans evaluated before. */
export interface Sizer {
  prepared: Unevaluated;
  sizing: SizingDemand;
  known: Map<string, PlanGroup>;
}

/** Sizes one instance with every plan, or with the one plan named. */
export function sizeInstance(
  { prepared, sizing, known }: Sizer,
  { instance, planIds }: PricedInstance,
  id: string | null = null,
): { prepared: PreparedSizing; row: SizedRow | ExcludedRow; groups: PlanGroup[] } {
  const { subject, scope, facts } = prepared;
  const all = evaluatePlans(subject, scope, { ...facts, instances: [instance] }, { known });
  const only = id === null ? null : planIds.indexOf(id);
  const candidates = all.candidates.map((candidate) => ({
    ...candidate,
    plans: candidate.plans.filter((_, index) => only === null || index === only),
  }));
  const evaluated = { ...all, candidates };
  const { rows, excluded } = sizeForDemand(evaluated, sizing);
  const row = rows[0] ?? excluded[0];
  if (!row) throw new Error(`${instance.name} was neither sized nor excluded`);
  return { prepared: { ...prepared, evaluated }, row, groups: candidates.flatMap(({ plans }) => plans) };
}

function unknownConfiguration(id: string, priced: readonly PricedInstance[]): Error {
  const known = priced.flatMap(({ planIds }) => planIds);
  const near = suggestNames(id, known);
  const shown = id.length > 120 ? `${id.slice(0, 120)}...` : id;
  const shape = 'a configuration is written provider/instance/region/tpXppY/quantization';
  return invalidInput(
    'unknown_configuration',
    `Unknown configuration "${shown}" for this question: ${chooseFrom(near, known)} (${shape})`,
    { configuration: shown, nearest: near },
  );
}

/** The plan a configuration id names. Throws invalid input `unknown_configuration` with the nearest ids of the question. */
export function findPlan({ question, configuration }: PlanQuestion, source: ModelSource, facts: Facts): FoundPlan {
  const { prepared: unevaluated, known } = resolved(question, source, facts);
  const demand = demandFor(unevaluated, null);
  const sizing = sizingDemand(unevaluated, demand, question.zone);
  const priced = pricedInstances(unevaluated, sizing);
  const found = priced.find(({ planIds }) => planIds.includes(configuration));
  if (!found) throw unknownConfiguration(configuration, priced);
  const { instance, usdPerHour: usdPerHourPerInstance } = found;
  const sizer = { prepared: unevaluated, sizing, known: known.plans };
  const common = { known: known.plans, id: configuration, demand, sizing, instance, usdPerHourPerInstance, priced };
  const whole = sizeInstance(sizer, found);
  const isChosen = isPassing(whole.row) && whole.row.chosen.id === configuration;
  // Another plan than the one that stands for its instance in the answer is sized as if it were the only one.
  const own = isChosen ? whole : sizeInstance(sizer, found, configuration);
  const group = isChosen && isPassing(own.row) ? own.row.chosen.group : own.groups[0];
  if (!group) throw new Error(`${configuration} has no plan`);
  const row =
    isPassing(own.row) && isPassing(whole.row) ? { ...own.row, others: othersOf(whole.row, configuration) } : own.row;
  return { ...common, prepared: own.prepared, group, row };
}

/** The other plans of the instance, beside the one looked at. */
function othersOf({ chosen, others }: SizedRow, id: string): SizedRow['others'] {
  return [chosen, ...others].filter((plan) => !('id' in plan) || plan.id !== id);
}
