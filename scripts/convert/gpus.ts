import type { GpusFile, GpuFileEntry } from '../../src-worker/protocol/catalog-files.ts';
import { numberOf, numberOrNull, readCsv, textOf, textOrNull, type Row } from './read.ts';

/** Month the hardware facts were collected in, by the data folder's README. */
const RETRIEVED = '2026-11';

/**
 * Short forms people type. Names that fit several GPUs (`a100`, `v100`, `h20`) are left out on purpose: the look-up then
 * lists the candidates instead of choosing one.
 */
const ALIASES: Record<string, string[]> = {
  'nvidia-v100-16gb': ['v100-sxm2-16gb', 'tesla-v100-sxm2-16gb'],
  'nvidia-v100-32gb': ['v100-sxm2-32gb', 'tesla-v100-sxm2-32gb'],
  'nvidia-v100s-32gb': ['v100s'],
  'nvidia-v100-16gb-pcie': ['v100-pcie', 'v100-pcie-16gb'],
  'nvidia-t4': ['tesla-t4'],
  'nvidia-a100-40gb': ['a100-sxm4-40gb', 'a100-sxm-40gb', 'a100-40gb-sxm'],
  'nvidia-a100-80gb': ['a100-sxm4-80gb', 'a100-sxm-80gb', 'a100-80gb-sxm'],
  'nvidia-a100-80gb-pcie': ['a100-pcie', 'a100-pcie-80gb'],
  'nvidia-a800-80gb': ['a800'],
  'nvidia-rtx-a6000': ['a6000'],
  'nvidia-rtx-6000-ada': ['6000-ada'],
  'nvidia-rtx-4000-ada': ['4000-ada'],
  'nvidia-rtx-3090': ['3090'],
  'nvidia-rtx-4090': ['4090'],
  'nvidia-rtx-4090d': ['4090d', 'rtx-4090-d'],
  'nvidia-rtx-5090': ['5090'],
  'nvidia-rtx-pro-6000-blackwell': ['rtx-pro-6000', 'pro-6000', 'rtxpro6000', 'rtx-pro-6000-server'],
  'nvidia-h100-80gb': ['h100', 'h100-sxm', 'h100-sxm5', 'h100-sxm-80gb', 'h100-80gb-sxm', 'h100-80gb-hbm3'],
  'nvidia-h100-pcie': ['h100-80gb-pcie'],
  'nvidia-h100-nvl': ['h100-nvl-94gb'],
  'nvidia-h200': ['h200-sxm', 'h200-141gb'],
  'nvidia-gh200-96gb': ['gh200'],
  'nvidia-b200': ['b200-sxm', 'b200-180gb'],
  'nvidia-b300': ['b300-sxm'],
  'intel-gaudi2': ['gaudi-2'],
  'intel-gaudi3': ['gaudi-3'],
  'google-tpu-v5e': ['v5e'],
  'google-tpu-v5p': ['v5p'],
  'google-tpu-v6e': ['v6e', 'trillium'],
};

const NO_PEER_TO_PEER_BASIS =
  'GeForce drivers offer no peer-to-peer over PCIe: NVIDIA, CUDA and NCCL documentation (peer access)';
const hasPeerToPeer = (row: Row): boolean => !textOf(row, 'name').includes('GeForce');

/** A GeForce card's NVLink joins two cards over a bridge, as on the workstation cards that the data name so. */
const BRIDGED = new Set(['nvidia-rtx-3090']);

export function convertGpus(folder: string): { file: GpusFile; notes: string[] } {
  const rows = readCsv(folder, 'hardware/gpus.csv');
  const notes = [
    `gpus.json: ${rows.length} GPUs; link figures halved to one direction; TF32, FP32 and INT4 peaks, SM counts and L2 sizes left out.`,
    ...[...BRIDGED].map((id) => `gpus.json: ${id}: its NVLink is written as a bridge between two cards.`),
  ];
  return { file: { schema_version: 1, retrieved: RETRIEVED, gpus: rows.map(gpu) }, notes };
}

function gpu(row: Row): GpuFileEntry {
  const id = textOf(row, 'id');
  const vendor = textOf(row, 'vendor') as GpuFileEntry['vendor'];
  const linkBothWays = numberOrNull(row, 'link_bidirectional_gbps');
  const linkType = textOrNull(row, 'link_type');
  return {
    id,
    name: textOf(row, 'name'),
    aliases: [id.slice(vendor.length + 1), ...(ALIASES[id] ?? [])],
    vendor,
    architecture: textOf(row, 'architecture'),
    form_factor: textOf(row, 'form_factor'),
    memory_marketed_gb: numberOf(row, 'memory_gb'),
    memory_driver_gib: numberOf(row, 'memory_gib'),
    memory_usable_gib: numberOf(row, 'memory_gib_usable'),
    memory_usable_basis: textOf(row, 'memory_gib_usable_basis'),
    memory_type: textOf(row, 'memory_type'),
    memory_bandwidth_gb_per_s: numberOf(row, 'memory_bandwidth_gbps'),
    fp16_dense_tflops: numberOf(row, 'fp16_dense_tflops'),
    ...peak(row, 'fp8_dense_tflops'),
    ...peak(row, 'int8_dense_tops'),
    ...peak(row, 'fp4_dense_tflops'),
    supports_bf16: textOf(row, 'bf16_supported') === 'yes',
    compute_capability: textOrNull(row, 'compute_capability'),
    link_kind: linkType && BRIDGED.has(id) ? `${linkType}-bridge` : linkType,
    link_gb_per_s_per_direction: linkBothWays === null ? null : linkBothWays / 2,
    pcie_gb_per_s_per_direction: numberOrNull(row, 'pcie_gbps_per_direction'),
    ...(!hasPeerToPeer(row) && { pcie_peer_to_peer: false, pcie_peer_to_peer_basis: NO_PEER_TO_PEER_BASIS }),
    tdp_watts: numberOrNull(row, 'tdp_w'),
    source: textOf(row, 'source'),
    notes: textOrNull(row, 'notes'),
  };
}

/** The format a GPU lacks has no key at all. */
function peak<Column extends 'fp8_dense_tflops' | 'int8_dense_tops' | 'fp4_dense_tflops'>(
  row: Row,
  column: Column,
): Partial<Record<Column, number>> {
  const value = numberOrNull(row, column);
  return value === null ? {} : ({ [column]: value } as Record<Column, number>);
}
