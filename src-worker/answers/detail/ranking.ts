import type { ExcludedRow, SizedRow } from '../../engine/sizing/types.ts';
import { isPassing, sizeInstance, type FoundPlan } from './find-plan.ts';

/** What stands around one configuration in the answer to its question. */
export interface Surroundings {
  /** Place in the answer, from 1; for an excluded plan the place after what is cheaper. */
  rank: number;
  /** Passing rows that come first, cheapest first. */
  before: SizedRow[];
  /** The cheapest row that comes after. */
  next: SizedRow | null;
  /** Cheaper instances that do not pass. */
  excluded: { row: ExcludedRow; usdPerHour: number }[];
}

interface Cost {
  usdPerHour: number;
  id: string;
}

const isBefore = (a: Cost, b: Cost): boolean =>
  a.usdPerHour < b.usdPerHour || (a.usdPerHour === b.usdPerHour && a.id < b.id);
const costOf = ({ chosen }: SizedRow): Cost => ({ usdPerHour: chosen.cost.usdPerHour, id: chosen.id });

/** Hourly cost of the plan looked at; of one instance where it does not pass. */
export const hourlyCost = ({ row, usdPerHourPerInstance }: FoundPlan): number =>
  isPassing(row) ? row.chosen.cost.usdPerHour : usdPerHourPerInstance;

/**
 * Looks at the instances by their price, cheapest first, and stops where one instance alone costs more than what is
 * already known to come next: no dearer one can come before it. At one load $/request ranks as $/hour does.
 */
export function surroundingsOf(plan: FoundPlan): Surroundings {
  const own: Cost = { usdPerHour: hourlyCost(plan), id: plan.id };
  const before: SizedRow[] = [];
  const excluded: Surroundings['excluded'] = [];
  let next: SizedRow | null = null;
  const isOwn = ({ instance }: { instance: FoundPlan['instance'] }): boolean => instance === plan.instance;
  const others = plan.priced.filter((entry) => !isOwn(entry)).sort((a, b) => a.usdPerHour - b.usdPerHour);
  for (const entry of others) {
    if (entry.usdPerHour > own.usdPerHour && (next === null || entry.usdPerHour > costOf(next).usdPerHour)) {
      // With cheaper ones before it nobody asks what comes next.
      if (next !== null || before.length > 0) break;
    }
    const { row } = sizeInstance(plan, entry);
    if (!isPassing(row)) {
      if (entry.usdPerHour < own.usdPerHour) excluded.push({ row, usdPerHour: entry.usdPerHour });
    } else if (isBefore(costOf(row), own)) before.push(row);
    else if (next === null || isBefore(costOf(row), costOf(next))) next = row;
  }
  before.sort((a, b) => (isBefore(costOf(a), costOf(b)) ? -1 : 1));
  return { rank: before.length + 1, before, next, excluded };
}
