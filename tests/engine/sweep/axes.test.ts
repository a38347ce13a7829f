import { describe, expect, it } from 'vitest';
import {
  offersOf,
  placeAt,
  placeOfOffer,
  priceFactorAt,
  pointsOfDemand,
  sizingAt,
  sizingsOf,
} from '../../../src-worker/engine/sweep/demand-axes.ts';
import { MAX_SWEEP_INPUTS, planSweep, sweepSpace } from '../../../src-worker/engine/sweep/plan.ts';
import { sweepSpecSchema, type SweepSpecDraft } from '../../../src-worker/protocol/requests.ts';
import { instancesInScope } from '../../../src-worker/engine/sweep/zones.ts';
import { facts } from './few-facts.ts';
import { codeOf, messageOf } from './thrown.ts';

type Axes = SweepSpecDraft['axes'];
const base: SweepSpecDraft['base'] = { model: 'a/b', users: 1 };
const space = (draft: SweepSpecDraft) => sweepSpace(sweepSpecSchema.parse(draft), facts);
/** Past the schema, as an axis of NaN would come. */
const unchecked = (axes: object) =>
  sweepSpace({ ...sweepSpecSchema.parse({ base: { model: 'a/b' }, axes: {} }), axes }, facts);

/** Two values of every axis that can be together, in no order; the order is the planner's. */
const everything: Axes = {
  zone: ['us-central1-a', 'us-central1-b'],
  price_factor: [1, 2],
  pricing: ['ondemand', 'spot'],
  max_gpus: [4, 8],
  headroom: [10, 20],
  think_time: [0, 5],
  users: [1, 2],
  tp: [1, 2],
  pp: [1, 2],
  gpu: ['h100', 'a100'],
  quantization: ['fp16', 'fp8'],
  kv_cache_dtype: ['auto', 'fp8'],
  provider: ['gcp'],
  calibration: ['default', 'seed'],
  cacheable_ratio: [0, 0.5],
  prefix_hit_rate: [0, 0.5],
  output_tokens: [10, 20],
  input_tokens: [10, 20],
  workload: ['chat', 'rag'],
  model: ['a/b', 'c/d'],
  sla: { tpot_p50: [50, 60] },
};
const SLOWEST_FIRST = [
  'sla_tpot_p50_ms',
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
  'pp',
  'tp',
  'users',
  'think_time',
  'headroom',
  'max_gpus',
  'pricing',
  'price_factor',
  'zone',
];
const some = (...keys: (keyof Axes)[]): Axes => Object.fromEntries(keys.map((key) => [key, everything[key]]));

describe('the order of points', () => {
  it('is told slowest first, whatever the order the axes are written in', () => {
    // A million points: none is looked at.
    const { axes, points } = space({ base: {}, axes: everything });
    expect(axes.map(({ axis }) => axis)).toEqual(SLOWEST_FIRST);
    expect(points).toBe(2 ** 20);
    expect(axes.map(({ count }) => count)).toEqual(SLOWEST_FIRST.map((axis) => (axis === 'provider' ? 1 : 2)));
  });

  it('of inputs: models change slowest but for targets, tensor parallelism fastest', () => {
    const { inputs } = space({ base: { users: 1 }, axes: some('tp', 'quantization', 'model', 'sla') });
    expect(inputs.map((input) => [input.sla.tpot_p50, input.model, input.quantization[0], input.tp])).toEqual(
      [50, 60].flatMap((target) =>
        ['a/b', 'c/d'].flatMap((model) =>
          ['fp16', 'fp8'].flatMap((precision) => [1, 2].map((tp) => [target, model, precision, tp])),
        ),
      ),
    );
  });

  it('of a demand: loads slowest, zones fastest', () => {
    const axes = some('users', 'think_time', 'headroom', 'max_gpus', 'pricing', 'price_factor', 'zone');
    const { demand } = space({ base: { model: 'a/b' }, axes });
    expect([sizingsOf(demand), offersOf(demand), pointsOfDemand(demand)]).toEqual([16, 8, 128]);
    const sizings = [1, 2].flatMap((load) =>
      [0, 5].flatMap((thinkTimeS) =>
        [10, 20].flatMap((headroom) => [4, 8].map((maxGpus) => ({ load, thinkTimeS, headroom, maxGpus }))),
      ),
    );
    expect(Array.from({ length: 16 }, (_, index) => sizingAt(demand, index))).toEqual(sizings);
    const offers = ['ondemand', 'spot'].flatMap((pricing) =>
      [1, 2].flatMap((priceFactor) =>
        ['us-central1-a', 'us-central1-b'].map((zone) => ({ pricing, priceFactor, region: null, zone })),
      ),
    );
    const offerAt = (index: number) => ({
      ...placeAt(demand, placeOfOffer(demand, index)),
      priceFactor: priceFactorAt(demand, index),
    });
    expect(Array.from({ length: 8 }, (_, index) => offerAt(index))).toEqual(offers);
    // A place has one number, whatever its prices are multiplied by.
    expect(Array.from({ length: 8 }, (_, index) => placeOfOffer(demand, index))).toEqual([0, 1, 0, 1, 2, 3, 2, 3]);
  });

  it('a place on no axis is refused, not made up', () => {
    const { demand } = space({ base, axes: {} });
    expect(() => placeAt({ ...demand, zones: [] }, 0)).toThrow(RangeError);
  });

  it('of points: every input has the same demand, one after the other', () => {
    const spec = sweepSpecSchema.parse({ base: {}, axes: some('model', 'users', 'zone', 'pricing') });
    for (const rows of [1, 7, 60, 100_000]) {
      const { units, inputs, points } = planSweep(spec, facts, rows);
      let next = 0;
      for (const [seq, unit] of units.entries()) {
        expect([unit.seq, unit.firstPointId]).toEqual([seq, next]);
        expect(unit.input).toBe(inputs[Math.floor(next / 8)]);
        expect(unit.first).toBe(next % 8);
        next += unit.points;
      }
      expect(next).toBe(points);
    }
  });
});

describe('units', () => {
  const many = (users: number, axes: Axes = {}) =>
    planSweep(
      sweepSpecSchema.parse({ base: { model: 'a/b' }, axes: { users: { from: 1, to: users, step: 1 }, ...axes } }),
      facts,
    ).units;

  it('grow from one load to sixteen, so that the first answers come soon', () => {
    expect(many(50).map(({ points }) => points)).toEqual([1, 2, 4, 8, 16, 16, 3]);
    expect(many(50).map(({ first }) => first)).toEqual([0, 1, 3, 7, 15, 31, 47]);
  });

  it('grow anew with every input', () => {
    const points = many(5, { quantization: ['fp16', 'fp8'] }).map((unit) => [
      unit.first,
      unit.points,
      unit.firstPointId,
    ]);
    expect(points).toEqual([
      [0, 1, 0],
      [1, 2, 1],
      [3, 2, 3],
      [0, 1, 5],
      [1, 2, 6],
      [3, 2, 8],
    ]);
  });

  it('are whole loads, or parts of one', () => {
    const offers = { pricing: everything.pricing, zone: everything.zone, price_factor: everything.price_factor };
    const spec = sweepSpecSchema.parse({ base: { model: 'a/b' }, axes: { users: [1, 2, 3], ...offers } });
    // Eight offers a load, five instances: forty rows a load.
    const cut = (rows: number) => planSweep(spec, facts, rows).units.map(({ first, points }) => [first, points]);
    expect(cut(40)).toEqual([
      [0, 8],
      [8, 8],
      [16, 8],
    ]);
    expect(cut(80)).toEqual([
      [0, 8],
      [8, 16],
    ]);
    expect(cut(25)).toEqual([
      [0, 5],
      [5, 3],
      [8, 5],
      [13, 3],
      [16, 5],
      [21, 3],
    ]);
  });

  it('are the same every time', () => {
    const spec = sweepSpecSchema.parse({ base: {}, axes: some('model', 'users', 'zone', 'gpu') });
    expect(planSweep(spec, facts)).toEqual(planSweep(spec, facts));
  });
});

describe('a value in the base and on an axis', () => {
  const given: [keyof Axes, SweepSpecDraft['base']][] = [
    ['model', { model: 'a/b' }],
    ['workload', { workload: 'rag' }],
    ['input_tokens', { input_tokens: 5 }],
    ['output_tokens', { output_tokens: 5 }],
    ['prefix_hit_rate', { prefix_hit_rate: 0.2 }],
    ['cacheable_ratio', { cacheable_ratio: 0.2 }],
    ['calibration', { calibration: 'seed' }],
    ['provider', { provider: ['aws'] }],
    ['kv_cache_dtype', { kv_cache_dtype: 'fp8' }],
    ['quantization', { quantization: ['fp8'] }],
    ['gpu', { gpu: ['h100'] }],
    ['pp', { pp: 2 }],
    ['tp', { tp: 2 }],
    ['think_time', { think_time: 3 }],
    ['headroom', { headroom: 50 }],
    ['max_gpus', { max_gpus: 9 }],
    ['pricing', { pricing: 'spot' }],
  ];

  it.each(given)('%s is refused, with its name, its value and what to do', (axis, more) => {
    const draft = { base: { users: 1, model: 'a/b', ...more }, axes: some(axis) };
    expect(codeOf(() => space(draft))).toBe('sweep_conflict');
    const [value] = Object.values(more);
    expect(messageOf(() => space(draft))).toMatch(new RegExp(`^${axis} is given both in the base \\(`));
    expect(messageOf(() => space(draft))).toContain(JSON.stringify(value));
    expect(messageOf(() => space(draft)).split('\n').length).toBeLessThanOrEqual(3);
  });

  it.each(given.filter(([axis]) => axis !== 'model'))('%s alone is taken', (axis) => {
    expect(space({ base, axes: some(axis) }).axes.map((of) => of.axis)).toEqual([axis]);
  });

  it('a target is one of its metric alone; other targets of the base stay', () => {
    const draft = (metric: object) => ({ base: { ...base, sla: metric }, axes: some('sla') });
    expect(codeOf(() => space(draft({ tpot_p50: 30 })))).toBe('sweep_conflict');
    expect(space(draft({ ttft_p95: 30 })).inputs.map(({ sla }) => sla)).toEqual([
      { ttft_p95: 30, tpot_p50: 50 },
      { ttft_p95: 30, tpot_p50: 60 },
    ]);
  });

  it('of a load is refused in any two ways', () => {
    const [users, rate] = [{ users: [1, 2] }, { rate: [1, 2] }];
    for (const [more, axes] of [
      [{ users: 1 }, users],
      [{ rate: 1 }, users],
      [{ users: 1 }, rate],
      [{ rate: 1 }, rate],
      [{}, { ...users, ...rate }],
    ] as const) {
      expect(codeOf(() => space({ base: { model: 'a/b', ...more }, axes }))).toBe('sweep_conflict');
      expect(messageOf(() => space({ base: { model: 'a/b', ...more }, axes }))).toMatch(/keep one of them/);
    }
  });

  it('of a place is refused in any two ways', () => {
    const [zone, region] = [{ zone: ['us-east-1a'] }, { region: ['r'] }];
    for (const [more, axes] of [
      [{ zone: 'us-east-1a' }, zone],
      [{ region: 'r' }, zone],
      [{ zone: 'us-east-1a' }, region],
      [{ region: 'r' }, region],
      [{}, { ...zone, ...region }],
    ] as const) {
      expect(codeOf(() => space({ base: { ...base, ...more }, axes }))).toBe('sweep_conflict');
      expect(messageOf(() => space({ base: { ...base, ...more }, axes }))).toMatch(/^The place is given as .* and as /);
    }
  });

  it('no model at all is refused', () => {
    expect(codeOf(() => space({ base: { users: 1 }, axes: {} }))).toBe('model_missing');
  });
});

describe('every value in scope', () => {
  it('of providers: those that offer an instance, sorted', () => {
    const { inputs } = space({ base, axes: { provider: ['*'] } });
    expect(inputs.map(({ provider }) => provider)).toEqual([['aws'], ['gcp'], ['lambda']]);
    expect(space({ base, axes: { provider: ['GCP', 'gcp'] } }).inputs).toHaveLength(1);
    expect(codeOf(() => space({ base, axes: { provider: ['gpc'] } }))).toBe('unknown_provider');
  });

  it('of instances: those on sale that other filters and axes leave, by provider and name, sorted', () => {
    const idsOf = (more: object, axes: Axes) =>
      space({ base: { ...base, ...more }, axes }).inputs.flatMap(({ instance }) => instance);
    const sold = ['aws/p4d.24xlarge', 'gcp/a2-highgpu-1g', 'gcp/a3-highgpu-1g', 'lambda/gpu_1x_h100'];
    expect(idsOf({}, { instance: ['*'] })).toEqual(sold);
    expect(idsOf({}, { instance: ['*', 'p2.xlarge'] })).toEqual(sold);
    expect(idsOf({ include_retired: true }, { instance: ['*'] })).toEqual(['aws/p2.xlarge', ...sold]);
    expect(idsOf({ provider: ['gcp'] }, { instance: ['*'] })).toEqual(sold.slice(1, 3));
    expect(idsOf({ gpu: ['h100'] }, { instance: ['*'] })).toEqual(sold.slice(2));
    expect(new Set(idsOf({}, { instance: ['*'], gpu: ['h100'] }))).toEqual(new Set(sold.slice(2)));
    expect(idsOf({}, { instance: ['A2-highgpu-1g', 'gcp/a2-highgpu-1g', 'p2.xlarge'] })).toEqual([
      'gcp/a2-highgpu-1g',
      'aws/p2.xlarge',
    ]);
  });

  it('of instances: unknown ones, and those that a filter or an axis leaves out, are refused', () => {
    const refused = (more: object, axes: Axes) => codeOf(() => space({ base: { ...base, ...more }, axes }));
    expect(refused({}, { instance: ['a2-highgpu-2g'] })).toBe('unknown_instance');
    expect(refused({ provider: ['aws'] }, { instance: ['a2-highgpu-1g'] })).toBe('instance_not_offered');
    expect(refused({}, { gpu: ['h100'], instance: ['a2-highgpu-1g'] })).toBe('instance_not_offered');
    expect(refused({}, { provider: ['aws', 'lambda'], instance: ['a2-highgpu-1g'] })).toBe('instance_not_offered');
    expect(refused({ gpu: ['k80'] }, { instance: ['*'] })).toBe('instance_not_offered');
    expect(refused({ instance: ['p2.xlarge'] }, { instance: ['*'] })).toBe('sweep_conflict');
    expect(refused({ instance: ['p2.xlarge'] }, { gpu: ['h100'] })).toBe('gpu_not_offered');
  });

  it('of GPUs and places: those of the instances asked for', () => {
    const some = { ...base, instance: ['a3-highgpu-1g', 'aws/p4d.24xlarge'] };
    const { inputs, demand } = space({ base: some, axes: { gpu: ['*'], zone: ['*'] } });
    expect(inputs.flatMap(({ gpu }) => gpu)).toEqual(['nvidia-a100-40gb', 'nvidia-h100-80gb']);
    expect(demand.zones).toEqual(['us-central1-c', 'us-east-1a']);
    const axes: Axes = { instance: ['a3-highgpu-1g'], zone: ['*'] };
    expect(space({ base, axes }).demand.zones).toEqual(['us-central1-c']);
    const [input] = planSweep(sweepSpecSchema.parse({ base, axes }), facts).units;
    expect(input && instancesInScope(facts, input.input)).toBe(1);
  });

  it('of regions: those that sell something in scope', () => {
    expect(space({ base, axes: { region: ['*'] } }).demand.regions).toEqual(['r']);
    expect(codeOf(() => space({ base, axes: { region: ['s'] } }))).toBe('unknown_region');
  });

  it('of zones: beside an axis of providers, those of all of them', () => {
    const { zones } = space({ base, axes: { provider: ['gcp', 'aws'], zone: ['*'] } }).demand;
    expect(zones).toEqual(['us-central1-a', 'us-central1-b', 'us-central1-c', 'us-east-1a']);
  });
});

describe('what no axis may hold', () => {
  const NUMBERS = [
    'input_tokens',
    'output_tokens',
    'prefix_hit_rate',
    'cacheable_ratio',
    'users',
    'rate',
    'think_time',
    'headroom',
    'max_gpus',
    'price_factor',
  ];
  const loaded = (axis: string, values: unknown) =>
    unchecked({ ...(['users', 'rate'].includes(axis) ? {} : { users: [1] }), [axis]: values });

  it.each([...NUMBERS, 'pp', 'tp'])('%s: NaN, Infinity, and numbers beyond its ends', (axis) => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e12]) {
      expect(codeOf(() => loaded(axis, [1, value]))).toBe('value_out_of_range');
      expect(messageOf(() => loaded(axis, [1, value]))).toContain(`${axis}: ${value}`);
    }
  });

  it.each(NUMBERS)('%s: a range without a number at an end, or a step', (axis) => {
    expect(codeOf(() => loaded(axis, { from: Number.NaN, to: 1, step: 1 }))).toBe('value_out_of_range');
    expect(codeOf(() => loaded(axis, { from: 0, to: Number.POSITIVE_INFINITY, step: 1 }))).toBe('value_out_of_range');
    expect(codeOf(() => loaded(axis, { from: 0, to: 1, step: Number.NaN }))).toBe('axis_range');
  });

  it('NaN as a target', () => {
    expect(codeOf(() => unchecked({ users: [1], sla: { tpot_p50: [Number.NaN] } }))).toBe('value_out_of_range');
  });

  it.each([...SLOWEST_FIRST.filter((axis) => !axis.startsWith('sla')), 'rate', 'region'])('%s: nothing', (axis) => {
    expect(
      codeOf(() => unchecked({ ...(axis === 'users' || axis === 'rate' ? {} : { users: [1] }), [axis]: [] })),
    ).toBe('axis_empty');
  });
});

describe('too many', () => {
  /** ms of processor time and bytes of heap that a refusal takes. */
  const refusalOf = (draft: SweepSpecDraft) => {
    const spec = sweepSpecSchema.parse(draft);
    const before = [process.cpuUsage(), process.memoryUsage().heapUsed] as const;
    const message = messageOf(() => sweepSpace(spec, facts));
    const { user, system } = process.cpuUsage(before[0]);
    return { message, ms: (user + system) / 1000, bytes: process.memoryUsage().heapUsed - before[1] };
  };

  it('points: 10^12 of them are refused with their number and the axis to narrow, at once', () => {
    const thousand = { from: 1, to: 1000, step: 1 };
    const draft: SweepSpecDraft = {
      base: { model: 'a/b' },
      axes: {
        users: { from: 1, to: 2000, step: 1 },
        max_gpus: thousand,
        think_time: thousand,
        output_tokens: { from: 1, to: 500, step: 1 },
      },
    };
    expect(codeOf(() => space(draft))).toBe('sweep_too_large');
    const { message, ms, bytes } = refusalOf(draft);
    expect(message).toMatch(
      /has 1,000,000,000,000 points \(500 output_tokens x 2,000 users x 1,000 think_time x 1,000 max_gpus\)/,
    );
    expect(message).toMatch(/narrow users, which has the most values/);
    expect(ms).toBeLessThan(50);
    expect(bytes).toBeLessThan(8e6);
  });

  it('values of one axis: refused before they are made', () => {
    const { message, ms, bytes } = refusalOf({
      base: { model: 'a/b' },
      axes: { rate: { from: 1e-3, to: 1e6, step: 1e-3 } },
    });
    expect(message).toContain('1,000,000,000 values');
    expect(ms).toBeLessThan(50);
    expect(bytes).toBeLessThan(8e6);
  });

  it('inputs: one more than the limit is refused with its axes', () => {
    const tokens = (count: number) => ({ from: 1, to: count, step: 1 });
    const draft = (count: number): SweepSpecDraft => ({
      base,
      axes: { input_tokens: tokens(count), output_tokens: tokens(100) },
    });
    expect(space(draft(MAX_SWEEP_INPUTS / 100)).inputs).toHaveLength(MAX_SWEEP_INPUTS);
    const { message, ms } = refusalOf(draft(MAX_SWEEP_INPUTS / 100 + 1));
    expect(message).toContain(`50,100 combinations to search (501 input_tokens x 100 output_tokens)`);
    expect(message).toContain('narrow input_tokens');
    expect(ms).toBeLessThan(50);
  });
});
