import { describe, expect, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readCatalogFile } from '../../src-main/catalogs/files.ts';
import { bytesFromGib } from '../../src-worker/engine/units.ts';
import { gpusFileSchema } from '../../src-worker/protocol/catalog-files.ts';

const { content } = readCatalogFile(bundledCatalogsFolder(), 'gpus.json', gpusFileSchema);
const { gpus } = loadFacts(bundledCatalogsFolder());
const capability = (text: string | null): number => Number.parseFloat(text ?? '');

describe('GPU facts', () => {
  test('every GPU of the collected data is there, once', () => {
    expect(content.gpus.length).toBeGreaterThanOrEqual(47);
    expect(new Set(content.gpus.map(({ id }) => id)).size).toBe(content.gpus.length);
    const names = content.gpus.flatMap(({ id, aliases }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('a GPU without peer-to-peer over PCIe says by what source, and no other does', () => {
    const without = content.gpus.filter((gpu) => gpu.pcie_peer_to_peer === false);
    expect(without.map(({ name }) => name).sort()).toEqual(
      content.gpus.flatMap(({ name }) => (name.includes('GeForce') ? [name] : [])).sort(),
    );
    for (const gpu of content.gpus) {
      const basis = gpu.pcie_peer_to_peer_basis;
      if (gpu.pcie_peer_to_peer === false)
        expect(basis, gpu.id).toMatch(/GeForce .*NVIDIA, CUDA and NCCL documentation/);
      else expect(basis, gpu.id).toBeUndefined();
    }
  });

  test('ids begin with the vendor', () => {
    for (const gpu of content.gpus) expect(gpu.id.startsWith(`${gpu.vendor}-`), gpu.id).toBe(true);
  });

  test('no FP8 rate on NVIDIA GPUs without FP8 units (below compute capability 8.9), nor on CDNA 2', () => {
    const without = content.gpus.filter(
      (gpu) => (gpu.vendor === 'nvidia' && capability(gpu.compute_capability) < 8.9) || gpu.architecture === 'CDNA 2',
    );
    expect(without.length).toBeGreaterThan(15);
    for (const gpu of without) expect(gpu.fp8_dense_tflops, gpu.id).toBeUndefined();
  });

  test('no FP4 rate below compute capability 10', () => {
    for (const gpu of content.gpus) {
      if (gpu.vendor === 'nvidia' && gpu.fp4_dense_tflops !== undefined) {
        expect(capability(gpu.compute_capability), gpu.id).toBeGreaterThanOrEqual(10);
      }
    }
  });

  test('bf16 from compute capability 8.0 on, and not before', () => {
    for (const gpu of content.gpus) {
      if (gpu.vendor === 'nvidia') expect(gpu.supports_bf16, gpu.id).toBe(capability(gpu.compute_capability) >= 8);
    }
  });

  test('dense peaks: FP8 is twice FP16 (a sparse figure would be four times), Gaudi 3 excepted', () => {
    for (const gpu of content.gpus) {
      if (gpu.fp8_dense_tflops === undefined) continue;
      const ratio = gpu.fp8_dense_tflops / gpu.fp16_dense_tflops;
      expect(ratio, gpu.id).toBeCloseTo(gpu.id === 'intel-gaudi3' ? 1 : 2, 1);
    }
  });

  test('dense peaks: FP4 is four to eight times FP16', () => {
    for (const gpu of content.gpus) {
      if (gpu.fp4_dense_tflops === undefined) continue;
      const ratio = gpu.fp4_dense_tflops / gpu.fp16_dense_tflops;
      expect(ratio, gpu.id).toBeGreaterThan(3.9);
      expect(ratio, gpu.id).toBeLessThan(8.1);
    }
  });

  test('usable memory is a little below what the driver reports, which is at most the marketed size', () => {
    for (const gpu of content.gpus) {
      expect(gpu.memory_usable_gib, gpu.id).toBeLessThanOrEqual(gpu.memory_driver_gib);
      expect(gpu.memory_usable_gib, gpu.id).toBeGreaterThan(gpu.memory_driver_gib * 0.95);
      expect(gpu.memory_driver_gib, gpu.id).toBeLessThanOrEqual(gpu.memory_marketed_gb);
      expect(gpu.memory_driver_gib, gpu.id).toBeGreaterThan(gpu.memory_marketed_gb * 0.9);
    }
  });

  test('bandwidth per kind of memory is what such memory can do', () => {
    for (const gpu of content.gpus) {
      const [low, high] = gpu.memory_type.startsWith('HBM') ? [700, 8200] : [150, 1900];
      expect(gpu.memory_bandwidth_gb_per_s, gpu.id).toBeGreaterThan(low);
      expect(gpu.memory_bandwidth_gb_per_s, gpu.id).toBeLessThan(high);
    }
  });

  test('links are one direction: half of the headline', () => {
    const link = (id: string): number | null | undefined =>
      content.gpus.find((gpu) => gpu.id === id)?.link_gb_per_s_per_direction;
    expect(link('nvidia-h100-80gb')).toBe(450);
    expect(link('nvidia-a100-80gb')).toBe(300);
    expect(link('nvidia-b200')).toBe(900);
    expect(link('amd-mi300x')).toBe(448);
    expect(link('nvidia-l4')).toBeNull();
    for (const gpu of content.gpus) {
      expect(gpu.link_kind === null, gpu.id).toBe(gpu.link_gb_per_s_per_direction === null);
    }
  });

  test('the datasheet figures of an H100 reach the engine in its units', () => {
    const h100 = gpus.find(({ id }) => id === 'nvidia-h100-80gb');
    expect(h100).toMatchObject({
      memoryBandwidthBytesPerS: 3.35e12,
      peaks: { fp16FlopPerS: 989.4e12, fp8FlopPerS: 1978.9e12, int8OpPerS: 1978.9e12 },
      linkBandwidthPerDirectionBytesPerS: 450e9,
      pcieBandwidthPerDirectionBytesPerS: 64e9,
      computeCapability: '9.0',
    });
    expect(h100?.usableMemoryBytes).toBe(bytesFromGib(79.18));
    expect(h100?.peaks).not.toHaveProperty('fp4FlopPerS');
  });

  test('every fact says where it was found', () => {
    for (const gpu of content.gpus) expect(gpu.source.length, gpu.id).toBeGreaterThan(5);
  });
});
