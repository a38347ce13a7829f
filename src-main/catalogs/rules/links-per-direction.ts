import type { Gpu } from '../../../src-worker/engine/hardware/types.ts';
import { gbPerSFromBytesPerS } from '../../../src-worker/engine/units.ts';
import { asWritten, doubtful, wrong } from './entries.ts';
import type { CatalogRule, Finding } from './types.ts';

/**
 * GB/s of one GPU in one direction: links times the rate of one. NVLink 1: 4 x 20, 2: 6 x 25, 3: 12 x 25, 4: 18 x 25,
 * 5: 18 x 50 (NVIDIA Pascal, Volta, Ampere, Hopper and Blackwell whitepapers); ICI of TPU v5p: 6 x 100 (Google Cloud TPU
 * documentation).
 */
const LINK_CEILINGS: Record<string, number> = {
  nvlink1: 80,
  nvlink2: 150,
  nvlink3: 300,
  nvlink4: 450,
  nvlink5: 900,
  ici: 600,
};

/**
 * Links whose name says no generation, by architecture: Infinity Fabric 8 x 50, 7 x 64 and 7 x 76.8 (AMD MI250X, MI300X
 * and MI355X data sheets); Ethernet 21 x 100 and 21 x 200 Gbit/s (Intel Gaudi 2 and 3 whitepapers).
 */
const LINK_CEILINGS_BY_ARCHITECTURE: Record<string, number> = {
  'xgmi CDNA 2': 400,
  'xgmi CDNA 3': 448,
  'xgmi CDNA 4': 537.5,
  'roce Gaudi 2': 262.5,
  'roce Gaudi 3': 525,
};

const NVLINK_GENERATIONS: Record<string, number> = {
  Pascal: 1,
  Volta: 2,
  Ampere: 3,
  Hopper: 4,
  Blackwell: 5,
  'Blackwell Ultra': 5,
};

/** GB/s of 16 lanes in one direction, rounded as data sheets do, by the PCI Express generation of the architecture. */
const PCIE_CEILINGS: Record<string, number> = {
  Pascal: 16,
  Volta: 16,
  Turing: 16,
  Ampere: 32,
  'Ada Lovelace': 32,
  Hopper: 64,
  Blackwell: 64,
  'Blackwell Ultra': 128,
  'CDNA 2': 32,
  'CDNA 3': 64,
  'CDNA 4': 64,
  'Gaudi 2': 32,
  'Gaudi 3': 64,
};

/** Data sheets round. */
const TOLERANCE = 0.02;

export const linksPerDirection: CatalogRule = {
  name: 'links-per-direction',
  sentence: 'A GPU’s links are of its generation and their rates are of one direction: half of the headline.',
  check: ({ gpus }) => gpus.flatMap((gpu) => [...linkFindings(gpu), ...pcieFindings(gpu)]),
};

function linkFindings({ id, architecture, linkKind, linkBandwidthPerDirectionBytesPerS: own }: Gpu): Finding[] {
  const rateField = 'link_gb_per_s_per_direction';
  if (linkKind === null) {
    return own === null ? [] : [wrong(id, rateField, inFile(own), 'and link_kind is null: give both or neither.')];
  }
  if (own === null) return [wrong(id, rateField, null, `and link_kind is ${linkKind}: give both or neither.`)];

  const kind = linkKind.replace(/-bridge$/, '');
  const generation = NVLINK_GENERATIONS[architecture];
  if (kind.startsWith('nvlink') && generation !== undefined && kind !== `nvlink${generation}`) {
    return [wrong(id, 'link_kind', linkKind, `${architecture} has nvlink${generation}: correct it.`)];
  }
  const ceiling = LINK_CEILINGS[kind] ?? LINK_CEILINGS_BY_ARCHITECTURE[`${kind} ${architecture}`];
  if (ceiling === undefined) {
    const known = Object.keys(LINK_CEILINGS).join(', ');
    return [
      doubtful(id, 'link_kind', linkKind, `is not known on ${architecture} (${known}): its rate is not checked.`),
    ];
  }
  if (inFile(own) <= ceiling * (1 + TOLERANCE)) return [];
  return [
    wrong(id, rateField, inFile(own), `${linkKind} reaches ${ceiling} GB/s in one direction: halve the headline.`),
  ];
}

function pcieFindings({ id, architecture, pcieBandwidthPerDirectionBytesPerS: own }: Gpu): Finding[] {
  const ceiling = PCIE_CEILINGS[architecture];
  if (own === null || ceiling === undefined || inFile(own) <= ceiling * (1 + TOLERANCE)) return [];
  const text = `16 lanes of ${architecture} carry ${ceiling} GB/s in one direction: halve the headline.`;
  return [wrong(id, 'pcie_gb_per_s_per_direction', inFile(own), text)];
}

const inFile = (bytesPerS: number): number => asWritten(gbPerSFromBytesPerS(bytesPerS));
