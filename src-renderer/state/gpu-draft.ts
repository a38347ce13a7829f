import type { GpuSheet } from '../../src-worker/protocol/catalog-api.ts';
import { parseAmount, type AmountRules } from '../format/parse.ts';

/** A GPU of one's own as it is described: text stays as it was typed, and becomes a catalog file with one entry. */

export const GPU_VENDORS = ['nvidia', 'amd', 'intel', 'google'] as const;
export type GpuVendor = (typeof GPU_VENDORS)[number];

type WordField = 'name' | 'architecture' | 'form_factor' | 'memory_type' | 'compute_capability' | 'source';
export type GpuAmount =
  | 'memory_marketed_gb'
  | 'memory_driver_gib'
  | 'memory_usable_gib'
  | 'memory_bandwidth_gb_per_s'
  | 'fp16_dense_tflops'
  | 'fp8_dense_tflops'
  | 'int8_dense_tops'
  | 'fp4_dense_tflops'
  | 'link_gb_per_s_per_direction'
  | 'pcie_gb_per_s_per_direction'
  | 'tdp_watts';
export type GpuField = WordField | GpuAmount;

export interface GpuDraft {
  vendor: GpuVendor;
  supports_bf16: boolean;
  /** Id of a kind of link; empty = PCIe alone. */
  link_kind: string;
  texts: Record<GpuField, string>;
}

interface FieldSpec {
  label: string;
  /** What it is, or what leaving it empty means. */
  help: string;
  isRequired?: true;
}
export type WordSpec = FieldSpec & { example: string };
export type AmountSpec = FieldSpec & { rules: AmountRules };

export const GPU_WORDS: Record<WordField, WordSpec> = {
  name: { label: 'Name', help: 'with its vendor and what tells it apart', example: 'NVIDIA X1 80GB', isRequired: true },
  architecture: {
    label: 'Architecture',
    help: 'decides what factors its times take',
    example: 'Hopper',
    isRequired: true,
  },
  form_factor: { label: 'Form factor', help: 'PCIe, SXM5, OAM', example: 'PCIe', isRequired: true },
  memory_type: { label: 'Memory type', help: 'as the data sheet says', example: 'HBM3', isRequired: true },
  compute_capability: { label: 'Capability', help: 'of NVIDIA 9.0, of AMD gfx942; empty: none', example: '9.0' },
  source: { label: 'Source', help: 'where the figures are from', example: 'NVIDIA X1 data sheet', isRequired: true },
};

const amount = (label: string, unit: string, max: number, example: string, help: string): AmountSpec => ({
  label,
  help,
  rules: { label, unit, min: 0.001, max, isWhole: false, example },
});
const required = (spec: AmountSpec): AmountSpec => ({ ...spec, isRequired: true });

/** Bounds are those of a catalog file (`gpuEntrySchema`). */
export const GPU_AMOUNTS: Record<GpuAmount, AmountSpec> = {
  memory_marketed_gb: required(amount('Memory as sold', 'GB', 10_000, '80', 'of one GPU')),
  memory_driver_gib: required(
    amount('Memory of the driver', 'GiB', 10_000, '79.6', 'as nvidia-smi or rocm-smi reports it'),
  ),
  memory_usable_gib: amount('Usable memory', 'GiB', 10_000, '78.8', 'what CUDA reports; empty: 0.99 of the driver’s'),
  memory_bandwidth_gb_per_s: required(amount('Bandwidth', 'GB/s', 100_000, '3350', 'of its memory, at the peak')),
  fp16_dense_tflops: required(amount('16 bit', 'TFLOP/s', 1e6, '989', 'dense: half of a figure with sparsity')),
  fp8_dense_tflops: amount('FP8', 'TFLOP/s', 1e6, '1979', 'dense; empty: no units for it'),
  int8_dense_tops: amount('INT8', 'TOP/s', 1e6, '1979', 'dense; empty: no units for it'),
  fp4_dense_tflops: amount('FP4', 'TFLOP/s', 1e6, '4500', 'dense; empty: no units for it'),
  link_gb_per_s_per_direction: amount('Link', 'GB/s', 10_000, '450', 'one direction: half of the headline figure'),
  pcie_gb_per_s_per_direction: amount('PCIe', 'GB/s', 1000, '64', 'one direction; empty: not known'),
  tdp_watts: amount('Power', 'W', 10_000, '700', 'empty: not known'),
};

/** What an engine can use of the driver's memory, where nobody has looked: the catalogs' own estimate. */
const USABLE_SHARE = 0.99;
const USABLE_PLACES = 100;

const WORD_FIELDS = Object.keys(GPU_WORDS) as WordField[];
const AMOUNT_FIELDS = Object.keys(GPU_AMOUNTS) as GpuAmount[];

export function newGpu(): GpuDraft {
  const texts = Object.fromEntries([...WORD_FIELDS, ...AMOUNT_FIELDS].map((field) => [field, '']));
  return { vendor: 'nvidia', supports_bf16: true, link_kind: '', texts: texts as GpuDraft['texts'] };
}

/** A draft with the figures of a GPU that is known; name and source are for the person to say. */
export function gpuLike({ vendor, facts }: GpuSheet): GpuDraft {
  const known = new Map(facts.map(({ key, value }) => [key, value]));
  const draft = newGpu();
  const isOther = (field: GpuField): boolean => field !== 'name' && field !== 'source';
  const texts = Object.fromEntries(
    Object.keys(draft.texts).map((field) => [field, isOther(field as GpuField) ? String(known.get(field) ?? '') : '']),
  );
  return {
    vendor: GPU_VENDORS.find((one) => one === vendor) ?? draft.vendor,
    supports_bf16: known.get('supports_bf16') === true,
    link_kind: String(known.get('link_kind') ?? ''),
    texts: texts as GpuDraft['texts'],
  };
}

/** `NVIDIA X1 80GB` as nvidia-x1-80gb. */
export function gpuId({ vendor, texts }: GpuDraft): string {
  const words = texts.name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return [vendor, ...words.filter((word) => word !== vendor)].join('-');
}

export type GpuReading =
  | { kind: 'ready'; fileName: string; text: string }
  /** What keeps it from being one, by field. */
  | { kind: 'bad'; problems: Partial<Record<GpuField, string>> };

/** The draft as a catalog file. Whether its figures can be true is for the host to say. */
export function readGpu(draft: GpuDraft, gpus: readonly GpuSheet[]): GpuReading {
  const { texts, vendor, supports_bf16, link_kind: linkKind } = draft;
  const problems: Partial<Record<GpuField, string>> = {};
  for (const field of WORD_FIELDS) {
    const { label, example, isRequired } = GPU_WORDS[field];
    if (isRequired && texts[field].trim() === '') problems[field] = `${label} is missing, for example ${example}.`;
  }
  const capability = texts.compute_capability.trim();
  if (capability !== '' && !/^(\d+\.\d|gfx[0-9a-f]+)$/.test(capability))
    problems.compute_capability = 'Capability looks like 9.0 or gfx942.';
  const id = gpuId(draft);
  if (gpus.some((gpu) => gpu.id === id))
    problems.name = `${id} is in the catalogs: give this one another name, or correct the facts of that one.`;
  const values: Partial<Record<GpuAmount, number>> = {};
  for (const field of AMOUNT_FIELDS) {
    const { label, rules, isRequired } = GPU_AMOUNTS[field];
    const read = parseAmount(texts[field], rules);
    if (read.kind === 'bad') problems[field] = read.sentence;
    if (read.kind === 'value') values[field] = read.value;
    if (read.kind === 'empty' && isRequired) problems[field] = `${label} is missing, for example ${rules.example}.`;
  }
  if (linkKind !== '' && values.link_gb_per_s_per_direction === undefined)
    problems.link_gb_per_s_per_direction ??=
      'Link is missing: give its bandwidth, for example 450, or choose PCIe alone.';
  if (Object.keys(problems).length > 0) return { kind: 'bad', problems };

  const driver = values.memory_driver_gib ?? 0;
  const estimate = Math.round(driver * USABLE_SHARE * USABLE_PLACES) / USABLE_PLACES;
  const peaks = (['fp8_dense_tflops', 'int8_dense_tops', 'fp4_dense_tflops'] as const).flatMap((field) =>
    values[field] === undefined ? [] : [[field, values[field]] as const],
  );
  const entry = {
    id,
    name: texts.name.trim(),
    aliases: [],
    vendor,
    architecture: texts.architecture.trim(),
    form_factor: texts.form_factor.trim(),
    memory_marketed_gb: values.memory_marketed_gb,
    memory_driver_gib: driver,
    memory_usable_gib: values.memory_usable_gib ?? estimate,
    memory_usable_basis:
      values.memory_usable_gib === undefined ? 'estimate: 0.99 of the driver total' : 'as it was described',
    memory_type: texts.memory_type.trim(),
    memory_bandwidth_gb_per_s: values.memory_bandwidth_gb_per_s,
    fp16_dense_tflops: values.fp16_dense_tflops,
    ...Object.fromEntries(peaks),
    supports_bf16,
    compute_capability: capability || null,
    link_kind: linkKind || null,
    link_gb_per_s_per_direction: linkKind === '' ? null : values.link_gb_per_s_per_direction,
    pcie_gb_per_s_per_direction: values.pcie_gb_per_s_per_direction ?? null,
    tdp_watts: values.tdp_watts ?? null,
    source: texts.source.trim(),
    notes: null,
  };
  const text = JSON.stringify({ schema_version: 1, gpus: [entry] }, null, 2);
  return { kind: 'ready', fileName: `${id}.json`, text: `${text}\n` };
}
