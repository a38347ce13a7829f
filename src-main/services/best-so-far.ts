import { cell, type ColumnBatch } from '../../src-worker/protocol/columns.ts';

/** Follows a sweep's batches and keeps the passing row with the lowest cost per request, in words. */
export function bestSoFar(): { add(batch: ColumnBatch): void; words(): string | null } {
  let lowest = Number.POSITIVE_INFINITY;
  let words: string | null = null;
  return {
    add(batch) {
      const costs = batch.numbers['cost_usd_per_request'];
      const passes = batch.numbers['meets_sla'];
      for (let row = 0; row < batch.rows; row += 1) {
        const cost = costs?.[row] ?? Number.NaN;
        // No price is NaN, which is never lower.
        if (passes?.[row] !== 1 || !(cost < lowest)) continue;
        lowest = cost;
        words = describe(batch, row);
      }
    },
    words: () => words,
  };
}

const SIGNIFICANT = 3;

function describe(batch: ColumnBatch, row: number): string {
  const read = (column: string) => cell(batch, column, row);
  const cost = read('cost_usd_per_request');
  const price = typeof cost === 'number' ? `$${Number(cost.toPrecision(SIGNIFICANT))} a request` : 'price unknown';
  const users = read('users');
  const load = users === null ? '' : ` for ${users} users`;
  const place = read('zone') ?? read('region');
  return `${price}: ${read('instances')} × ${read('provider')} ${read('instance')} in ${place}, ${read('quantization')}${load}`;
}
