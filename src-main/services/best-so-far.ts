import { formatUsd, plural } from '../../src-worker/protocol/numbers.ts';
import { cell, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { RunAnswer } from '../store/store.ts';
import { answerWords } from './run-question.ts';

export interface BestSoFar {
  add(batch: ColumnBatch): void;
  /** With price, place and load. */
  words(): string | null;
  /** What the list of runs says of a sweep of so many points. */
  answer(points: number): RunAnswer;
}

/** Follows a sweep's batches and keeps the passing row with the lowest cost per request. */
export function bestSoFar(): BestSoFar {
  let lowest = Number.POSITIVE_INFINITY;
  let words: string | null = null;
  let answer: RunAnswer = { answer: null, usdPerHour: null };
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
        answer = answerOf(batch, row);
      }
    },
    words: () => words,
    // Points have loads of their own: one's cost is not that of the sweep.
    answer: (points) => (points === 1 ? answer : { ...answer, usdPerHour: null }),
  };
}

function answerOf(batch: ColumnBatch, row: number): RunAnswer {
  const usdPerHour = cell(batch, 'cost_usd_per_hour', row);
  const instances = Number(cell(batch, 'instances', row));
  return {
    answer: answerWords(instances, String(cell(batch, 'instance', row))),
    usdPerHour: typeof usdPerHour === 'number' ? usdPerHour : null,
  };
}

function describe(batch: ColumnBatch, row: number): string {
  const read = (column: string) => cell(batch, column, row);
  const cost = read('cost_usd_per_1m_output_tokens');
  const price = typeof cost === 'number' ? `${formatUsd(cost)} per 1M output tokens` : 'price unknown';
  const users = read('users');
  const load = typeof users === 'number' ? ` for ${plural(users, 'user')}` : '';
  const place = read('zone') ?? read('region');
  return `${price}: ${read('instances')} × ${read('provider')} ${read('instance')} in ${place}, ${String(read('quantization')).toUpperCase()}${load}`;
}
