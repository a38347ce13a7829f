import { describe, expect, test } from 'vitest';
import { errorOf, startService, temporaryFolder, valueOf } from './service.ts';

const OWN_GPU = {
  id: 'nvidia-x1',
  name: 'NVIDIA X1 80GB',
  aliases: ['x1'],
  vendor: 'nvidia',
  architecture: 'Hopper',
  form_factor: 'PCIe',
  memory_marketed_gb: 80,
  memory_driver_gib: 79.6,
  memory_usable_gib: 78.8,
  memory_usable_basis: 'estimate: 0.99 of the driver total',
  memory_type: 'HBM3',
  memory_bandwidth_gb_per_s: 3000,
  fp16_dense_tflops: 800,
  supports_bf16: true,
  compute_capability: '9.0',
  link_kind: null,
  link_gb_per_s_per_direction: null,
  pcie_gb_per_s_per_direction: 64,
  tdp_watts: 350,
  source: 'NVIDIA X1 datasheet',
  notes: null,
};
const gpuFile = (gpus: unknown[]) => ({
  fileName: 'x1.json',
  text: JSON.stringify({ schema_version: 1, gpus }, null, 2),
  format: null,
  provider: null,
});

describe('what the catalogs hold', () => {
  test('every entry with its facts, sources, dates and layer', async () => {
    const { api } = startService(temporaryFolder());
    const book = valueOf(await api.browseCatalog());
    expect(book.gpus.length).toBeGreaterThan(40);
    const l4 = book.gpus.find(({ id }) => id === 'nvidia-l4') ?? expect.fail('no L4');
    expect(l4).toMatchObject({ layer: 'bundled', vendor: 'nvidia' });
    expect(l4.providers).toEqual(expect.arrayContaining(['aws', 'gcp']));
    expect(l4.facts.find(({ key }) => key === 'memory_bandwidth_gb_per_s')).toMatchObject({
      value: 300,
      unit: 'GB/s',
      source: expect.stringContaining('L4') as string,
      asOf: '2026-11',
      canBeCorrected: true,
      correction: null,
    });
    const gcp = book.providers.find(({ id }) => id === 'gcp');
    expect(gcp).toMatchObject({ hasZones: true, newest: '2026-09-17' });
    expect(book.prices.find(({ id }) => id === 'gcp/g2-standard-4/us-central1')).toMatchObject({
      onDemandUsdPerHour: 0.706832,
      asOf: '2026-08-03',
      layer: 'bundled',
    });
    expect(book.workloads.map(({ name }) => name)).toEqual(['chat', 'code', 'rag']);
  });

  test('an imported GPU holds for every question from then on, and after the next start; removed and put back', async () => {
    const folder = temporaryFolder();
    const first = startService(folder);
    const before = valueOf(await first.api.info()).versions.catalog;
    const preview = valueOf(await first.api.previewCatalog(gpuFile([OWN_GPU])));
    expect(preview).toMatchObject({ format: 'configiq', read: 1, problemCount: 0, changeCount: 1 });
    expect(valueOf(await first.api.info()).versions.catalog).toBe(before);
    const entry = valueOf(await first.api.importCatalog(gpuFile([OWN_GPU]), false));
    expect(entry).toMatchObject({ id: 1, name: 'x1.json', counts: { gpus: 1 }, leftOut: 0, problem: null });
    const after = valueOf(await first.api.info()).versions.catalog;
    expect(after).not.toBe(before);
    const load = { model: 'meta-llama/Llama-2-7b-hf', gpu: 'x1', input_tokens: 512, output_tokens: 128, rate: 1 };
    expect(valueOf(await first.api.predict(load)).memory.fits).toBe(true);
    await first.close();

    const second = startService(folder);
    expect(valueOf(await second.api.info()).versions.catalog).toBe(after);
    expect(valueOf(await second.api.predict(load)).memory.fits).toBe(true);
    valueOf(await second.api.removeCatalogImport(1));
    expect(errorOf(await second.api.predict(load))).toMatchObject({ code: 'unknown_gpu' });
    expect(valueOf(await second.api.info()).versions.catalog).toBe(before);
    valueOf(await second.api.restoreCatalogImport(1));
    expect(valueOf(await second.api.browseCatalog()).imports).toMatchObject([{ id: 1, name: 'x1.json' }]);
    expect(errorOf(await second.api.removeCatalogImport(7))).toMatchObject({ code: 'unknown_import' });
  });
});
