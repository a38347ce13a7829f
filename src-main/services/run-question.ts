import type { NumberAxis } from '../../src-worker/engine/sweep/axis.ts';
import { EVERY } from '../../src-worker/engine/sweep/axis-text.ts';
import { precisionLabel } from '../../src-worker/protocol/precision-labels.ts';
import { valueWords } from '../../src-worker/protocol/run-analysis-words.ts';
import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import {
  sizeInputSchema,
  sweepSpecSchema,
  type SizeInput,
  type SweepSpec,
} from '../../src-worker/protocol/requests.ts';
import type { NamedAxis } from '../../src-worker/protocol/sweep-axis-roles.ts';
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

const sizeWords = (input: Pick<SizeInput, 'workload' | 'users' | 'rate' | 'instance'>): string =>
  [input.workload, ...loadWords(input), ...onlyWords(input)].join(', ');

const onlyWords = ({ instance }: Pick<SizeInput, 'instance'>): string[] =>
  instance.length > 0 ? [`only ${valuesWords(instance, 'instance')}`] : [];

function loadWords({ users, rate }: Pick<SizeInput, 'users' | 'rate'>): string[] {
  if (users !== undefined) return [plural(users, 'user')];
  return rate === undefined ? [] : [`${rate.toLocaleString('en-US', { maximumSignificantDigits: 6 })} requests/s`];
}

/** Axes by what one of their values is called; the others are told by their values. */
const COUNTED = {
  model: 'model',
  workload: 'workload',
  calibration: 'profile',
  provider: 'provider',
  instance: 'instance',
  kv_cache_dtype: 'KV dtype',
  pricing: 'price',
  region: 'region',
} as const satisfies Partial<Record<NamedAxis, string>>;
/** Those that stand in the middle of the words. */
type OwnWords = 'users' | 'quantization' | 'gpu' | 'tp' | 'zone';
const RANGED: Record<Exclude<NamedAxis, OwnWords | keyof typeof COUNTED>, string> = {
  input_tokens: 'prompt',
  output_tokens: 'answer',
  prefix_hit_rate: 'hit rate',
  cacheable_ratio: 'cacheable ratio',
  rate: 'requests/s',
  think_time: 'think time',
  headroom: 'headroom',
  max_gpus: 'GPU limit',
  price_factor: 'price factor',
  pp: 'PP',
};

function sweepWords({ base, axes, shard }: SweepSpec): string {
  const { users, quantization, gpu, tp, zone, sla } = axes;
  const counted = Object.entries(COUNTED).flatMap(([axis, one]) => {
    const values = axes[axis as NamedAxis];
    if (axis === 'pricing' && Array.isArray(values))
      return [values.map((value) => valueWords(axis, String(value))).join(' and ')];
    return Array.isArray(values) ? [valuesWords(values.map(String), one)] : [];
  });
  const ranged = Object.entries(RANGED).flatMap(([axis, name]) => {
    const values = axes[axis as NamedAxis];
    // Of these axes alone: lists and ranges of numbers.
    return values === undefined ? [] : [`${name} ${numbersWords(values as NumberAxis)}`];
  });
  const targets = Object.keys(sla ?? {}).map((metric) => `${metric.replace('_', ' ').toUpperCase()} targets`);
  const words = [
    ...counted,
    ...targets,
    ...(users ? [`users ${numbersWords(users)}`] : []),
    ...(quantization ? [valuesWords(quantization.map(precisionLabel), 'precision')] : []),
    ...(gpu ? [valuesWords(gpu, 'GPU')] : []),
    ...(tp ? [`TP ${tp.length > MOST_NAMED ? rangeWords(tp) : tp.join(', ')}`] : []),
    ...(zone ? [valuesWords(zone, 'zone')] : []),
    ...ranged,
  ];
  const question = words.length > 0 ? words.join(', ') : sizeWords(base);
  return shard ? `${question}, shard ${shard.index} of ${shard.of}` : question;
}

const valuesWords = (values: string[], one: string): string =>
  values.includes(EVERY) ? `every ${one}` : values.length === 1 ? String(values[0]) : plural(values.length, one);

function numbersWords(axis: NumberAxis): string {
  if (!Array.isArray(axis)) return `${numberWords(axis.from)} to ${numberWords(axis.to)}`;
  return axis.length > MOST_NAMED ? rangeWords(axis) : axis.map(numberWords).join(', ');
}

function rangeWords(values: number[]): string {
  let [least = 0] = values;
  let most = least;
  // A list may have more values than a call may have arguments.
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return `${numberWords(least)} to ${numberWords(most)}`;
}

const numberWords = (value: number): string =>
  Number.isInteger(value) ? formatFixed(value) : value.toLocaleString('en-US', { maximumSignificantDigits: 6 });
