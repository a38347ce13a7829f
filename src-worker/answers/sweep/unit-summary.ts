import { numbersOf, pickedRows, type ColumnBatch } from '../../protocol/columns.ts';
import { sweepColumns } from '../../protocol/sweep-columns.ts';
import type { UnitSummary } from '../../protocol/worker-api.ts';
import { joinBatches } from '../column-builder.ts';
import { gpusOf, pointsIn } from './points.ts';

/**
 * What is told of a batch while the sweep runs, so that nobody else has to read its rows: counts, its cheapest row, and the best row
 * of every `every`-th point.
 */
export function summaryOf(batch: ColumnBatch, axes: readonly string[], every: number): UnitSummary {
  const isCheaper = cheaperOf(batch);
  const excluded: Record<string, number> = {};
  const live: number[] = [];
  let best: number | null = null;
  for (const { pointId, best: row, reason } of pointsIn(batch)) {
    if (row === null) {
      if (reason !== null) excluded[reason] = (excluded[reason] ?? 0) + 1;
      continue;
    }
    if (pointId % every === 0) live.push(row);
    if (best === null || isCheaper(row, best)) best = row;
  }
  const rowsOf = (rows: number[]) => joinBatches([pickedRows(batch, rows)], sweepColumns(axes));
  return { passing: countPassing(batch), excluded, best: rowsOf(best === null ? [] : [best]), live: rowsOf(live) };
}

/** By $/request; without a price, by GPUs, and after all that have one. The first of equals stays. */
function cheaperOf(batch: ColumnBatch): (one: number, other: number) => boolean {
  const costAt = numbersOf(batch, 'cost_usd_per_request');
  const gpusAt = gpusOf(batch);
  return (one, other) => {
    const [cost, otherCost] = [costAt(one), costAt(other)];
    if (Number.isNaN(cost)) return Number.isNaN(otherCost) && gpusAt(one) < gpusAt(other);
    return Number.isNaN(otherCost) || cost < otherCost;
  };
}

function countPassing(batch: ColumnBatch): number {
  const passesAt = numbersOf(batch, 'meets_sla');
  let passing = 0;
  for (let row = 0; row < batch.rows; row += 1) if (passesAt(row) === 1) passing += 1;
  return passing;
}
