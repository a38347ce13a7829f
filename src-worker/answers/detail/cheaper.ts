import { gpusUsed } from '../../engine/sizing/plan-order.ts';
import type { ExcludedRow, SizedPlan, SizedRow } from '../../engine/sizing/types.ts';
import { MS_PER_S } from '../../engine/units.ts';
import type { CheaperCandidate } from '../../protocol/documents.ts';
import { formatFixed, formatPercent, formatSignificant, formatUsd, plural } from '../../protocol/numbers.ts';
import { precisionLabel } from '../../protocol/precision-labels.ts';
import { rounded } from '../common.ts';
import { isPassing, type FoundPlan } from './find-plan.ts';
import { compareExpenses, type Expense, type Surroundings } from './ranking.ts';

const MOST_CANDIDATES = 5;
const MOST_BEFORE = 3;

/** With what it takes, to be ordered by. */
interface Candidate {
  shown: CheaperCandidate;
  expense: Expense;
}

const candidate = (name: string, expense: Expense, why: string): Candidate => ({
  shown: { name, usd_per_hour: expense.usdPerHour === null ? null : rounded(expense.usdPerHour), why },
  expense,
});

const expenseOf = (plan: SizedPlan): Expense => ({ usdPerHour: plan.cost?.usdPerHour ?? null, gpus: gpusUsed(plan) });

const nameOf = (instances: number, instance: string, precision: string | null): string =>
  `${formatFixed(instances)} × ${instance}${precision === null ? '' : ` in ${precisionLabel(precision)}`}`;

/** What passes and costs less: it comes first in the answer. */
function beforeCandidate({ chosen }: SizedRow, rank: number): Candidate {
  const { instances, instance, group } = chosen;
  const name = nameOf(instances, instance.name, group.precision);
  return candidate(name, expenseOf(chosen), `Meets every target too: rank ${rank} of the answer.`);
}

/** The same with one instance fewer, and the share of its capacity that each replica would then have to carry. */
function oneFewer(plan: FoundPlan): Candidate | null {
  if (!isPassing(plan.row)) return null;
  const { chosen } = plan.row;
  if (chosen.instances < 2) return null;
  const instances = chosen.instances - 1;
  const replicas = instances * chosen.replicasPerInstance;
  const each = plan.sizing.rateReqPerS / replicas;
  const share = each / MS_PER_S / chosen.load.ratePerMsAtCapacity;
  const limit = plan.sizing.headroom.utilizationTarget;
  const room =
    share > 1
      ? `beyond the ${formatSignificant(chosen.load.ratePerMsAtCapacity * MS_PER_S)} at which the targets break`
      : `${formatPercent(share)} of its capacity, over the ${formatPercent(limit)} that headroom allows`;
  const who = replicas === 1 ? 'The one replica' : `Each of ${plural(replicas, 'replica')}`;
  return candidate(
    nameOf(instances, chosen.instance.name, chosen.group.precision),
    {
      usdPerHour: chosen.cost && chosen.cost.usdPerHourPerInstance * instances,
      gpus: instances * chosen.instance.gpuCount,
    },
    `${who} would carry ${formatSignificant(each)} requests/s: ${room}.`,
  );
}

function needsMore({ chosen }: SizedRow): Candidate {
  const { instances, instance, group, cost, replicas, load } = chosen;
  const capacity = formatSignificant(load.ratePerMsAtCapacity * MS_PER_S);
  const [order, price] = cost
    ? ['Next in price', ` at ${formatUsd(cost.usdPerHourPerInstance)}`]
    : ['Next by GPUs', ''];
  return candidate(
    nameOf(instances, instance.name, group.precision),
    expenseOf(chosen),
    `${order}: a replica carries at most ${capacity} requests/s, so it takes ${plural(replicas, 'replica')} on ${plural(instances, 'instance')}${price}.`,
  );
}

/** Excluded instances by how near they came: a missed target by its ratio, then what is missing for good. */
function nearness({ refusal }: ExcludedRow): number {
  const { margin, reason } = refusal;
  if (!margin || margin.limit <= 0 || margin.value <= 0) return 1000;
  const ratio = Math.abs(Math.log(margin.value / margin.limit));
  return reason === 'sla_missed' ? ratio : reason === 'memory' ? 10 + ratio : 100 + ratio;
}

const excludedCandidate = ({ row, expense }: Surroundings['excluded'][number]): Candidate =>
  candidate(nameOf(1, row.instance.name, row.group?.precision ?? null), expense, row.refusal.detail);

/** Other plans of the same instance that cost more than the one looked at although they may run on fewer instances. */
function otherPlans({ row }: FoundPlan): Candidate[] {
  if (!isPassing(row)) return [];
  const { chosen, others } = row;
  return others.flatMap((other) => {
    if ('refusal' in other || other.instances <= chosen.instances) return [];
    const { group, instances, load } = other;
    const capacity = formatSignificant(load.ratePerMsAtCapacity * MS_PER_S);
    const tp = group.tensorParallel === chosen.group.tensorParallel ? '' : ` with TP ${group.tensorParallel}`;
    return [
      candidate(
        `${nameOf(instances, other.instance.name, group.precision)}${tp}`,
        expenseOf(other),
        `A replica carries at most ${capacity} requests/s in this way: ${plural(instances, 'instance')} in place of ${formatFixed(chosen.instances)}.`,
      ),
    ];
  });
}

/**
 * What would cost less an hour (take fewer GPUs, where there is no price), and why it is not the answer; for the cheapest
 * configuration also what comes next. At most five, the least first.
 */
export function cheaperCandidates(plan: FoundPlan, around: Surroundings): CheaperCandidate[] {
  const before = around.before.slice(0, MOST_BEFORE).map((row, i) => beforeCandidate(row, i + 1));
  const isCheapest = isPassing(plan.row) && around.before.length === 0;
  const fewer = oneFewer(plan);
  const above = isCheapest && around.next ? [needsMore(around.next)] : [];
  const must = [...before, ...(fewer ? [fewer] : []), ...above];
  const nearest = [...around.excluded]
    .sort((a, b) => nearness(a.row) - nearness(b.row) || compareExpenses(a.expense, b.expense))
    .map(excludedCandidate);
  const others = isCheapest ? otherPlans(plan).slice(0, 1) : [];
  return [...must, ...others, ...nearest]
    .slice(0, MOST_CANDIDATES)
    .sort((a, b) => compareExpenses(a.expense, b.expense) || (a.shown.name < b.shown.name ? -1 : 1))
    .map(({ shown }) => shown);
}
