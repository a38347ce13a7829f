import { gpusUsed } from '../../engine/sizing/plan-order.ts';
import type { ExcludedRow, SizedRow } from '../../engine/sizing/types.ts';
import { isPassing, sizeInstance, type FoundPlan, type PricedInstance } from './find-plan.ts';

/** What stands around one configuration in the answer to its question. */
export interface Surroundings {
  /** Place in the answer, from 1; for an excluded plan the place after what is cheaper. */
  rank: number;
  /** Passing rows that come first, cheapest first. */
  before: SizedRow[];
  /** The cheapest row that comes after. */
  next: SizedRow | null;
  /** Cheaper instances that do not pass. */
  excluded: { row: ExcludedRow; expense: Expense }[];
}

/** What a configuration takes: dollars, or GPUs where hardware of one's own has no price. */
export interface Expense {
  usdPerHour: number | null;
  gpus: number;
}

/** Less first; what has no price comes after what has one. */
export function compareExpenses(a: Expense, b: Expense): number {
  if (a.usdPerHour !== null && b.usdPerHour !== null) return a.usdPerHour - b.usdPerHour;
  return Number(a.usdPerHour === null) - Number(b.usdPerHour === null) || a.gpus - b.gpus;
}

type Placed = Expense & { id: string };

const isBefore = (a: Placed, b: Placed): boolean => {
  const difference = compareExpenses(a, b);
  return difference < 0 || (difference === 0 && a.id < b.id);
};

const expenseOf = ({ chosen }: SizedRow): Placed => ({
  usdPerHour: chosen.cost?.usdPerHour ?? null,
  gpus: gpusUsed(chosen),
  id: chosen.id,
});

/** One instance by itself: the least that any plan of it takes. */
const ofOne = ({ usdPerHour, instance }: PricedInstance): Expense => ({ usdPerHour, gpus: instance.gpuCount });

/** What the plan looked at takes; one instance of it where it does not pass. */
const ownExpense = ({ row, usdPerHourPerInstance, instance }: FoundPlan): Expense =>
  isPassing(row) ? expenseOf(row) : { usdPerHour: usdPerHourPerInstance, gpus: instance.gpuCount };

/**
 * Looks at the instances by their price (by their GPUs where they have none), the least first, and stops where one instance
 * alone takes more than what is already known to come next: none after it can come before that. At one load $/request ranks
 * as $/hour does.
 */
export function surroundingsOf(plan: FoundPlan): Surroundings {
  const own: Placed = { ...ownExpense(plan), id: plan.id };
  const before: SizedRow[] = [];
  const excluded: Surroundings['excluded'] = [];
  let next: SizedRow | null = null;
  const isOwn = ({ instance }: { instance: FoundPlan['instance'] }): boolean => instance === plan.instance;
  const others = plan.priced.filter((entry) => !isOwn(entry)).sort((a, b) => compareExpenses(ofOne(a), ofOne(b)));
  for (const entry of others) {
    const least = ofOne(entry);
    if (compareExpenses(least, own) > 0 && (next === null || compareExpenses(least, expenseOf(next)) > 0)) {
      // With cheaper ones before it nobody asks what comes next.
      if (next !== null || before.length > 0) break;
    }
    const { row } = sizeInstance(plan, entry);
    if (!isPassing(row)) {
      if (compareExpenses(least, own) < 0) excluded.push({ row, expense: least });
    } else if (isBefore(expenseOf(row), own)) before.push(row);
    else if (next === null || isBefore(expenseOf(row), expenseOf(next))) next = row;
  }
  before.sort((a, b) => (isBefore(expenseOf(a), expenseOf(b)) ? -1 : 1));
  return { rank: before.length + 1, before, next, excluded };
}
