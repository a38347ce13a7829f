import type { Facts } from '../../src-worker/engine/facts.ts';
import { instanceId } from '../../src-worker/engine/hardware/resolve.ts';
import { seededRandom, type RandomSource } from '../../src-worker/engine/numerics/random.ts';
import { sweepSpecSchema, type SweepSpec, type SweepSpecDraft } from '../../src-worker/protocol/requests.ts';

/* Sweeps drawn for laws: small in points, wide in kind. */

type Axes = SweepSpecDraft['axes'];
type Base = SweepSpecDraft['base'];

/** Every axis; a target stands for each of its metrics. */
export const DRAWN_AXES = [
  'sla',
  'model',
  'workload',
  'input_tokens',
  'output_tokens',
  'prefix_hit_rate',
  'cacheable_ratio',
  'calibration',
  'provider',
  'kv_cache_dtype',
  'quantization',
  'gpu',
  'instance',
  'pp',
  'tp',
  'users',
  'rate',
  'think_time',
  'headroom',
  'max_gpus',
  'pricing',
  'price_factor',
  'region',
  'zone',
] as const;
export type DrawnAxis = (typeof DRAWN_AXES)[number];

/** Grouped-query and multi-head attention, a mixture of experts, latent attention, one that fits anywhere. */
export const DRAWN_MODELS = [
  'meta-llama/Llama-3.1-8B-Instruct',
  'meta-llama/Llama-2-13b-hf',
  'Qwen/Qwen3-30B-A3B',
  'deepseek-ai/DeepSeek-V2-Lite',
  'Qwen/Qwen2.5-0.5B',
];

/** Providers with few instances, and one with instances no longer sold. */
const PROVIDERS = ['lambda', 'coreweave', 'nebius', 'gcp', 'azure'];

export interface DrawnSweep {
  name: string;
  spec: SweepSpec;
}

/** Sweeps over random axes, `isOver` among them; the same for the same seed. */
export function drawnSweep(seed: number, isOver: DrawnAxis, facts: Facts): DrawnSweep {
  const random = seededRandom(seed);
  const pick = <Value>(values: readonly Value[]): Value =>
    values[Math.floor(random() * values.length)] ?? raise('nothing to draw from');
  const isOwn = !['provider', 'pricing', 'region', 'zone'].includes(isOver) && random() < 0.3;
  const drawn = isOver === 'zone' ? PROVIDERS.filter((id) => hasZones(id, facts)) : PROVIDERS;
  const provider = isOwn ? [] : isOver === 'provider' ? PROVIDERS : [pick(drawn)];
  const isIncludingRetired = random() < 0.5;
  const there = facts.instances.filter((instance) => provider.includes(instance.provider));
  const sold = there.filter(({ status }) => status !== 'retired');
  const own = ownMachines(random);
  const gpus = isOwn ? own.map(({ gpu }) => gpu) : sold.map(({ gpuId }) => gpuId);
  const [regions, zones] = [
    sold.flatMap(({ offers }) => offers.map(({ region }) => region)),
    sold.flatMap(({ offers }) => offers.flatMap((offer) => offer.zones)),
  ];

  const values: Record<DrawnAxis, () => unknown> = {
    sla: () => ({ [pick(['ttft_p95', 'e2e_mean'])]: twoOf(random, [2, 900, 40_000]), tpot_p50: [30, 61.5] }),
    model: () => twoOf(random, DRAWN_MODELS),
    workload: () => twoOf(random, ['chat', 'rag', 'code']),
    input_tokens: () => twoOf(random, [64, 700.5, 6000]),
    output_tokens: () => twoOf(random, [1, 90, 800]),
    prefix_hit_rate: () => twoOf(random, [0, 0.35, 1]),
    cacheable_ratio: () => twoOf(random, [0, 0.5, 0.9]),
    calibration: () => ['default', 'seed'],
    provider: () => twoOf(random, PROVIDERS),
    kv_cache_dtype: () => ['auto', 'fp8'],
    quantization: () => twoOf(random, ['fp16', 'fp8', 'int4', 'checkpoint', 'nvfp4']),
    gpu: () => twoOf(random, gpus),
    instance: () => twoOf(random, isOwn ? own.map(({ name }) => `own/${name}`) : there.map(instanceId)),
    pp: () => [1, 2],
    tp: () => twoOf(random, [1, 2, 3, 8]),
    users: () => twoOf(random, [1, 37, 400, 25_000]),
    rate: () => twoOf(random, [0.2, 3.75, 90]),
    think_time: () => twoOf(random, [0, 2.5, 40]),
    headroom: () => twoOf(random, [0, 12.5, 60]),
    max_gpus: () => twoOf(random, [1, 4, 200]),
    pricing: () => ['ondemand', 'spot'],
    price_factor: () => [0.83, 1, 1.25],
    region: () => twoOf(random, regions),
    zone: () => twoOf(random, zones),
  };
  const clashes: Partial<Record<DrawnAxis, DrawnAxis[]>> = {
    rate: ['users', 'think_time'],
    users: ['rate'],
    think_time: ['rate'],
    zone: ['region', 'provider'],
    region: ['zone', 'provider'],
    // A place belongs to a provider, and a question about another one refuses it.
    provider: ['zone', 'region', 'gpu', 'instance'],
    gpu: ['provider', 'instance'],
    // An instance that the other axis leaves out is refused.
    instance: ['provider', 'gpu'],
  };
  const axes: Axes = {};
  const given = new Set<DrawnAxis>();
  const add = (axis: DrawnAxis): void => {
    if (given.has(axis) || (clashes[axis] ?? []).some((other) => given.has(other))) return;
    if (isOwn && ['provider', 'pricing', 'region', 'zone'].includes(axis)) return;
    if (axis === 'zone' && zones.length === 0) return;
    given.add(axis);
    Object.assign(axes, { [axis]: values[axis]() });
  };
  add(isOver);
  for (let more = 0; more < 3; more += 1) add(pick(DRAWN_AXES));
  if (!given.has('rate')) add('users');

  const base: Base = { include_retired: isIncludingRetired, provider: given.has('provider') ? [] : provider };
  const set = (key: DrawnAxis & keyof Base, value: () => unknown, chance: number): void => {
    if (!given.has(key) && random() < chance) Object.assign(base, { [key]: value() });
  };
  set('model', () => pick(DRAWN_MODELS), 1);
  set('headroom', () => pick([0, 40]), 0.3);
  set('quantization', () => pick([['fp16'], ['fp8', 'int4']]), 0.5);
  set('max_gpus', () => 64, 0.2);
  set('kv_cache_dtype', () => 'fp8', 0.2);
  if (!given.has('gpu'))
    set('instance', () => twoOf(random, isOwn ? own.map(({ name }) => name) : there.map(instanceId)), 0.1);
  if (!isOwn) set('pricing', () => 'spot', 0.2);
  // The base keeps other targets than those on an axis.
  if (random() < 0.3) base.sla = { tpot_p99: 400 };
  // The workloads other than chat have a prefix cache of their own; an axis over one half of it needs the other.
  if (given.has('prefix_hit_rate') && !given.has('cacheable_ratio')) base.cacheable_ratio = 0.4;
  if (given.has('cacheable_ratio') && !given.has('prefix_hit_rate')) base.prefix_hit_rate = 0.6;
  if (isOwn) base.own_hardware = own;
  return {
    name: `${seed}: ${[...given].join(', ')}${isOwn ? ' on own hardware' : ''}`,
    spec: sweepSpecSchema.parse({ base, axes }),
  };
}

const hasZones = (id: string, { instances }: Facts): boolean =>
  instances.some(({ provider, offers }) => provider === id && offers.some(({ zones }) => zones.length > 0));

/** With and without prices. */
const ownMachines = (random: RandomSource): NonNullable<Base['own_hardware']> => [
  { name: 'two', gpu: 'nvidia-l4', gpu_count: 2 },
  { name: 'eight', gpu: 'nvidia-a100-80gb', gpu_count: 8, interconnect: 'nvswitch', usd_per_hour: 1 + random() },
  { name: 'one', gpu: 'nvidia-h100-80gb' },
  { name: 'old', gpu: 'nvidia-v100-16gb', gpu_count: 4, memory_gb: 1 },
];

/** Two different ones, in any order; one where there is but one. */
function twoOf<Value>(random: RandomSource, values: readonly Value[]): Value[] {
  const left = [...new Set(values)];
  const first = left.splice(Math.floor(random() * left.length), 1);
  return [...first, ...left.splice(Math.floor(random() * left.length), 1)];
}

function raise(problem: string): never {
  throw new Error(problem);
}
