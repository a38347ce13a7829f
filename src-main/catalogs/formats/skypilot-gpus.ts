import { ConfigIqError } from '../../../src-worker/engine/errors.ts';
import { resolveGpuId } from '../../../src-worker/engine/hardware/resolve.ts';
import { gpuFromFile } from '../convert.ts';
import type { LayeredCatalog } from '../layers.ts';

/** Names of SkyPilot that are no short form of ours, or mean one of several (its `A100` has 40 GB, its V100 16). */
const IDS: Readonly<Record<string, string>> = {
  A100: 'nvidia-a100-40gb',
  'A100-80GB': 'nvidia-a100-80gb',
  'A100-80GB-SXM': 'nvidia-a100-80gb',
  H100: 'nvidia-h100-80gb',
  'H100-SXM': 'nvidia-h100-80gb',
  'H100-MEGA': 'nvidia-h100-80gb',
  'H200-SXM': 'nvidia-h200',
  V100: 'nvidia-v100-16gb',
  'V100-16GB': 'nvidia-v100-16gb',
  'V100-32GB': 'nvidia-v100-32gb',
  GH200: 'nvidia-gh200-96gb',
  RTX3090: 'nvidia-rtx-3090',
  RTX4090: 'nvidia-rtx-4090',
  RTX5090: 'nvidia-rtx-5090',
  RTXA6000: 'nvidia-rtx-a6000',
  A6000: 'nvidia-rtx-a6000',
  'RTX6000-Ada': 'nvidia-rtx-6000-ada',
  RTXPRO6000: 'nvidia-rtx-pro-6000-blackwell',
};

/** What a plain name means at one provider: the board it sells under it, where that is not SXM. */
const IDS_AT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // RunPod says SXM and NVL in the name, and PCIe by saying nothing.
  runpod: { H100: 'nvidia-h100-pcie', 'A100-80GB': 'nvidia-a100-80gb-pcie' },
};

/** Sizes of a name are sold with one board, whatever the sheet calls it. Azure: NC are PCIe boards, ND SXM. */
const BOARDS: Readonly<Record<string, readonly { instance: RegExp; gpu: string; id: string }[]>> = {
  azure: [{ instance: /^Standard_NC.*_A100_v4/i, gpu: 'A100-80GB', id: 'nvidia-a100-80gb-pcie' }],
};

export const isTpu = (name: string): boolean => /^tpu/i.test(name);

export interface GpuNames {
  /** Our id of a GPU that SkyPilot names, alone or in an instance; null = without facts of ours. */
  idOf(name: string, instance?: string): string | null;
}

export function gpuNames({ gpus }: LayeredCatalog, provider: string): GpuNames {
  const facts = gpus.map((gpu) => gpuFromFile(gpu.facts));
  const ids = new Set(facts.map(({ id }) => id));
  const found = new Map<string, string | null>();
  const look = (name: string): string | null => {
    const id = IDS_AT[provider]?.[name] ?? IDS[name];
    if (id !== undefined && ids.has(id)) return id;
    try {
      return resolveGpuId({ gpus: facts }, name);
    } catch (thrown) {
      if (thrown instanceof ConfigIqError) return null;
      throw thrown;
    }
  };
  return {
    idOf(name, instance = '') {
      const board = BOARDS[provider]?.find((one) => one.gpu === name && one.instance.test(instance));
      if (board && ids.has(board.id)) return board.id;
      let id = found.get(name);
      if (id === undefined) found.set(name, (id = look(name)));
      return id;
    },
  };
}
