import { describe, expect, it } from 'vitest';
import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { linksOf, ownInstances, type OwnMachine } from '../../../src-worker/engine/hardware/own.ts';
import type { Instance } from '../../../src-worker/engine/hardware/types.ts';
import { gpuGroup, planKey } from '../../../src-worker/engine/sizing/plan-groups.ts';
import { gibFromBytes } from '../../../src-worker/engine/units.ts';
import { facts, gpuOf } from '../world.ts';

const machine = (more: Partial<OwnMachine> = {}): OwnMachine => ({
  name: 'box',
  gpu: 'nvidia-a100-40gb',
  gpuCount: 1,
  gpuMemoryGb: null,
  vcpus: null,
  hostMemoryGib: null,
  interconnect: null,
  usdPerHour: null,
  ...more,
});

function one(more: Partial<OwnMachine> = {}): Instance {
  const [instance] = ownInstances([machine(more)], facts);
  if (!instance) throw new Error('no machine');
  return instance;
}

function refusal(...machines: OwnMachine[]): ConfigIqError {
  try {
    ownInstances(machines, facts);
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

const codes = ({ own }: Instance): string[] => (own?.remarks ?? []).map(({ code }) => code);

describe('own hardware as an instance', () => {
  it('stands with the provider and in the region "own", priced only where a price was given', () => {
    const free = one();
    expect([free.provider, free.layer, free.status, free.gpuId]).toEqual([
      'own',
      'file',
      'current',
      'nvidia-a100-40gb',
    ]);
    expect(free.offers).toEqual([
      { region: 'own', onDemandUsdPerHour: null, spotUsdPerHour: null, priceAsOf: null, priceSource: null, zones: [] },
    ]);
    expect(one({ usdPerHour: 1.5 }).offers[0]).toMatchObject({ onDemandUsdPerHour: 1.5, spotUsdPerHour: null });
    expect(gibFromBytes(one({ hostMemoryGib: 256 }).hostMemoryBytes ?? 0)).toBe(256);
    expect(one().hostMemoryBytes).toBeNull();
  });

  it('takes short forms of GPUs, and names near ones for those nobody knows', () => {
    expect(one({ gpu: 'L4' }).gpuId).toBe('nvidia-l4');
    const unknown = refusal(machine({ gpu: 'h10' }));
    expect(unknown).toMatchObject({ family: 'invalid_input', code: 'unknown_gpu' });
    expect(unknown.message).toContain('nvidia-h100-80gb');
    expect(unknown.details).toMatchObject({ machine: 0, field: 'gpu' });
    expect(refusal(machine({ gpu: 'a100' })).code).toBe('ambiguous_gpu');
  });

  it('names the machine where there are several, and refuses a name twice whatever its case', () => {
    const second = refusal(machine(), machine({ name: 'second', gpu: 'h10' }));
    expect(second.message).toMatch(/^second: unknown GPU/);
    expect(second.details).toMatchObject({ machine: 1 });
    const twice = refusal(machine(), machine({ name: 'BOX' }));
    expect(twice).toMatchObject({ code: 'own_name_taken', details: { machine: 1, field: 'name' } });
  });

  it('counts whole GPUs, or a share of one', () => {
    expect(refusal(machine({ gpuCount: 1.5 })).message).toContain('a share below 1');
    expect(gpuGroup(one({ gpuCount: 0.5 }))).toEqual({ gpus: 1, share: 0.5 });
    expect(gpuGroup(one({ gpuCount: 8 }))).toEqual({ gpus: 8, share: 1 });
  });
});

describe('memory of own GPUs', () => {
  it.each([40, 39.39, 39.4, 42.3, 40.1])('%d GB is the A100 40GB as it is', (gb) => {
    const instance = one({ gpuMemoryGb: gb });
    expect(instance.own?.gpu).toBeNull();
    expect(codes(instance)).toEqual([]);
    expect(planKey(instance, 1, 'fp16')).toBe(planKey(one(), 1, 'fp16'));
  });

  it('48 GB on an A100 40GB leave 48 · 39.39 / 40 GiB, said in a remark, and are a group of their own', () => {
    const instance = one({ gpuMemoryGb: 48 });
    expect(gibFromBytes(instance.own?.gpu?.usableMemoryBytes ?? 0)).toBeCloseTo((48 * 39.39) / 40, 6);
    expect(instance.own?.gpu).toMatchObject({ id: 'nvidia-a100-40gb', name: 'NVIDIA A100 SXM4 40GB with 48 GB' });
    expect(instance.own?.remarks[0]?.sentence).toMatch(/48 GB .* in place of the 40 .* 47\.27 GiB .* proportion/);
    expect(planKey(instance, 1, 'fp16')).not.toBe(planKey(one(), 1, 'fp16'));
    // Everything else stays that of the catalog.
    const { usableMemoryBytes, name, ...rest } = instance.own?.gpu ?? gpuOf('nvidia-l4');
    const { usableMemoryBytes: ownBytes, name: ownName, ...known } = gpuOf('nvidia-a100-40gb');
    expect([usableMemoryBytes > ownBytes, name === ownName, rest]).toEqual([true, false, known]);
  });

  it('the figure of a slice is its own: 1g.10gb of an A100 80GB has 1/7 of the compute and 10 GB', () => {
    const instance = one({ gpu: 'nvidia-a100-80gb', gpuCount: 1 / 7, gpuMemoryGb: 10 });
    const { share } = gpuGroup(instance);
    const usableOfSlice = gibFromBytes((instance.own?.gpu?.usableMemoryBytes ?? 0) * share);
    expect(usableOfSlice).toBeCloseTo((10 * 79.15) / 80, 6);
    expect(one({ gpu: 'nvidia-a100-80gb', gpuCount: 0.5, gpuMemoryGb: 40 }).own?.gpu).toBeNull();
    expect(one({ gpu: 'nvidia-a100-80gb', gpuCount: 0.5, gpuMemoryGb: 80 }).own?.gpu).toBeNull();
    expect(refusal(machine({ gpu: 'nvidia-a100-80gb', gpuCount: 0.5, gpuMemoryGb: 96 })).message).toContain('a slice');
  });

  it.each([
    [81_920, /81920 GB is no memory of one GPU; read as MiB it would be 80 GiB: give GB/],
    [0.08, /0\.08 GB is no memory of one GPU: give GB of one GPU, for example 40/],
    [85_899_345_920, /no memory of one GPU: give GB/],
  ])('%d fits no unit', (gb, sentence) => {
    const refused = refusal(machine({ gpuMemoryGb: gb }));
    expect(refused).toMatchObject({ code: 'own_gpu_memory', details: { field: 'gpu_vram_gb' } });
    expect(refused.message).toMatch(sentence);
  });
});

describe('links of own GPUs', () => {
  it('are PCIe unless stated, said where the GPU could have more', () => {
    expect(one({ gpuCount: 4 })).toMatchObject({ interconnect: 'pcie' });
    expect(codes(one({ gpuCount: 4 }))).toEqual(['link_assumed']);
    expect(codes(one({ gpuCount: 4, gpu: 'nvidia-l4' }))).toEqual([]);
    expect(codes(one({ gpuCount: 4, interconnect: 'pcie' }))).toEqual([]);
    expect(one({ gpuCount: 4, interconnect: 'nvswitch' })).toMatchObject({ interconnect: 'nvswitch' });
    expect(one({ gpuCount: 1, interconnect: 'nvlink' })).toMatchObject({ interconnect: 'none' });
  });

  it('must be some that the GPU has', () => {
    expect(linksOf(gpuOf('nvidia-h100-80gb'))).toEqual(['pcie', 'nvlink', 'nvswitch']);
    expect(linksOf(gpuOf('nvidia-a40'))).toEqual(['pcie', 'nvlink-bridge']);
    expect(linksOf(gpuOf('amd-mi300x'))).toEqual(['pcie', 'xgmi']);
    expect(refusal(machine({ gpu: 'nvidia-l4', gpuCount: 2, interconnect: 'nvlink' }))).toMatchObject({
      code: 'own_link',
      details: { field: 'interconnect' },
    });
  });

  it('of the catalog are all among those it names for the GPU', () => {
    for (const { gpuId, gpuCount, interconnect, name } of facts.instances) {
      if (gpuCount > 1 && interconnect !== 'none') expect([name, ...linksOf(gpuOf(gpuId))]).toContain(interconnect);
    }
  });
});
