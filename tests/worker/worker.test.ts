import { MessageChannel } from 'node:worker_threads';
import { expose, wrap } from 'comlink/dist/esm/comlink.mjs';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { joinBatches } from '../../src-worker/answers/column-builder.ts';
import { answerQueue } from '../../src-worker/answers/queue.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { answerSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import type { ModelSource } from '../../src-worker/engine/model/types.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { createWorkerCalls } from '../../src-worker/pool/calls.ts';
import { unpacked } from '../../src-worker/pool/packed-batch.ts';
import { createPool, type Pool } from '../../src-worker/pool/pool.ts';
import { cell, numberColumn, numbersOf, transferables, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { documentText } from '../../src-worker/protocol/documents.ts';
import {
  queueInputSchema,
  sizeInputSchema,
  sweepSpecSchema,
  type SweepSpecDraft,
} from '../../src-worker/protocol/requests.ts';
import { SWEEP_COLUMNS } from '../../src-worker/protocol/sweep-columns.ts';
import { CONTROL_LENGTH, type SweepUnitOutcome, type WorkerApi } from '../../src-worker/protocol/worker-api.ts';

// The real worker program, straight from its source, over the bundled catalogs.
const workerPath = inject('workerPath');
const facts = loadFacts(bundledCatalogsFolder());
const MODEL = 'meta-llama/Llama-2-7b-hf';
const model = bundled(MODEL);

function bundled(id: string): ModelSource {
  const source = readBundledModel(bundledCatalogsFolder(), id);
  if (!source) throw new Error(`${id} is not bundled`);
  return source;
}

const sized = (draft: object) => sizeInputSchema.parse({ model: MODEL, users: 100, provider: ['lambda'], ...draft });
const units = (draft: Omit<SweepSpecDraft, 'base'> & { base?: object }, rowsPerUnit?: number) =>
  planSweep(
    sweepSpecSchema.parse({ ...draft, base: { model: MODEL, provider: ['lambda'], ...draft.base } }),
    facts,
    rowsPerUnit,
  ).units;

describe('worker', () => {
  let pool: Pool;
  beforeAll(() => {
    pool = createPool({ workerPath, size: 2, facts });
  });
  afterAll(() => pool.close());

  it('loads catalogs and answers a queue question as the function does', async () => {
    const input = queueInputSchema.parse({ rate: 5, service_ms: 100 });
    expect(await pool.run('queue', input)).toEqual({ ok: true, value: answerQueue(input) });
  });

  it('gives the same bytes as the function called in place', async () => {
    const answer = await pool.run('size', sized({}), model);
    expect(answer.ok && documentText(answer.value)).toBe(documentText(answerSize(sized({}), model, facts)));
  });

  it('gives the same bytes when threads share the searches', async () => {
    for (const draft of [{ provider: [] }, { provider: ['aws'], input_tokens: 4000 }, { sla: { ttft_p95: 2 } }]) {
      const answer = await pool.size(sized(draft), model);
      expect(answer.ok && documentText(answer.value)).toBe(documentText(answerSize(sized(draft), model, facts)));
    }
    const shares = pool.pace().searches.map(({ share }) => share);
    expect(shares.filter((share) => share > 0.4 && share < 0.6)).toHaveLength(6);
  });

  it('asks one thread where there is little to search, and says what is wrong with a question', async () => {
    const before = pool.pace().searches.length;
    expect(await pool.size(sized({ gpu: ['l4'], method: 'mg1' }), model)).toMatchObject({ ok: true });
    expect(await pool.size(sized({ provider: [], users: 7 }), model)).toMatchObject({ ok: true });
    const shared = pool.pace().searches.slice(before);
    expect(shared.filter(({ share }) => share < 1)).toEqual([]);
    expect(await pool.size(sized({ gpu: ['h10'] }), model)).toMatchObject({ error: { code: 'unknown_gpu' } });
  });

  it('errors keep family, code and details', async () => {
    const answer = await pool.run('size', sized({ gpu: ['h10'] }), model);
    expect(answer).toMatchObject({
      ok: false,
      error: { family: 'invalid_input', code: 'unknown_gpu', details: { gpu: 'h10' } },
    });
  });

  it('new catalogs hold for later calls', async () => {
    pool.setFacts({ ...facts, instances: [] });
    const without = await pool.run('size', sized({ provider: [] }), model);
    pool.setFacts(facts);
    const withAll = await pool.run('size', sized({}), model);
    expect(without.ok && without.value.num_passing).toBe(0);
    expect(withAll.ok && withAll.value.num_passing).toBeGreaterThan(0);
  });
});

describe('worker: sweep', () => {
  // One GPU: the search is done several times over here.
  const FEW = { gpu: ['nvidia-a10'] };
  const axes = { users: [1, 10, 100, 1000, 10_000], quantization: ['fp16' as const, 'fp8' as const] };

  async function swept(size: number, rowsPerUnit: number): Promise<ColumnBatch> {
    const pool = createPool({ workerPath, size, facts });
    const batches: ColumnBatch[] = [];
    const outcome = await pool.runSweep({
      units: units({ base: FEW, axes }, rowsPerUnit),
      models: new Map([[MODEL, model]]),
      onBatch: (batch) => void batches.push(unpacked(batch)),
    });
    await pool.close();
    expect(outcome).toEqual({ status: 'done', points: 10, donePoints: 10, problems: [] });
    return joinBatches(batches, SWEEP_COLUMNS);
  }

  it('gives the same bytes for any number of threads and any cut into units', async () => {
    const whole = joinBatches(
      units({ base: FEW, axes }, 100).map((unit) => answerSweepUnit(unit, model, facts)),
      SWEEP_COLUMNS,
    );
    expect(whole.rows).toBeGreaterThanOrEqual(10);
    for (const [size, rowsPerUnit] of [
      [1, 1],
      [2, 1],
      [2, 3],
    ] as const) {
      const batch = await swept(size, rowsPerUnit);
      expect(bits(batch)).toEqual(bits(whole));
      expect(batch).toEqual(whole);
    }
  });

  it('the rows of a point are those of the same single question, whatever the axes', () => {
    const law = {
      base: { provider: [] },
      axes: {
        users: [10, 2000],
        quantization: ['fp16' as const, 'int4' as const],
        gpu: ['l4', 'A100-80GB'],
        tp: [1, 4],
        zone: ['us-central1-a'],
      },
    };
    const batch = joinBatches(
      units(law, 3).map((unit) => answerSweepUnit(unit, model, facts)),
      SWEEP_COLUMNS,
    );
    let pointId = 0;
    for (const quantization of law.axes.quantization) {
      for (const gpu of ['nvidia-l4', 'nvidia-a100-80gb']) {
        for (const tp of law.axes.tp) {
          for (const users of law.axes.users) {
            const question = {
              provider: [],
              users,
              quantization: [quantization],
              gpu: [gpu],
              tp,
              zone: 'us-central1-a',
            };
            const document = answerSize(sized({ ...question, top: 100_000 }), model, facts);
            const rows = rowsOf(batch, pointId);
            const axes = { users, quantization, gpu, tensor_parallel: tp, zone: 'us-central1-a' };
            for (const row of rows) expect(row).toMatchObject(axes);
            expect(
              rows.map(({ id, instance, reason, detail, ttft_ms_p95: ttft, cost_usd_per_hour: usd }) => ({
                id,
                instance,
                reason,
                detail,
                ttft,
                usd,
              })),
            ).toEqual([
              ...document.recommendations.map(({ id, instance, ttft_ms: ttft, cost }) => ({
                id,
                instance,
                reason: null,
                detail: null,
                ttft: ttft.p95,
                usd: cost.usd_per_hour,
              })),
              ...document.excluded.map(({ instance, reason, detail }) => ({
                id: null,
                instance,
                reason,
                detail,
                ttft: null,
                usd: null,
              })),
            ]);
            pointId += 1;
          }
        }
      }
    }
    expect(Math.max(...numberColumn(batch, 'point_id'))).toBe(pointId - 1);
  });

  it('cancels within half a second and keeps the points done', async () => {
    const pool = createPool({ workerPath, size: 2, facts });
    const controller = new AbortController();
    const kept: ColumnBatch[] = [];
    let asked = 0;
    const outcome = await pool.runSweep({
      units: units({ axes: { users: { from: 1, to: 100_000, step: 1 } } }),
      models: new Map([[MODEL, model]]),
      signal: controller.signal,
      onBatch: (batch) => void kept.push(unpacked(batch)),
      onProgress: (done) => {
        if (done < 20 || asked > 0) return;
        asked = performance.now();
        controller.abort();
      },
    });
    const took = performance.now() - asked;
    await pool.close();
    expect(outcome.status).toBe('cancelled');
    expect(took).toBeLessThan(500);
    const points = new Set(kept.flatMap((batch) => [...numberColumn(batch, 'point_id')]));
    expect(points.size).toBe(outcome.donePoints);
    expect(points.size).toBeGreaterThanOrEqual(20);
  });

  it('a refused unit carries the code of the refusal', async () => {
    const pool = createPool({ workerPath, size: 1, facts });
    const outcome = await pool.runSweep({
      units: units({ base: { workload: 'chatt' }, axes: { users: [1, 2, 3] } }, 1),
      models: new Map([[MODEL, model]]),
      onBatch: () => undefined,
    });
    await pool.close();
    expect(outcome.problems).toMatchObject([{ points: 3, error: { code: 'unknown_workload' } }]);
  });

  it('hands over its columns instead of copying them', async () => {
    const { port1, port2 } = new MessageChannel();
    const calls = createWorkerCalls();
    let sent: SweepUnitOutcome | null = null;
    const watched: WorkerApi = {
      ...calls,
      async sweepUnit(...args) {
        const result = await calls.sweepUnit(...args);
        sent = result.ok ? result.value : null;
        return result;
      },
    };
    expose(watched, nodeEndpoint(port1));
    const remote = wrap<WorkerApi>(nodeEndpoint(port2));
    await remote.load(facts);
    const [unit] = units({ base: { users: 10 }, axes: {} });
    if (!unit) throw new Error('no unit');
    const control = new Int32Array(new SharedArrayBuffer(CONTROL_LENGTH * 4));
    const result = await remote.sweepUnit(unit, model, control, 1);
    port1.close();
    if (!result.ok || !sent) throw new Error('nothing was sent');
    expect(unpacked(result.value.packed).rows).toBe(result.value.packed.rows);
    expect(result.value.packed.rows).toBeGreaterThan(0);
    const { packed, summary }: SweepUnitOutcome = sent;
    const buffers = [packed.data.buffer, ...transferables(summary.best), ...transferables(summary.live)];
    expect(buffers.length).toBeGreaterThan(2);
    for (const buffer of buffers) expect(buffer.byteLength).toBe(0);
  });
});

/** The rows of one point, by column. */
function rowsOf(batch: ColumnBatch, pointId: number) {
  const idAt = numbersOf(batch, 'point_id');
  return Array.from({ length: batch.rows }, (_, row) => row)
    .filter((row) => idAt(row) === pointId)
    .map((row) => Object.fromEntries(batch.order.map((column) => [column, cell(batch, column, row)])));
}

/** Bit patterns, so that NaN equals NaN and -0 differs from 0. */
const bits = ({ tables }: ColumnBatch) =>
  tables.map(({ numbers }) =>
    Object.fromEntries(
      Object.entries(numbers).map(([name, values]) => [name, [...new BigUint64Array(values.slice().buffer)]]),
    ),
  );
