import { formatUsd, plural } from '../../src-worker/protocol/numbers.ts';
import { cell, numbersOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { RunAnswer } from '../store/store.ts';
import { gpusOf, pointsIn } from '../../src-worker/answers/sweep/points.ts';
import { answerWords } from './run-question.ts';

export interface BestSoFar {
  add(batch: ColumnBatch): void;
  /** With price, place and load. */
  words(): string | null;
  /** What the list of runs says of a sweep of so many points. */
  answer(points: number): RunAnswer;
}

/** Follows a sweep's batches and keeps the passing row with the lowest cost per request; without prices the one with the fewest GPUs. */
export function bestSoFar(): BestSoFar {
  let lowest: { usd: number; gpus: number } | null = null;
  let words: string | null = null;
  let answer: RunAnswer = { answer: null, usdPerHour: null };
  return {
    add(batch) {
      const costAt = numbersOf(batch, 'cost_usd_per_request');
      const gpusAt = gpusOf(batch);
      for (const { best: row } of pointsIn(batch)) {
        if (row === null) continue;
        const cost = costAt(row);
        const place = Number.isNaN(cost)
          ? { usd: Number.POSITIVE_INFINITY, gpus: gpusAt(row) }
          : { usd: cost, gpus: 0 };
        if (lowest && (place.usd > lowest.usd || (place.usd === lowest.usd && place.gpus >= lowest.gpus))) continue;
        lowest = place;
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
  const price = typeof cost === 'number' ? `${formatUsd(cost)} per 1M output tokens` : 'no price';
  const users = read('users');
  const load = typeof users === 'number' ? ` for ${plural(users, 'user')}` : '';
  const place = read('zone') ?? read('region');
  return `${price}: ${read('instances')} × ${read('provider')} ${read('instance')} in ${place}, ${String(read('quantization')).toUpperCase()}${load}`;
}
