import { describe, expect, it } from 'vitest';
import { sizeInputSchema, sweepSpecSchema, type SweepSpecDraft } from '../../src-worker/protocol/requests.ts';
import { questionOfPoint } from '../../src-worker/protocol/sweep-point.ts';

type Row = Record<string, number | string | null>;
const MODEL = 'a/b';
const question = (spec: SweepSpecDraft, row: Row) =>
  sizeInputSchema.parse(questionOfPoint(sweepSpecSchema.parse(spec), (column) => row[column]));

/** What every row holds of its plan, whatever the axes. */
const PLAN: Row = {
  users: 7,
  quantization: 'int4',
  zone: null,
  provider: 'gcp',
  instance: 'g2-standard-4',
  gpu: 'nvidia-l4',
  region: 'us-central1',
  tensor_parallel: 4,
  pipeline_parallel: 2,
  kv_cache_dtype: 'auto',
};
const base = { model: MODEL, users: 7 };

// Axis, two of its values, the column and cell of a row there, what the question becomes.
const AXES: [keyof SweepSpecDraft['axes'], unknown, Row, object][] = [
  ['model', ['a/b', 'c/d'], { model: 'c/d' }, { model: 'c/d' }],
  ['workload', ['chat', 'rag'], { workload: 'rag' }, { workload: 'rag' }],
  ['input_tokens', [10, 20.5], { input_tokens: 20.5 }, { input_tokens: 20.5 }],
  ['output_tokens', [10, 20], { output_tokens: 20 }, { output_tokens: 20 }],
  ['prefix_hit_rate', [0, 0.5], { prefix_hit_rate: 0 }, { prefix_hit_rate: 0 }],
  ['cacheable_ratio', [0, 0.5], { cacheable_ratio: 0 }, { cacheable_ratio: 0 }],
  ['calibration', ['default', 'seed'], { calibration: 'seed' }, { calibration: 'seed' }],
  ['provider', ['gcp', 'aws'], { provider: 'aws' }, { provider: ['aws'] }],
  ['kv_cache_dtype', ['auto', 'fp8'], { kv_cache_dtype: 'fp8' }, { kv_cache_dtype: 'fp8' }],
  ['quantization', ['fp16', 'fp8'], { quantization: 'fp8' }, { quantization: ['fp8'] }],
  ['gpu', ['l4', 'h100'], { gpu: 'nvidia-h100-80gb' }, { gpu: ['nvidia-h100-80gb'] }],
  ['instance', ['gcp/a', 'gcp/b'], { instance: 'b' }, { instance: ['gcp/b'] }],
  ['pp', [1, 2], { pipeline_parallel: 2 }, { pp: 2 }],
  ['tp', [1, 2], { tensor_parallel: 2 }, { tp: 2 }],
  ['users', [1, 70], { users: 70 }, { users: 70 }],
  ['rate', [1, 2.5], { users: null, rate: 2.5 }, { rate: 2.5, users: undefined }],
  ['think_time', [0, 5], { think_time: 0 }, { think_time: 0 }],
  ['headroom', [0, 50], { headroom: 0 }, { headroom: 0 }],
  ['max_gpus', [4, 8], { max_gpus: 8 }, { max_gpus: 8 }],
  ['pricing', ['ondemand', 'spot'], { pricing: 'spot' }, { pricing: 'spot' }],
  ['region', ['r', 's'], { region: 's' }, { region: 's' }],
  ['zone', ['r-a', 'r-b'], { zone: 'r-b' }, { zone: 'r-b' }],
  // No question of size has one: the row says by how much prices are multiplied.
  ['price_factor', [1, 2], { price_factor: 2 }, {}],
];

describe('the size question of a row', () => {
  it.each(AXES)(
    'takes %s from the row where it is an axis, and all else from the base',
    (axis, values, row, wanted) => {
      const { model, ...unnamed } = base;
      const unset: SweepSpecDraft['base'] =
        axis === 'model' ? unnamed : axis === 'users' || axis === 'rate' ? { model } : base;
      const spec: SweepSpecDraft = { base: unset, axes: { [axis]: values } };
      const plain = sizeInputSchema.parse(base);
      expect({ ...question(spec, { ...PLAN, ...row }) }).toEqual({ ...plain, ...wanted });
    },
  );

  it.each(AXES.filter(([axis]) => axis !== 'users' && axis !== 'rate'))(
    'leaves %s as the base has it where it is no axis, whatever the row holds',
    (axis, _, row) => {
      expect(question({ base, axes: {} }, { ...PLAN, ...row })).toEqual(sizeInputSchema.parse(base));
      expect(axis in question({ base, axes: {} }, PLAN) || axis === 'price_factor').toBe(true);
    },
  );

  it('takes targets from the row, each by its metric, and keeps the others of the base', () => {
    const spec: SweepSpecDraft = {
      base: { ...base, sla: { e2e_p95: 9000 } },
      axes: { sla: { ttft_p95: [100, 200], tpot_p50: [10, 20] } },
    };
    const row = { ...PLAN, sla_ttft_p95_ms: 200, sla_tpot_p50_ms: 10 };
    expect(question(spec, row).sla).toEqual({ e2e_p95: 9000, ttft_p95: 200, tpot_p50: 10 });
  });

  it('takes all axes at once', () => {
    const together = AXES.filter(([axis]) => !['rate', 'zone'].includes(axis));
    const axes = Object.fromEntries(together.map(([axis, values]) => [axis, values]));
    const row = Object.assign({}, ...together.map(([, , cells]) => cells)) as Row;
    const wanted = Object.assign({}, ...together.map(([, , , keys]) => keys)) as object;
    // The instance is named with the provider of its row.
    const named = { instance: ['aws/b'] };
    expect(question({ base: {}, axes }, { ...PLAN, ...row })).toEqual({
      ...sizeInputSchema.parse(base),
      ...wanted,
      ...named,
    });
  });

  it('is none without a model', () => {
    expect(() => question({ base: { users: 1 }, axes: {} }, PLAN)).toThrow('a sweep without a model');
  });
});
