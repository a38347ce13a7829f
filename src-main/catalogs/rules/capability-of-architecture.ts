import { wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** NVIDIA "CUDA GPU Compute Capability"; AMD ROCm "GPU hardware specifications". */
const CAPABILITIES: Record<string, string[]> = {
  Pascal: ['6.0', '6.1'],
  Volta: ['7.0'],
  Turing: ['7.5'],
  Ampere: ['8.0', '8.6'],
  'Ada Lovelace': ['8.9'],
  Hopper: ['9.0'],
  Blackwell: ['10.0', '12.0', '12.1'],
  'Blackwell Ultra': ['10.3'],
  'CDNA 2': ['gfx90a'],
  'CDNA 3': ['gfx942'],
  'CDNA 4': ['gfx950'],
};

export const capabilityOfArchitecture: CatalogRule = {
  name: 'capability-of-architecture',
  sentence: 'The compute capability is one of the architecture.',
  check: ({ gpus }) =>
    gpus.flatMap(({ id, architecture, computeCapability }) => {
      const known = CAPABILITIES[architecture];
      if (!known || (computeCapability !== null && known.includes(computeCapability))) return [];
      const text = `${architecture} has ${known.join(' or ')}: correct it, or the architecture.`;
      return [wrong(id, 'compute_capability', computeCapability, text)];
    }),
};
