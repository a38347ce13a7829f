import { BF16_CAPABILITY, FP8_CAPABILITY } from '../../../src-worker/engine/hardware/capabilities.ts';
import { gpuEntrySchema, type GpuFileEntry } from '../../../src-worker/protocol/catalog-files.ts';
import { issueWords } from '../../../src-worker/protocol/issues.ts';
import { gibFromGb } from '../../../src-worker/engine/units.ts';
import { isSame, wrongUnitProblem } from './checks.ts';
import type { Bounds, Json } from './json-fields.ts';
import type { JsonPath } from './json-places.ts';
import type { SeedReading } from './seed-reading.ts';

const GB: Bounds = { above: 0, most: 10_000, example: 'GB, 80' };
const GB_PER_S: Bounds = { above: 0, most: 100_000, example: 'GB/s, 3350' };
const TFLOPS: Bounds = { above: 0, most: 1e6, example: 'dense TFLOPS, 989' };

/** Their figures and ours: a difference is told, ours count (they mix sparse and dense peaks). False = it cannot be used. */
export function checkSeedGpu(
  gpu: Json,
  known: GpuFileEntry,
  path: JsonPath,
  { problems, notes }: Pick<SeedReading, 'problems' | 'notes'>,
): boolean {
  const vram = gpu['vram_gb'];
  if (typeof vram === 'number' && !isSame(vram, known.memory_marketed_gb)) {
    const words = wrongUnitProblem(vram, 'GiB', known.memory_driver_gib);
    if (words !== null) {
      problems.add([...path, 'vram_gb'], words);
      return false;
    }
  }
  const pairs: [key: string, ours: number | undefined][] = [
    ['vram_gb', known.memory_marketed_gb],
    ['memory_bw_gbps', known.memory_bandwidth_gb_per_s],
    ['fp16_tflops', known.fp16_dense_tflops],
    ['bf16_tflops', known.supports_bf16 ? known.fp16_dense_tflops : undefined],
    ['fp8_tflops', known.fp8_dense_tflops],
    ['int8_tflops', known.int8_dense_tops],
  ];
  const differences = pairs.flatMap(([key, ours]) => {
    const theirs = gpu[key];
    if (typeof theirs !== 'number' || theirs <= 0 || (ours !== undefined && isSame(theirs, ours))) return [];
    return [`${key} ${theirs} (ours ${ours ?? 'none'})`];
  });
  if (differences.length > 0) notes.add(`${known.id}: ${differences.join(', ')}: our facts count.`);
  return true;
}

/** Usable memory over what a GPU is sold with, where nothing is known: 1 % for the driver. */
const USABLE_SHARE = 0.99;
/** Lowest compute capability vLLM runs on: what is known of nothing better. */
const LEAST_CAPABILITY = '7.0';

const VENDORS: [pattern: RegExp, vendor: GpuFileEntry['vendor']][] = [
  [/^(amd|instinct|mi\d)/, 'amd'],
  [/^(intel|gaudi)/, 'intel'],
  [/^(google|tpu)/, 'google'],
];

const twoDecimals = (value: number): number => Math.round(value * 100) / 100;

/**
 * A GPU that no catalog knows, from the little the file says of it, on the careful side. `not described` where it says too
 * little; null after its problems were written down.
 */
export function ownSeedGpu(
  gpu: Json,
  type: string,
  path: JsonPath,
  { problems, fields, notes, source }: SeedReading,
): GpuFileEntry | null | 'not described' {
  const peaks = ['fp16_tflops', 'bf16_tflops', 'fp8_tflops', 'int8_tflops', 'fp32_tflops'];
  const hasPeak = peaks.some((key) => typeof gpu[key] === 'number' && gpu[key] !== 0);
  if (gpu['vram_gb'] === undefined || gpu['memory_bw_gbps'] === undefined || !hasPeak) return 'not described';
  const before = problems.count;
  const vram = fields.number(gpu, 'vram_gb', path, GB);
  const bandwidth = fields.number(gpu, 'memory_bw_gbps', path, GB_PER_S);
  // 0 stands for "has none" in the original's file.
  const peak = (key: string): number | null => (gpu[key] === 0 ? null : fields.optionalNumber(gpu, key, path, TFLOPS));
  const [fp16, bf16, fp8, int8, fp32] = peaks.map(peak);
  if (problems.count > before || vram === null || bandwidth === null) return null;

  const id = type
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/^[-.]+/g, '');
  const vendor = VENDORS.find(([pattern]) => pattern.test(id))?.[1] ?? 'nvidia';
  const given = typeof gpu['compute_capability'] === 'string' ? gpu['compute_capability'] : null;
  const capability = given ?? (vendor === 'nvidia' ? LEAST_CAPABILITY : null);
  const number = vendor === 'nvidia' ? Number(capability) : Number.NaN;
  const hasBf16 = vendor === 'nvidia' ? number >= BF16_CAPABILITY : bf16 !== null;
  const hasFp8 = fp8 != null && (vendor === 'nvidia' ? number >= FP8_CAPABILITY : true);
  const half = fp16 ?? bf16 ?? (fp8 ?? int8 ?? 0) / 2;
  const driverGib = twoDecimals(gibFromGb(vram));
  const facts = {
    id,
    name: type,
    aliases: [],
    vendor,
    architecture: 'unknown',
    form_factor: 'unknown',
    memory_marketed_gb: vram,
    memory_driver_gib: driverGib,
    memory_usable_gib: twoDecimals(driverGib * USABLE_SHARE),
    memory_usable_basis: 'assumed: vram_gb as 10^9 bytes, 99 % of them usable',
    memory_type: 'unknown',
    memory_bandwidth_gb_per_s: bandwidth,
    fp16_dense_tflops: half > 0 ? half : fp32,
    ...(hasFp8 && { fp8_dense_tflops: fp8 }),
    ...(int8 != null && { int8_dense_tops: int8 }),
    supports_bf16: hasBf16,
    compute_capability: capability,
    link_kind: null,
    link_gb_per_s_per_direction: null,
    pcie_gb_per_s_per_direction: null,
    tdp_watts: null,
    source,
    notes: 'From the file alone: peaks taken as dense, links unknown.',
  };
  const checked = gpuEntrySchema.safeParse(facts);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const key = String(issue?.path[0] ?? 'type');
    problems.add(
      [...path, key === 'id' ? 'type' : key],
      issue ? issueWords(issue, { value: facts[key as keyof typeof facts] }) : 'cannot be used',
    );
    return null;
  }
  const assumed =
    given === null && vendor === 'nvidia' ? `, compute capability ${LEAST_CAPABILITY} (the lowest vLLM runs on)` : '';
  notes.add(
    `${id} is in no catalog and becomes a GPU of yours: ${driverGib} GiB, peaks as dense ones${assumed}, no link known. configiq catalog correct ${id} mends single facts.`,
  );
  return checked.data;
}
