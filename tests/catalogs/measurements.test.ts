import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { listBundledModelIds, loadAliases } from '../../src-main/catalogs/models.ts';
import { bundledMeasurements, type BundledMeasurements } from '../../src-main/measurements/bundled.ts';
import { readMeasurements } from '../../src-main/measurements/read.ts';
import { generationOfMeasurement } from '../../src-worker/engine/validation/generation.ts';
import { RESULT_COLUMNS } from '../../src-worker/engine/validation/types.ts';

const catalogs = bundledCatalogsFolder();
const folder = join(catalogs, 'measurements');
const collected = join(import.meta.dirname, '../../../shared/data/measurements');
const hasData = existsSync(join(collected, 'accelmark.csv'));

describe('bundled measurements', () => {
  let bundled: BundledMeasurements;
  beforeAll(async () => {
    bundled = await bundledMeasurements(catalogs);
  });

  test('1,958 rows of 15 sources, none of which is skipped, every one with an id of its own', () => {
    expect(bundled.sources).toHaveLength(15);
    expect(bundled.measurements).toHaveLength(1958);
    expect(bundled.skipped).toEqual([]);
    expect(new Set(bundled.measurements.map(({ pointId }) => pointId)).size).toBe(1958);
  });

  test('every file has its source and every source its file', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
    expect(files.sort()).toEqual(bundled.sources.map(({ source_id: id }) => `${id}.csv`).sort());
  });

  test('every row measures something, on a known GPU, with a known model', () => {
    const facts = loadFacts(catalogs);
    const gpus = new Set(facts.gpus.map(({ id }) => id));
    const models = new Set([...listBundledModelIds(catalogs), ...loadAliases(catalogs).keys()]);
    for (const { pointId, gpu, model, measured } of bundled.measurements) {
      expect(gpus.has(gpu), `${pointId}: ${gpu}`).toBe(true);
      expect(models.has(model), `${pointId}: ${model}`).toBe(true);
      expect(Object.keys(measured).length, pointId).toBeGreaterThan(0);
      expect(RESULT_COLUMNS, pointId).toEqual(expect.arrayContaining(Object.keys(measured)));
    }
  });

  test('every row is of an engine generation that the catalog has defaults for and every profile overheads', () => {
    const { engines, calibrations } = loadFacts(catalogs);
    for (const row of bundled.measurements) {
      const generation = generationOfMeasurement(row)?.generation ?? 'none';
      expect(
        engines.map((engine) => engine.generation),
        row.pointId,
      ).toContain(generation);
      for (const { generations } of calibrations) expect(generations, row.pointId).toHaveProperty([generation]);
    }
  });

  test('only the four nightly runs of nm-vllm have no lengths', () => {
    const without = bundled.measurements.filter(
      ({ inputTokens, outputTokens }) => inputTokens === null || outputTokens === null,
    );
    expect(without.map(({ sourceId }) => sourceId)).toEqual(Array.from({ length: 4 }, () => 'nm_vllm_nightly'));
  });

  test('doubtful rows exist, with a reason each', () => {
    const ids = new Set(bundled.measurements.map(({ pointId }) => pointId));
    expect(bundled.doubtful.size).toBe(27);
    for (const [id, reason] of bundled.doubtful) {
      expect(ids.has(id), id).toBe(true);
      expect(reason, id).toMatch(/\.$/);
    }
  });

  test('four at a time of GPUStack is a closed loop: rate x latency of the row is 4', () => {
    const row = bundled.measurements.find(({ pointId }) => pointId === 'gpustack_perf_lab-0017');
    expect(row).toMatchObject({ kind: 'closed_loop', batchOrConcurrency: 4, numPrompts: 100 });
    const { ttft_ms_mean: ttft = NaN, tpot_ms_mean: tpot = NaN, req_s: rate = NaN } = row?.measured ?? {};
    expect((rate * (ttft + tpot * ((row?.outputTokens ?? NaN) - 1))) / 1000).toBeCloseTo(4, 0);
  });

  test('stages of inference-perf have random gaps, whatever it calls them', () => {
    const rows = bundled.measurements.filter(({ sourceId }) => sourceId === 'blis_training_runs');
    expect(rows.map(({ arrival }) => arrival)).toEqual(rows.map(() => 'poisson'));
  });

  test.skipIf(!hasData)(
    `rows arrive as those with their free text do${hasData ? '' : ' (skipped: no ../shared/data)'}`,
    async () => {
      const arrivals = new Map(bundled.measurements.map(({ pointId, arrival }) => [pointId, arrival]));
      for (const { source_id: id } of bundled.sources) {
        const { measurements } = await readMeasurements(join(collected, `${id}.csv`));
        for (const { pointId, arrival } of measurements) expect(arrivals.get(pointId), pointId).toBe(arrival);
      }
    },
  );

  test('free text of the sources is not carried over, nor paths of a machine', () => {
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8');
      if (name.endsWith('.csv')) expect(text.split('\n')[0], name).not.toContain('notes');
      expect(text, name).not.toMatch(/\/(home|work|tmp|root|Users)\//);
    }
  });
});

describe('a folder that contradicts its list of sources is refused', () => {
  function copy(): string {
    const target = mkdtempSync(join(tmpdir(), 'configiq-measured-'));
    onTestFinished(() => rmSync(target, { recursive: true, force: true }));
    mkdirSync(join(target, 'measurements'));
    for (const name of ['sources.json', ...readdirSync(folder)])
      cpSync(join(folder, name), join(target, 'measurements', name));
    return target;
  }

  test('a missing file is named', async () => {
    const target = copy();
    rmSync(join(target, 'measurements/accelmark.csv'));
    await expect(bundledMeasurements(target)).rejects.toThrow(/measurements\/accelmark\.csv does not exist/);
  });

  test('more rows than the source says, and rows of another source', async () => {
    const target = copy();
    const path = join(target, 'measurements/nm_vllm_nightly.csv');
    const text = readFileSync(path, 'utf8');
    const [, first = ''] = text.split('\n');
    writeFileSync(path, `${text}${first}\n`);
    await expect(bundledMeasurements(target)).rejects.toThrow(
      'measurements/sources.json: rows of nm_vllm_nightly: are 4, and measurements/nm_vllm_nightly.csv has 5: correct it.',
    );
    writeFileSync(path, text.replaceAll(',nm_vllm_nightly,', ',accelmark,'));
    await expect(bundledMeasurements(target)).rejects.toThrow(/source_id of nm_vllm_nightly-0001: is "accelmark"/);
  });
});
