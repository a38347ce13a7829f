import { describe, expect, it } from 'vitest';
import { columnBuilder, joinBatches } from '../../src-worker/answers/column-builder.ts';
import { exclusionCells, recommendationCells, type SweepPoint } from '../../src-worker/answers/sweep/document-rows.ts';
import { beginSweepUnit, type PointAnswer } from '../../src-worker/answers/sweep.ts';
import { cell, transferables, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { SizeInput } from '../../src-worker/protocol/requests.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { SWEEP_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import { EXCLUDED, PASSING } from './fixtures/rows.ts';

const POINT: SweepPoint = { pointId: 4, users: 10, quantization: 'fp8', tensorParallel: null, zone: 'us-central1-a' };

function batchOf(...rows: ((column: string) => string | number | boolean | null)[]): ColumnBatch {
  const builder = columnBuilder(SWEEP_COLUMNS);
  for (const row of rows) builder.add(row);
  return builder.build();
}

const rowOf = (batch: ColumnBatch, row = 0) =>
  Object.fromEntries(batch.order.map((column) => [column, cell(batch, column, row)]));

/** Every scalar of a document under its keys joined with `_`. */
function flattened(value: object, prefix = ''): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]): [string, unknown][] => {
      if (inner !== null && typeof inner === 'object')
        return Object.entries(flattened(inner as object, `${prefix}${key}_`));
      return [[`${prefix}${key}`, typeof inner === 'boolean' ? Number(inner) : inner]];
    }),
  );
}

describe('sweep rows', () => {
  it('start with point_id and the axes', () => {
    expect(SWEEP_COLUMNS.slice(0, 4).map(({ name }) => name)).toEqual(['point_id', 'users', 'quantization', 'zone']);
  });

  it('no column is there twice', () => {
    const names = SWEEP_COLUMNS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('a passing row holds the keys of the recommendation, flattened', () => {
    const row = rowOf(batchOf(recommendationCells(POINT, PASSING)));
    const expected = flattened(PASSING);
    const axes = { point_id: 4, users: 10, quantization: 'fp8', zone: 'us-central1-a' };
    const reason = {
      reason: null,
      detail: null,
      margin_metric: null,
      margin_value: null,
      margin_limit: null,
      margin_unit: null,
    };
    const wanted: Record<string, unknown> = { ...expected, ...axes, ...reason };
    for (const { name } of SWEEP_COLUMNS) {
      expect({ [name]: row[name] }).toEqual({ [name]: wanted[name] });
    }
  });

  it('the precision is that of the plan where the point leaves it open', () => {
    const open = { ...POINT, quantization: null };
    expect(rowOf(batchOf(recommendationCells(open, PASSING)))['quantization']).toBe('fp16');
    expect(rowOf(batchOf(exclusionCells(open, EXCLUDED)))['quantization']).toBe('fp16');
  });

  it('a rejected row has the axes, what was looked at, why and by how much; nothing else', () => {
    const row = rowOf(batchOf(exclusionCells(POINT, EXCLUDED)));
    const filled = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
    expect(filled).toEqual({
      point_id: 4,
      users: 10,
      quantization: 'fp8',
      zone: 'us-central1-a',
      provider: 'aws',
      instance: 'p3.2xlarge',
      gpu: 'nvidia-v100-16gb',
      region: 'us-east-1',
      tensor_parallel: 1,
      pipeline_parallel: 1,
      meets_sla: 0,
      reason: 'memory',
      detail: 'The weights do not fit.',
      margin_metric: 'memory',
      margin_value: 3.5,
      margin_limit: 0,
      margin_unit: 'GiB',
    });
  });

  it('a rejected row that no plan came near has the tensor parallelism of the point', () => {
    const bare = { ...EXCLUDED, tensor_parallel: null };
    expect(rowOf(batchOf(exclusionCells({ ...POINT, tensorParallel: 16 }, bare)))['tensor_parallel']).toBe(16);
    expect(rowOf(batchOf(exclusionCells({ ...POINT, tensorParallel: 16 }, EXCLUDED)))['tensor_parallel']).toBe(1);
  });

  it('numbers without a value are NaN in their column, never a made-up figure', () => {
    const batch = batchOf(recommendationCells(POINT, PASSING), exclusionCells(POINT, { ...EXCLUDED, margin: null }));
    expect(batch.numbers['throughput_total_tokens_per_s']?.[0]).toBeNaN();
    expect(batch.numbers['margin_value']?.[1]).toBeNaN();
    const infinite = batchOf((column) => (column === 'utilization' ? Number.POSITIVE_INFINITY : null));
    expect(infinite.numbers['utilization']?.[0]).toBeNaN();
  });
});

describe('column batches', () => {
  const numbered = (index: number) =>
    recommendationCells(
      { ...POINT, pointId: index, zone: `zone-${index % 7}` },
      { ...PASSING, provider: `p${index % 3}` },
    );
  const rows = Array.from({ length: 1000 }, (_, index) => numbered(index));

  it('hold any number of rows in arrays of exactly that length', () => {
    const batch = batchOf(...rows);
    expect(batch.rows).toBe(1000);
    for (const values of Object.values(batch.numbers)) expect(values.length).toBe(1000);
    for (const buffer of transferables(batch)) expect([1000 * 8, 1000 * 4]).toContain(buffer.byteLength);
  });

  it.each([1, 2, 3, 250, 999])('joined from two parts cut at %i equal the whole, dictionaries too', (at) => {
    const joined = joinBatches([batchOf(...rows.slice(0, at)), batchOf(...rows.slice(at))], SWEEP_COLUMNS);
    expect(joined).toEqual(batchOf(...rows));
  });

  it('refuse a text in a column of numbers', () => {
    expect(() => batchOf((column) => (column === 'users' ? 'ten' : null))).toThrow('users');
  });
});

describe('sweep unit', () => {
  const input: SizeInput = sizeInputSchema.parse({ model: 'm', quantization: ['fp8'] });
  const unit = { input, users: [1, 2], zones: ['a', 'b', 'c'], firstPointId: 100 };

  it('asks for each point once, users slowest, and numbers them', () => {
    const asked: unknown[] = [];
    const answer: PointAnswer = (point) => {
      asked.push(point);
      return { recommendations: [PASSING], excluded: [EXCLUDED] };
    };
    const run = beginSweepUnit(unit, answer);
    while (!run.isDone()) run.next();
    expect(asked).toEqual(unit.users.flatMap((users) => unit.zones.map((zone) => ({ users, zone }))));
    const batch = run.batch();
    expect([...(batch.numbers['point_id'] ?? [])]).toEqual([
      100, 100, 101, 101, 102, 102, 103, 103, 104, 104, 105, 105,
    ]);
    expect(cell(batch, 'zone', 10)).toBe('c');
    expect(cell(batch, 'quantization', 0)).toBe('fp8');
  });

  it('can be left in the middle with the rows so far', () => {
    const run = beginSweepUnit(unit, () => ({ recommendations: [PASSING], excluded: [] }));
    run.next();
    run.next();
    expect(run.batch().rows).toBe(2);
    expect(run.isDone()).toBe(false);
  });
});
