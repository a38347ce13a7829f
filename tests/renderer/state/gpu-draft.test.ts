import { describe, expect, test } from 'vitest';
import {
  gpuId,
  gpuLike,
  newGpu,
  readGpu,
  type GpuDraft,
  type GpuField,
} from '../../../src-renderer/state/gpu-draft.ts';
import { gpuEntrySchema } from '../../../src-worker/protocol/catalog-files.ts';
import { BOOK, fact } from '../fixtures/catalogs.ts';

const [L40S] = BOOK.gpus;
if (!L40S) throw new Error('the fixtures have no GPU');

const TEXTS: Partial<Record<GpuField, string>> = {
  ...{
    name: 'NVIDIA X1 80GB',
    architecture: 'Hopper',
    form_factor: 'PCIe',
    memory_type: 'HBM3',
    source: 'a data sheet',
  },
  ...{ memory_marketed_gb: '80', memory_driver_gib: '79.6', memory_bandwidth_gb_per_s: '3,000' },
  ...{ fp16_dense_tflops: '800', fp8_dense_tflops: '1600', compute_capability: '9.0', tdp_watts: '350' },
};
const drafted = (texts: Partial<Record<GpuField, string>> = {}, rest: Partial<GpuDraft> = {}): GpuDraft => ({
  ...newGpu(),
  ...rest,
  texts: { ...newGpu().texts, ...TEXTS, ...texts },
});
const problemsOf = (draft: GpuDraft) => {
  const reading = readGpu(draft, BOOK.gpus);
  return reading.kind === 'bad' ? reading.problems : {};
};

describe('a GPU that is described', () => {
  test('becomes a catalog file with one entry that the schema takes', () => {
    const reading = readGpu(drafted(), BOOK.gpus);
    if (reading.kind === 'bad') expect.fail(JSON.stringify(reading.problems));
    expect(reading.fileName).toBe('nvidia-x1-80gb.json');
    const file = JSON.parse(reading.text) as { schema_version: number; gpus: unknown[] };
    expect(file).toMatchObject({ schema_version: 1 });
    const entry = gpuEntrySchema.parse(file.gpus[0]);
    expect(entry).toMatchObject({
      ...{ id: 'nvidia-x1-80gb', memory_bandwidth_gb_per_s: 3000, fp8_dense_tflops: 1600, supports_bf16: true },
      // 0.99 × 79.6 GiB.
      ...{ memory_usable_gib: 78.8, memory_usable_basis: 'estimate: 0.99 of the driver total' },
      ...{ link_kind: null, link_gb_per_s_per_direction: null, pcie_gb_per_s_per_direction: null, tdp_watts: 350 },
    });
    // Absent says that there are no units; null would say that nobody knows.
    expect(entry).not.toHaveProperty('int8_dense_tops');
  });

  test('says field by field what it lacks', () => {
    expect(Object.keys(problemsOf(newGpu())).sort()).toEqual([
      ...['architecture', 'form_factor', 'fp16_dense_tflops', 'memory_bandwidth_gb_per_s', 'memory_driver_gib'],
      ...['memory_marketed_gb', 'memory_type', 'name', 'source'],
    ]);
    expect(problemsOf(drafted({ memory_bandwidth_gb_per_s: 'fast' }))['memory_bandwidth_gb_per_s']).toMatch(
      /^Bandwidth takes .*3350/,
    );
    expect(problemsOf(drafted({ compute_capability: 'nine' }))).toEqual({
      compute_capability: 'Capability looks like 9.0 or gfx942.',
    });
    expect(problemsOf(drafted({}, { link_kind: 'nvlink4' }))).toEqual({
      link_gb_per_s_per_direction: 'Link is missing: give its bandwidth, for example 450, or choose PCIe alone.',
    });
  });

  test('is none of those that are known', () => {
    expect(problemsOf(drafted({ name: 'L40S' }))['name']).toMatch(/^nvidia-l40s is in the catalogs/);
    expect(gpuId(drafted({ name: 'AMD Lab-9 (rev. B)' }, { vendor: 'amd' }))).toBe('amd-lab-9-rev-b');
  });

  test('begins with the figures of one that is known, but not with its name and source', () => {
    const known = { ...L40S, facts: [...L40S.facts, fact('link_kind', 'Link', 'nvlink4')] };
    const draft = gpuLike(known);
    expect(draft).toMatchObject({ vendor: 'nvidia', supports_bf16: true, link_kind: 'nvlink4' });
    expect(draft.texts).toMatchObject({ memory_marketed_gb: '48', fp16_dense_tflops: '362', name: '', source: '' });
    expect(draft.texts.tdp_watts).toBe('');
  });
});
