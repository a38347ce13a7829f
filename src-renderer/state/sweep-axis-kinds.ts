import { LATENCY_METRICS } from '../../src-worker/protocol/requests.ts';
import type { NamedAxis } from '../../src-worker/protocol/sweep-axis-roles.ts';
import type { RangeChip } from '../components/range-chip.ts';
import { USERS_RULES, type AxisRules } from '../format/axis-text.ts';
import { latencyLabel, PRECISION_NAMES, precisionLabel, pricingLabel, type Precision } from '../format/names.ts';
import type { TargetMetric } from './form-reading.ts';

/* The axes a sweep may have: what each is called, what its values are, and what it begins with. */

/** Headings of the menu of axes, in its order. */
export type AxisGroup = 'Load' | 'Workload' | 'Model' | 'Hardware' | 'Place and price' | 'Targets';

/** As the planner calls a target that is an axis. */
type TargetAxisId = `sla_${TargetMetric}_ms`;

interface AxisWords {
  group: AxisGroup;
  /** Name of its row: as the field under Size is called. */
  label: string;
  /** What one value is called, where values are counted. */
  noun: string;
  /** One line of help. */
  definition: string;
}

/** Numbers: single values and ranges. */
interface NumbersKind extends AxisWords {
  control: 'numbers';
  rules: AxisRules;
  /** What it begins with, in the words of the command line. */
  start: string[];
  /** How a new range begins. */
  range: RangeChip;
  placeholder: string;
}

/** Some of a few values. */
interface ChoicesKind extends AxisWords {
  control: 'choices';
  options: { value: string; label: string; title?: string }[];
  start: string[];
}

/** Names that the host knows; `everyLabel` where all of them can be asked for at once. */
interface NamesKind extends AxisWords {
  control: 'names';
  placeholder: string;
  everyLabel: string | null;
  /** What `every` means. */
  everyHelp: string;
}

export type AxisKind = NumbersKind | ChoicesKind | NamesKind;

interface NumbersDraft extends AxisWords {
  /** `a number of users`. */
  value: string;
  unit: string;
  span: [min: number, max: number];
  isWhole?: boolean;
  scale?: number;
  /** A list and a range, for the sentence that says what would work. */
  examples: [list: string, range: string];
  start: string[];
  range: RangeChip;
}

const numbers = ({ value, unit, span: [min, max], isWhole = false, scale = 1, examples, ...rest }: NumbersDraft) =>
  ({
    ...rest,
    control: 'numbers',
    placeholder: examples[0],
    rules: {
      value,
      unit,
      min,
      max,
      isWhole,
      scale,
      help: `${rest.label} takes a list such as ${examples[0]}, or a range: ${examples[1]}.`,
    },
  }) satisfies NumbersKind;

const even = (from: number, to: number, by: number): RangeChip => ({ from, to, scale: 'linear', by });
const doubling = (from: number, to: number): RangeChip => ({ from, to, scale: 'doubling', by: 2 });

const tokens = (label: string, noun: string, value: string, start: string[]): NumbersKind =>
  numbers({
    group: 'Workload',
    label,
    noun,
    definition: 'Mean tokens of a request, in place of the workload’s; spreads scale with the mean.',
    value,
    unit: 'tokens',
    span: [1, 10_000_000],
    examples: ['500, 2k, 8k', '512..8192*2 doubles'],
    start,
    range: doubling(512, 8192),
  });

const percent = (label: string, noun: string, value: string, definition: string): NumbersKind =>
  numbers({
    group: 'Workload',
    label,
    noun,
    definition,
    value,
    unit: '%',
    span: [0, 100],
    scale: 0.01,
    examples: ['0, 50, 90', '0..90:30 counts up by 30'],
    start: ['0..90:30'],
    range: even(0, 90, 30),
  });

const names = (
  words: AxisWords & { placeholder: string },
  everyLabel: string | null = null,
  everyHelp = '',
): NamesKind => ({ ...words, control: 'names', everyLabel, everyHelp });

const KINDS = {
  users: {
    group: 'Load',
    label: 'Users',
    noun: 'load',
    definition: 'People who send the next request once the last is answered.',
    control: 'numbers',
    rules: USERS_RULES,
    start: ['10..100:10'],
    range: { from: 10, to: 1000, scale: 'log', by: 8 },
    placeholder: '10, 50, 1k',
  },
  rate: numbers({
    group: 'Load',
    label: 'Requests/s',
    noun: 'load',
    definition: 'Requests a second of the whole deployment, in place of users.',
    value: 'a number of requests a second',
    unit: 'requests/s',
    span: [1e-9, 1e9],
    examples: ['1, 5, 12.5', '1..10:1 counts up by 1'],
    start: ['1..10:1'],
    range: even(1, 10, 1),
  }),
  think_time: numbers({
    group: 'Load',
    label: 'Think time',
    noun: 'think time',
    definition: 'Pause of a user between an answer and the next request.',
    value: 'a number of seconds',
    unit: 's',
    span: [0, 1e6],
    examples: ['0, 10, 30', '0..60:20 counts up by 20'],
    start: ['0', '10', '30'],
    range: even(0, 60, 20),
  }),
  headroom: numbers({
    group: 'Load',
    label: 'Headroom',
    noun: 'headroom',
    definition: 'Room for bursts that is kept free.',
    value: 'a headroom',
    unit: '%',
    span: [0, 100],
    examples: ['10, 25, 50', '0..50:10 counts up by 10'],
    start: ['10', '25', '50'],
    range: even(0, 50, 10),
  }),
  workload: names({
    group: 'Workload',
    label: 'Workload',
    noun: 'workload',
    definition: 'Lengths, arrivals and targets of a preset.',
    placeholder: 'add a workload',
  }),
  input_tokens: tokens('Prompt', 'prompt length', 'a number of tokens', ['500', '2k', '8k']),
  output_tokens: tokens('Answer', 'answer length', 'a number of tokens', ['100', '300', '1k']),
  prefix_hit_rate: percent(
    'Hits',
    'hit rate',
    'a share of prompts',
    'Chance that a prompt finds its shared part cached.',
  ),
  cacheable_ratio: percent(
    'Shared part',
    'shared part',
    'a share of the prompt',
    'Share of a prompt that others begin with as well.',
  ),
  model: names({
    group: 'Model',
    label: 'Model',
    noun: 'model',
    definition: 'Models to compare.',
    placeholder: 'add a model',
  }),
  quantization: {
    group: 'Model',
    label: 'Weights',
    noun: 'precision',
    definition: 'Precision of the weights.',
    control: 'choices',
    options: (Object.keys(PRECISION_NAMES) as Precision[]).map((value) => ({
      value,
      label: precisionLabel(value),
      title: PRECISION_NAMES[value].definition,
    })),
    start: ['fp16', 'fp8'],
  },
  kv_cache_dtype: {
    group: 'Model',
    label: 'KV cache',
    noun: 'KV cache type',
    definition: 'Format of what is remembered of each token.',
    control: 'choices',
    options: [
      { value: 'auto', label: 'As the model', title: 'The format the model computes in' },
      { value: 'fp8', label: 'FP8', title: '8-bit floating point: room for about twice the tokens' },
    ],
    start: ['auto', 'fp8'],
  },
  calibration: names({
    group: 'Model',
    label: 'Profile',
    noun: 'profile',
    definition: 'Calibration profiles: what step times rest on.',
    placeholder: 'add a profile',
  }),
  gpu: names(
    {
      group: 'Hardware',
      label: 'GPUs',
      noun: 'GPU',
      definition: 'Each GPU by itself, on the instances that have it.',
      placeholder: 'add a GPU',
    },
    'All on sale',
    'Every GPU in scope that an instance on sale has.',
  ),
  instance: names(
    {
      group: 'Hardware',
      label: 'Instances',
      noun: 'instance',
      definition: 'Each instance by itself.',
      placeholder: 'add an instance',
    },
    'All on sale',
    'Every instance in scope that is on sale.',
  ),
  tp: numbers({
    group: 'Hardware',
    label: 'TP',
    noun: 'TP degree',
    definition: 'GPUs that a layer is split over.',
    value: 'a number of GPUs to split over',
    unit: '',
    span: [1, 1024],
    isWhole: true,
    examples: ['1, 2, 4', '1..8*2 doubles'],
    start: ['1..8*2'],
    range: doubling(1, 8),
  }),
  pp: numbers({
    group: 'Hardware',
    label: 'PP',
    noun: 'PP degree',
    definition: 'Pipeline stages of a replica, all on one instance.',
    value: 'a number of stages',
    unit: '',
    span: [1, 1024],
    isWhole: true,
    examples: ['1, 2', '1..4*2 doubles'],
    start: ['1', '2'],
    range: doubling(1, 4),
  }),
  max_gpus: numbers({
    group: 'Hardware',
    label: 'Most GPUs',
    noun: 'GPU limit',
    definition: 'Most GPUs of a whole deployment.',
    value: 'a number of GPUs',
    unit: '',
    span: [1, 1_000_000],
    isWhole: true,
    examples: ['8, 16, 64', '8..64*2 doubles'],
    start: ['8', '16', '32'],
    range: doubling(8, 64),
  }),
  provider: names(
    {
      group: 'Place and price',
      label: 'Clouds',
      noun: 'cloud',
      definition: 'Each cloud by itself.',
      placeholder: 'add a cloud',
    },
    'All',
    'Every cloud of the catalog.',
  ),
  region: names(
    {
      group: 'Place and price',
      label: 'Regions',
      noun: 'region',
      definition: 'Each region by itself, at its prices.',
      placeholder: 'add a region',
    },
    'All in scope',
    'Every region that sells something in scope.',
  ),
  zone: names(
    {
      group: 'Place and price',
      label: 'Zones',
      noun: 'zone',
      definition: 'Each zone by itself: what it sells, at its prices.',
      placeholder: 'add a zone',
    },
    'All in scope',
    'Every zone that sells something in scope.',
  ),
  pricing: {
    group: 'Place and price',
    label: 'Price',
    noun: 'kind of price',
    definition: 'On demand, or spot, which may be taken away.',
    control: 'choices',
    options: ['ondemand', 'spot'].map((value) => ({ value, label: pricingLabel(value) })),
    start: ['ondemand', 'spot'],
  },
  price_factor: numbers({
    group: 'Place and price',
    label: 'Price ×',
    noun: 'price factor',
    definition: 'What every price is multiplied by, for prices ± so much: 0.8 is a discount of 20 %.',
    value: 'a factor',
    unit: '',
    span: [0.01, 100],
    examples: ['0.8, 1, 1.2', '0.8..1.2:0.1 counts up by 0.1'],
    start: ['0.8', '1', '1.2'],
    range: even(0.8, 1.2, 0.1),
  }),
} satisfies Record<NamedAxis, AxisKind>;

export type AxisId = NamedAxis | TargetAxisId;

/** Targets that a person may begin with: about what chats and batches are held to. */
const TARGET_STARTS: Record<string, { start: string[]; range: RangeChip }> = {
  ttft: { start: ['200', '500', '1000'], range: even(200, 1000, 200) },
  tpot: { start: ['20', '50', '100'], range: even(20, 100, 20) },
  e2e: { start: ['2000', '5000', '10000'], range: even(2000, 10_000, 2000) },
};

function targetKind(metric: TargetMetric): NumbersKind {
  const label = `${latencyLabel(metric)} target`;
  const { start, range } = TARGET_STARTS[metric.split('_')[0] ?? ''] ?? { start: ['500'], range: even(100, 500, 100) };
  return numbers({
    group: 'Targets',
    label,
    noun: label,
    definition: `Most milliseconds of ${latencyLabel(metric)}, in place of the workload’s target.`,
    value: 'a number of milliseconds',
    unit: 'ms',
    span: [1e-6, 1e9],
    examples: [start.join(', '), `${range.from}..${range.to}:${range.by} counts up by ${range.by}`],
    start,
    range,
  });
}

export const targetAxis = (metric: TargetMetric): TargetAxisId => `sla_${metric}_ms`;

/** Axes of targets by the metric they are of. */
const TARGETS = new Map<string, TargetMetric>(LATENCY_METRICS.map((metric) => [targetAxis(metric), metric]));
/** The metric of a target that is an axis; null for any other axis. */
export const targetOf = (id: AxisId): TargetMetric | null => TARGETS.get(id) ?? null;

/** Every axis, in the order of the menu. */
export const AXIS_KINDS: ReadonlyMap<AxisId, AxisKind> = new Map<AxisId, AxisKind>([
  ...(Object.entries(KINDS) as [NamedAxis, AxisKind][]),
  ...LATENCY_METRICS.map((metric): [AxisId, AxisKind] => [targetAxis(metric), targetKind(metric)]),
]);
export const AXIS_IDS: readonly AxisId[] = [...AXIS_KINDS.keys()];
export const isAxisId = (id: string): id is AxisId => AXIS_KINDS.has(id as AxisId);

export function kindOf(id: AxisId): AxisKind {
  const kind = AXIS_KINDS.get(id);
  if (!kind) throw new RangeError(`no axis ${id}`);
  return kind;
}

/** Axes over names, for which the host has lists. */
export type NamesAxisId = {
  [Id in keyof typeof KINDS]: (typeof KINDS)[Id]['control'] extends 'names' ? Id : never;
}[keyof typeof KINDS];
