import { describe, expect, test } from 'vitest';
import { readCatalogFile } from '../../src-main/catalogs/files.ts';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import type { Workload } from '../../src-worker/engine/workload/types.ts';
import { bytesFromGib } from '../../src-worker/engine/units.ts';
import { engineFileSchema, workloadsFileSchema } from '../../src-worker/protocol/catalog-files.ts';

const folder = bundledCatalogsFolder();
const { workloads, engines, gpus, calibrations } = loadFacts(folder);

/** Version, generation and share of memory, newest first. vLLM takes 0.9 up to 0.21 and 0.92 from 0.22. */
const VERSIONS: Record<string, [string, string, number][]> = {
  vllm: [
    ['0.22', 'vllm-v1-late', 0.92],
    ['0.21', 'vllm-v1-late', 0.9],
    ['0.14', 'vllm-v1b', 0.9],
    ['0.11', 'vllm-v1', 0.9],
    ['0.7', 'vllm-v0', 0.9],
    ['0.5', 'vllm-v0-early', 0.9],
    ['0.2', 'vllm-2023', 0.9],
  ],
  trtllm: [
    ['1.2', 'trtllm', 0.9],
    ['0.16', 'trtllm-2024', 0.9],
  ],
  sglang: [['0.4', 'sglang', 0.88]],
};
const files = readCatalogFile(folder, 'workloads/seed.json', workloadsFileSchema).content.workloads;

function workload(name: string): Workload {
  const found = workloads.find((candidate) => candidate.name === name);
  if (!found) throw new Error(`no workload ${name}`);
  return found;
}

const targetOf = (name: string, metric: string): number | undefined =>
  workload(name).targets.find((target) => target.metric === metric)?.targetMs;

describe('workloads', () => {
  test('chat, rag and code, with the lengths of the seed', () => {
    expect(files.map(({ name }) => name)).toEqual(['chat', 'rag', 'code']);
    expect(workload('chat').input).toEqual({ mean: 50, std: 30, min: 10, max: 500 });
    expect(workload('chat').context).toEqual({ mean: 200, std: 150, min: 0, max: 4000 });
    expect(workload('rag').output).toEqual({ mean: 300, std: 150, min: 50, max: 1500 });
  });

  test('means lie between minimum and maximum', () => {
    for (const { name, input, context, output } of workloads) {
      for (const lengths of [input, output, ...(context ? [context] : [])]) {
        expect(lengths.min, name).toBeLessThan(lengths.mean);
        expect(lengths.mean, name).toBeLessThan(lengths.max);
      }
    }
  });

  test('targets of the seed, stricter at the median than in the tail', () => {
    expect([targetOf('chat', 'ttft_p50'), targetOf('rag', 'ttft_p50'), targetOf('code', 'ttft_p50')]).toEqual([
      200, 800, 500,
    ]);
    expect([targetOf('chat', 'tpot_p50'), targetOf('rag', 'tpot_p50'), targetOf('code', 'tpot_p50')]).toEqual([
      50, 40, 35,
    ]);
    for (const { name } of files) {
      for (const kind of ['ttft', 'tpot']) {
        const [p50 = 0, p95 = 0, p99 = 0] = ['p50', 'p95', 'p99'].map((statistic) =>
          targetOf(name, `${kind}_${statistic}`),
        );
        expect(p50).toBeLessThan(p95);
        expect(p95).toBeLessThan(p99);
      }
    }
  });

  test('TTFT and TPOT targets gate; the end-to-end target is shown for 512 tokens and does not', () => {
    for (const { name } of files) {
      const { targets } = workload(name);
      expect(targets.filter(({ isGating }) => isGating)).toHaveLength(6);
      const e2e = targets.filter(({ isGating }) => !isGating);
      expect(e2e).toMatchObject([{ metric: 'e2e_p50', outputTokens: 512 }]);
    }
    expect(targetOf('chat', 'e2e_p50')).toBe(2000);
  });

  test('code arrives in bursts that do not feed on themselves for ever: excitation below decay', () => {
    expect(workload('code').arrival).toEqual({
      process: 'hawkes',
      burstiness: 3,
      hawkes: { branching: 0.4, decayPerMs: 0.002 },
    });
    const hawkes = files.find(({ name }) => name === 'code')?.arrival.hawkes;
    expect(hawkes?.excitation_per_s).toBeLessThan(hawkes?.decay_per_s ?? 0);
    expect(workload('chat').arrival.process).toBe('poisson');
  });

  test('only retrieval caches prefixes', () => {
    expect(workload('rag').prefixCache).toEqual({ hitFraction: 0.7, cacheableFraction: 0.75 });
    expect(workload('chat').prefixCache).toBeNull();
    expect(workload('code').prefixCache).toBeNull();
  });
});

const vllm = engines.filter(({ engine }) => engine === 'vllm');

describe('engine defaults', () => {
  test('vLLM comes first, the newest version before the others; the newest is 0.22', () => {
    const minor = vllm.map(({ version }) => Number(version.split('.')[1]));
    expect(minor).toEqual(minor.toSorted((a, b) => b - a));
    expect(engines[0]).toMatchObject({ engine: 'vllm', version: '0.22', generation: 'vllm-v1-late' });
  });

  test('every generation of the calibration profile belongs to one version of one engine', () => {
    for (const { name, generations } of calibrations) {
      expect(
        engines
          .map(({ generation }) => generation)
          .filter((generation) => generation !== 'vllm-v1-late')
          .toSorted(),
        name,
      ).toEqual(
        Object.keys(generations)
          .filter((generation) => generation !== 'vllm-v1-late')
          .toSorted(),
      );
    }
  });

  test.each(['vllm', 'trtllm', 'sglang'])('versions of %s', (engine) => {
    const found = engines.filter((entry) => entry.engine === engine);
    expect(
      found.map(({ version, generation, gpuMemoryUtilization }) => [version, generation, gpuMemoryUtilization]),
    ).toEqual(VERSIONS[engine]);
  });

  test('version ranges follow one another without gap or overlap', () => {
    const { versions } = readCatalogFile(folder, 'engines/vllm.json', engineFileSchema).content;
    const minor = (version: string): number => Number(version.split('.')[1]);
    versions.forEach(({ version, from_version: from }, index) => {
      expect(minor(from), version).toBeLessThanOrEqual(minor(version));
      const older = versions[index + 1];
      if (older) expect(minor(older.version), version).toBe(minor(from) - 1);
    });
  });

  test('large GPUs start at 70 GiB, and every A100 counts as small', () => {
    const [newest] = engines;
    expect(newest).toMatchObject({
      large: { maxNumBatchedTokens: 8192, maxNumSeqs: 1024 },
      small: { maxNumBatchedTokens: 2048, maxNumSeqs: 256 },
      largeGpuMemoryBytes: bytesFromGib(70),
      kvBlockTokens: 16,
      minComputeCapability: 7,
    });
    const a100 = gpus.filter(({ name }) => name.includes('A100')).map(({ id }) => id);
    expect(newest?.smallGpuIds.toSorted()).toEqual(a100.toSorted());
  });
});
