import { EVERY } from '../../src-worker/engine/sweep/axis-text.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import {
  sizeInputSchema,
  sweepSpecSchema,
  type SizeInput,
  type SweepSpec,
} from '../../src-worker/protocol/requests.ts';
import type { StoredRun } from '../store/store.ts';

/** Values of an axis that are written out. */
const MOST_NAMED = 3;

/** A configuration in words: `1 × g6e.xlarge`. */
export const answerWords = (instances: number, instance: string): string => `${formatFixed(instances)} × ${instance}`;

/** The question of a run in a few words: `chat, 100 users`; for a sweep its axes, `users 10 to 1,000, 3 precisions`. */
export function runQuestion({ kind, input }: Pick<StoredRun, 'kind' | 'input'>): string {
  if (kind === 'size') {
    const read = sizeInputSchema.safeParse(input);
    return read.success ? sizeWords(read.data) : '';
  }
  const read = sweepSpecSchema.safeParse(input);
  return read.success ? sweepWords(read.data) : '';
}

const sizeWords = (input: Pick<SizeInput, 'workload' | 'users' | 'rate'>): string =>
  [input.workload, ...loadWords(input)].join(', ');

function loadWords({ users, rate }: Pick<SizeInput, 'users' | 'rate'>): string[] {
  if (users !== undefined) return [plural(users, 'user')];
  return rate === undefined ? [] : [`${rate.toLocaleString('en-US', { maximumSignificantDigits: 6 })} requests/s`];
}

function sweepWords({ base, axes, shard }: SweepSpec): string {
  const { users, quantization, gpu, tp, zone } = axes;
  const words = [
    ...(users ? [`users ${usersWords(users)}`] : []),
    ...(quantization ? [valuesWords(quantization, 'precision')] : []),
    ...(gpu ? [valuesWords(gpu, 'GPU')] : []),
    ...(tp ? [`TP ${tp.length > MOST_NAMED ? rangeWords(tp) : tp.join(', ')}`] : []),
    ...(zone ? [valuesWords(zone, 'zone')] : []),
  ];
  const question = words.length > 0 ? words.join(', ') : sizeWords(base);
  return shard ? `${question}, shard ${shard.index} of ${shard.of}` : question;
}

const valuesWords = (values: string[], one: string): string =>
  values.includes(EVERY) ? `every ${one}` : values.length === 1 ? String(values[0]) : plural(values.length, one);

function usersWords(axis: NonNullable<SweepSpec['axes']['users']>): string {
  if (!Array.isArray(axis)) return `${formatFixed(axis.from)} to ${formatFixed(axis.to)}`;
  return axis.length > MOST_NAMED ? rangeWords(axis) : axis.map((value) => formatFixed(value)).join(', ');
}

function rangeWords(values: number[]): string {
  let [least = 0] = values;
  let most = least;
  // A list may have more values than a call may have arguments.
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return `${formatFixed(least)} to ${formatFixed(most)}`;
}
