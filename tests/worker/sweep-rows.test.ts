import { describe, expect, it } from 'vitest';
import { columnBuilder, joinBatches } from '../../src-worker/answers/column-builder.ts';
import { exclusionCells, recommendationCells, type SweepPoint } from '../../src-worker/answers/sweep/document-rows.ts';
import { preparePoints } from '../../src-worker/answers/sweep/prepared-points.ts';
import { beginSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import {
  cell,
  hasColumn,
  numberColumn,
  textsOf,
  transferables,
  type ColumnBatch,
} from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { SWEEP_COLUMNS, sweepColumns } from '../../src-worker/protocol/sweep-columns.ts';
import { facts, modelSource } from '../engine/world.ts';
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
    expect(numberColumn(batch, 'throughput_total_tokens_per_s')[0]).toBeNaN();
    expect(numberColumn(batch, 'margin_value')[1]).toBeNaN();
    const infinite = batchOf((column) => (column === 'utilization' ? Number.POSITIVE_INFINITY : null));
    expect(numberColumn(infinite, 'utilization')[0]).toBeNaN();
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
    for (const { entries, numbers } of batch.tables) {
      expect(entries).toBe(1000);
      for (const values of Object.values(numbers)) expect(values.length).toBe(1000);
    }
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
  const MODEL = 'meta-llama/Llama-2-7b-hf';
  const ZONES = ['us-central1-a', 'asia-east1-a', 'us-east4-c'];
  const spec = sweepSpecSchema.parse({
    base: { model: MODEL, provider: ['gcp'], gpu: ['l4', 'h100'], quantization: ['fp8'] },
    axes: { users: [1, 200, 3000], headroom: [0, 50], zone: ZONES },
  });
  const planned = planSweep(spec, facts).units[0] ?? expect.fail('no unit');
  const points = preparePoints(planned.input, modelSource(MODEL), facts);
  const instances = points.candidates.length + points.retired.length;
  /** Starts in the middle of the first load and ends in the middle of the last. */
  const unit = { ...planned, first: 2, points: 14, firstPointId: 100 };
  const loads = Array.from({ length: 18 }, (_, index) => ({
    users: [1, 200, 3000][Math.floor(index / 6)],
    headroom: [0, 50][Math.floor(index / 3) % 2],
    zone: ZONES[index % 3],
  }));
  const begun = () => beginSweepUnit(unit, points);
  const finished = () => {
    const run = begun();
    const steps: number[] = [];
    while (!run.isDone()) steps.push(run.next());
    return { batch: run.batch(), steps };
  };

  it('has a row for each of its points and instances, users slowest, and numbers them', () => {
    const { batch, steps } = finished();
    // Of one load and headroom at a time.
    expect(steps).toEqual([1, 3, 3, 3, 3, 1]);
    expect(batch.rows).toBe(14 * instances);
    const ids = Array.from({ length: 14 }, (_, point) => 100 + point);
    expect([...numberColumn(batch, 'point_id')]).toEqual(ids.flatMap((id) => Array(instances).fill(id) as number[]));
    for (let row = 0; row < batch.rows; row += 1) {
      const { users, headroom, zone } = loads[2 + Math.floor(row / instances)] ?? expect.fail('no such point');
      expect([cell(batch, 'users', row), cell(batch, 'headroom', row), cell(batch, 'zone', row)]).toEqual([
        users,
        headroom,
        zone,
      ]);
      expect(cell(batch, 'quantization', row)).toBe('fp8');
    }
  });

  it('puts what passes first, by rank from one on, then the rest; no instance twice', () => {
    const { batch } = finished();
    const [ranks, meets] = [numberColumn(batch, 'rank'), numberColumn(batch, 'meets_sla')];
    let passing = 0;
    for (let point = 0; point < 14; point += 1) {
      const rows = Array.from({ length: instances }, (_, row) => point * instances + row);
      const failing = rows.findIndex((row) => meets[row] === 0);
      const ranked = failing < 0 ? rows : rows.slice(0, failing);
      expect(ranked.map((row) => ranks[row])).toEqual(ranked.map((_, index) => index + 1));
      for (const row of rows.slice(ranked.length)) expect([meets[row], ranks[row]]).toEqual([0, Number.NaN]);
      expect(new Set(rows.map((row) => cell(batch, 'instance', row))).size).toBe(instances);
      passing += ranked.length;
    }
    expect(passing).toBeGreaterThan(14);
    expect(passing).toBeLessThan(batch.rows);
  });

  it('can be left in the middle with the rows so far', () => {
    const run = begun();
    expect(run.batch().rows).toBe(0);
    expect(run.next()).toBe(1);
    expect(run.next()).toBe(3);
    const part = run.batch();
    expect(part.rows).toBe(4 * instances);
    expect(run.isDone()).toBe(false);
    const { batch } = finished();
    for (const name of batch.order) {
      for (let row = 0; row < part.rows; row += 1) expect(cell(part, name, row)).toBe(cell(batch, name, row));
    }
  });

  it('holds every column of its axes, in their order, and no buffer twice', () => {
    const { batch } = finished();
    expect(batch.order).toEqual(sweepColumns(unit.axes).map(({ name }) => name));
    expect(batch.order.slice(0, 4)).toEqual(['point_id', 'headroom', 'users', 'quantization']);
    for (const name of batch.order) expect(hasColumn(batch, name), name).toBe(true);
    const buffers = transferables(batch);
    expect(new Set(buffers).size).toBe(buffers.length);
  });

  it('writes into an id the instance, region and plan of its row', () => {
    const { batch } = finished();
    const idAt = textsOf(batch, 'id');
    for (let row = 0; row < batch.rows; row += 1) {
      const read = (column: string) => String(cell(batch, column, row));
      const plan = `tp${read('tensor_parallel')}pp${read('pipeline_parallel')}/${read('quantization')}`;
      const wanted = `${read('provider')}/${read('instance')}/${read('region')}/${plan}`;
      expect(idAt(row)).toBe(cell(batch, 'rank', row) === null ? null : wanted);
    }
  });
});
