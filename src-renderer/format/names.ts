import { formatFixed } from '../../src-worker/protocol/numbers.ts';
import { isPrecision, precisionLabel, type Precision } from '../../src-worker/protocol/precision-labels.ts';

export { precisionLabel, type Precision };

/** How identifiers of the catalogs read on screen. The identifiers themselves stay in titles and exports. */

export interface PrecisionName {
  definition: string;
  /** What a chart tells precisions apart by. */
  shape: PrecisionShape;
}

/** Shape of a point: circle 16-bit, square FP8, triangle 4-bit, diamond 8-bit integers. */
export type PrecisionShape = 'circle' | 'rect' | 'triangle' | 'rectRot';

/** What `precisionLabel` stands for. */
export const PRECISION_NAMES: Record<Precision, PrecisionName> = {
  fp16: { definition: '16-bit weights, the format of most checkpoints', shape: 'circle' },
  bf16: { definition: '16-bit weights with a wider range; costs the same as FP16', shape: 'circle' },
  fp8: { definition: '8-bit floating point; weights only where the GPU lacks FP8 units', shape: 'rect' },
  int8: { definition: '8-bit integers for weights and activations', shape: 'rectRot' },
  w8a16: { definition: '8-bit weights, computed in 16 bit', shape: 'rectRot' },
  int4: { definition: '4-bit weights in groups of 128, computed in 16 bit', shape: 'triangle' },
  nvfp4: { definition: '4-bit floating point of Blackwell GPUs', shape: 'triangle' },
  mxfp4: { definition: '4-bit floating point in blocks of 32', shape: 'triangle' },
  checkpoint: { definition: 'What the checkpoint holds', shape: 'circle' },
};

export const precisionShape = (name: string): PrecisionShape =>
  isPrecision(name) ? PRECISION_NAMES[name].shape : 'circle';

export const SHAPE_LABELS: Record<PrecisionShape, string> = {
  circle: '16-bit',
  rect: 'FP8',
  triangle: '4-bit',
  rectRot: '8-bit integer',
};

const GPU_WORDS: Record<string, string> = {
  // The card's generation; its number says as much.
  blackwell: '',
  ada: 'Ada',
  pcie: 'PCIe',
  gaudi2: 'Gaudi 2',
  gaudi3: 'Gaudi 3',
  v5e: 'v5e',
  v5p: 'v5p',
  v6e: 'v6e',
};

/** `nvidia-a100-80gb-pcie` as A100 80GB PCIe. */
export function gpuLabel(id: string): string {
  const words = id.split('-');
  const named = /^(nvidia|amd|intel|google)$/.test(words[0] ?? '') ? words.slice(1) : words;
  return named
    .map((word) => GPU_WORDS[word] ?? word.toUpperCase())
    .filter(Boolean)
    .join(' ');
}

const VENDOR_LABELS: Record<string, string> = { nvidia: 'NVIDIA', amd: 'AMD', intel: 'Intel', google: 'Google' };

/** Who makes a GPU. */
export const vendorLabel = (id: string): string => VENDOR_LABELS[id] ?? id;

/** The name of a GPU where its vendor goes without saying: H100 SXM5 80GB, MI300X, TPU v5e. */
export const shortGpuName = (name: string): string =>
  name
    .replace(/^(NVIDIA|AMD|Intel|Google)( (Tesla|GeForce|Instinct|Cloud))? /, '')
    .replace(/ (Server Edition|Generation|\(per chip\))$/, '');

/** Links by how their ids begin: between GPUs (`nvlink4`) and within an instance (`nvswitch`). */
const LINK_LABELS: [pattern: RegExp, label: string][] = [
  [/^none$/, 'none'],
  [/^pcie/, 'PCIe'],
  [/^nvlink\d*-bridge$/, 'NVLink bridge'],
  [/^nvlink/, 'NVLink'],
  [/^nvswitch/, 'NVSwitch'],
  [/^xgmi/, 'xGMI'],
  [/^ici/, 'ICI'],
  [/^roce/, 'RoCE'],
];

/** `nvlink3-bridge` as NVLink bridge. */
export const linkLabel = (id: string): string => LINK_LABELS.find(([pattern]) => pattern.test(id))?.[1] ?? id;

/**
 * GPU generations in a fixed order, so that an identity keeps its color: slot n is drawn in `--chart-n`, the last one
 * hollow. More than seven families would not be told apart, so the rare ones share the last slot.
 */
export const GPU_FAMILIES: { label: string; pattern: RegExp }[] = [
  { label: 'Ada', pattern: /^nvidia-(l4|l40|l40s|rtx-(4\d{3}d?|\d{4}-ada))$/ },
  { label: 'Hopper', pattern: /^nvidia-(gh?\d{3}|h\d+)(-|$)/ },
  { label: 'Ampere, HBM', pattern: /^nvidia-a(100|800|30)(-|$)/ },
  { label: 'Ampere, GDDR', pattern: /^nvidia-(a10g?|a40|rtx-(a\d{4}|30\d{2}))(-|$)/ },
  { label: 'Blackwell', pattern: /^nvidia-(g?b\d{3}|rtx-pro|rtx-50)/ },
  { label: 'AMD Instinct', pattern: /^amd-/ },
  { label: 'Others', pattern: /^/ },
];

/** Index into GPU_FAMILIES. */
export function gpuFamily(id: string): number {
  // Grace Blackwell shares its letters with Grace Hopper; the number tells them apart.
  if (/^nvidia-gb\d/.test(id)) return 4;
  return GPU_FAMILIES.findIndex((family) => family.pattern.test(id));
}

const PROVIDER_LABELS: Record<string, string> = {
  aws: 'AWS',
  gcp: 'GCP',
  azure: 'Azure',
  oci: 'OCI',
  coreweave: 'CoreWeave',
  runpod: 'RunPod',
};

export const providerLabel = (id: string): string => PROVIDER_LABELS[id] ?? id.charAt(0).toUpperCase() + id.slice(1);

/** Hardware of one's own is sold nowhere. */
export const isOwnHardware = (provider: string): boolean => provider === 'own';

/** `GCP, us-central1`: whose it is and where it stands. */
export const placeLabel = ({
  provider,
  region,
  zone,
}: {
  provider: string;
  region?: string | null;
  zone?: string | null;
}): string =>
  isOwnHardware(provider) ? 'own hardware' : [providerLabel(provider), zone || region].filter(Boolean).join(', ');

/** `ttft_p95` as TTFT P95. */
export const latencyLabel = (metric: string): string =>
  metric.replaceAll('_', ' ').toUpperCase().replace('MEAN', 'mean');

export const pricingLabel = (pricing: string): string => (pricing === 'spot' ? 'spot' : 'on demand');

/** Reason codes of excluded configurations, as a count reads: "72 miss a target". */
export const REASON_LABELS: Record<string, string> = {
  memory: 'Do not fit in memory',
  tp_heads: 'TP does not divide',
  link_domain: 'Too few GPUs for a replica',
  compute_capability: 'GPU too old for vLLM',
  dtype_unsupported: 'Lack the format',
  host_memory: 'Host memory too small',
  context_exceeded: 'Context too short',
  sla_missed: 'Miss a target',
  price_unknown: 'Price unknown',
  spot_unknown: 'Spot price unknown',
  retired: 'Retired',
  disk: 'Disk too small',
  pp_layers: 'Fewer layers than stages',
  zone_unknown: 'Zones not known',
  not_in_zone: 'Not sold in this zone',
  region_filtered: 'Not sold in this region',
  max_gpus: 'Need more GPUs than allowed',
  model_unsupported: 'Model not supported',
};

const MARGIN_LABELS: Record<string, string> = {
  gpus: 'GPUs',
  memory_per_gpu: 'Memory per GPU',
  kv_cache_tokens: 'KV cache',
  host_memory: 'Host memory',
  compute_capability: 'Compute capability',
  context_tokens: 'Longest request',
  tensor_parallel: 'TP',
  pipeline_parallel: 'PP',
  gfx_version: 'GPU generation',
  layers: 'Layers it runs',
  requests_per_s: 'Requests/s',
};

/** What a margin is about, where it is no latency. */
export const marginLabel = (metric: string): string => MARGIN_LABELS[metric] ?? metric.replaceAll('_', ' ');

/** For the middle of a sentence; names such as GPU stay as they are. */
export const lowerFirst = (text: string): string =>
  /^[A-Z][A-Z\d]/.test(text) ? text : text.charAt(0).toLowerCase() + text.slice(1);

export const reasonLabel = (code: string): string => REASON_LABELS[code] ?? code.replaceAll('_', ' ');

const ENGINE_LABELS: Record<string, string> = { vllm: 'vLLM', trtllm: 'TensorRT-LLM', sglang: 'SGLang' };

/** `vllm` as vLLM. */
export const engineLabel = (id: string): string => ENGINE_LABELS[id] ?? id;

/** `vllm 0.20.1` as a measurement names its engine: vLLM 0.20.1. */
export const engineWords = (text: string): string => text.replace(/^\S+/, engineLabel);

/** Engine generations of the calibration profiles by what they were fitted to. */
const GENERATION_LABELS: Record<string, string> = {
  'vllm-2023': 'vLLM of 2023',
  'vllm-v0-early': 'vLLM 0.3 to 0.5',
  'vllm-v0': 'vLLM 0.6 to 0.7',
  'vllm-v1': 'vLLM 0.8 to 0.11',
  'vllm-v1b': 'vLLM 0.12 to 0.14',
  'vllm-v1-late': 'vLLM 0.15 and later',
  'trtllm-2024': 'TensorRT-LLM of 2024',
  trtllm: 'TensorRT-LLM of 2025 and later',
  sglang: 'SGLang 0.4',
};

export const generationLabel = (id: string): string => GENERATION_LABELS[id] ?? id;

/** `5 replicas of one instance, flags of vLLM 0.22`: what one start of a command serves. */
export const startedBy = (replicas: number, engine: string): string =>
  `${replicas === 1 ? 'one replica' : `${formatFixed(replicas)} replicas of one instance`}, flags of ${engine}`;
