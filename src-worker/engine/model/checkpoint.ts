import { LIMITS, type ConfigFields } from './fields.ts';
import type { CheckpointFormat, Precision, WeightClass } from './types.ts';

const LONGEST_IGNORE_LIST = 50_000;

/** What the file says of one group of quantized weights. */
interface WeightScheme {
  bits: number;
  isFloat: boolean;
  groupSize: number | null;
  quantizesActivations: boolean;
}

/** Methods that store whole numbers of this many bits and compute in 16 bit. */
const WEIGHT_ONLY_METHODS: ReadonlySet<string> = new Set(['awq', 'awq_marlin', 'gptq', 'gptq_marlin', 'auto-round']);
const FP8_METHODS: ReadonlySet<string> = new Set(['fp8', 'fbgemm_fp8', 'ptpc_fp8']);

/** NVIDIA ModelOpt's names. */
const QUANT_ALGOS: ReadonlyMap<string, Precision> = new Map([
  ['FP8', 'fp8'],
  ['FP8_PB_WO', 'fp8'],
  ['NVFP4', 'nvfp4'],
  ['W4A16_AWQ', 'int4'],
  ['W8A16', 'w8a16'],
  ['INT8_SQ', 'int8'],
]);

const weightOnlyPrecision = (bits: number | null): Precision | null =>
  bits === 4 ? 'int4' : bits === 8 ? 'w8a16' : null;

function schemePrecision({ bits, isFloat, groupSize, quantizesActivations }: WeightScheme): Precision | null {
  if (bits === 8 && isFloat) return 'fp8';
  if (bits === 4 && isFloat) return groupSize === 16 ? 'nvfp4' : groupSize === 32 ? 'mxfp4' : null;
  if (bits === 8) return quantizesActivations ? 'int8' : 'w8a16';
  return bits === 4 && !quantizesActivations ? 'int4' : null;
}

/** `config_groups` of compressed-tensors and ModelOpt: one precision when all groups agree, else null. */
function groupPrecision(quantization: ConfigFields): Precision | null {
  const groups = quantization.nested('config_groups');
  if (!groups) return null;
  const precisions = groups.names().map((name) => {
    const group = groups.nested(name);
    const weights = group?.nested('weights');
    const bits = weights?.optionalCount(['num_bits'], 64) ?? null;
    if (!group || !weights || bits === null) return null;
    const isFloat = weights.optionalText(['type']) === 'float';
    const groupSize = weights.optionalCount(['group_size'], LIMITS.width, -1);
    return schemePrecision({ bits, isFloat, groupSize, quantizesActivations: group.has('input_activations') });
  });
  const distinct = new Set(precisions);
  return distinct.size === 1 ? (precisions[0] ?? null) : null;
}

/** The precision a quantization_config describes, or null when it cannot be told. */
function statedPrecision(quantization: ConfigFields, method: string | null): Precision | null {
  const algorithm = quantization.optionalText(['quant_algo']);
  if (algorithm !== null) return QUANT_ALGOS.get(algorithm) ?? null;
  if (method === 'mxfp4') return 'mxfp4';
  if (method !== null && FP8_METHODS.has(method)) return 'fp8';
  if (method !== null && WEIGHT_ONLY_METHODS.has(method)) {
    return weightOnlyPrecision(quantization.optionalCount(['bits', 'w_bit'], 64));
  }
  return groupPrecision(quantization);
}

const ATTENTION_PARTS = ['self_attn', 'attention', 'attn'];
const ALL_LAYERS = -1;

/**
 * Which layers a pattern of an ignore list takes out whole attentions of: a layer number, ALL_LAYERS, or null for none.
 * Patterns are read as text, never run as regular expressions: they are outside input.
 */
function ignoredAttentionLayer(pattern: string): number | null {
  if (pattern.length > 300) return null;
  const parts = pattern
    .replace(/^re:/, '')
    .replaceAll('\\', '')
    .split('.')
    .map((part) => part.replaceAll('*', ''))
    .filter((part) => part !== '');
  const last = parts.at(-1) ?? '';
  if (!ATTENTION_PARTS.includes(last)) return null;
  const layer = parts.at(-2) ?? '';
  return /^\d{1,5}$/.test(layer) ? Number(layer) : ALL_LAYERS;
}

/** True when the ignore list names the attention of every layer. */
function leavesAttention(patterns: readonly string[], numLayers: number): boolean {
  const layers = new Set(patterns.map(ignoredAttentionLayer).filter((layer) => layer !== null));
  if (layers.has(ALL_LAYERS)) return true;
  return Array.from({ length: numLayers }, (_, layer) => layers.has(layer)).every(Boolean);
}

function unquantizedClasses(quantization: ConfigFields, precision: Precision, numLayers: number): WeightClass[] {
  if (precision === 'mxfp4') return ['attention', 'denseFfn', 'sharedExperts'];
  const names = ['modules_to_not_convert', 'ignore', 'exclude_modules', 'ignored_layers'];
  const patterns = quantization.optionalTexts(names, LONGEST_IGNORE_LIST) ?? [];
  return leavesAttention(patterns, numLayers) ? ['attention'] : [];
}

/**
 * How the checkpoint stores its weights, from `quantization_config` (the model's name says nothing). A format that cannot
 * be told keeps the architecture readable: `problem` says what was found, and asking for `checkpoint` is refused with it.
 */
export function readCheckpoint(fields: ConfigFields, numLayers: number): CheckpointFormat {
  const quantization = fields.nested('quantization_config') ?? fields.nested('compression_config');
  if (!quantization) return { precision: 'fp16', method: null };
  const method = quantization.optionalText(['quant_method']) ?? quantization.optionalText(['producer.name']);
  const precision = statedPrecision(quantization, method);
  if (precision === null) {
    const named = method === null ? 'no quant_method that is known' : `quant_method "${method.slice(0, 40)}"`;
    const problem = `The checkpoint of ${fields.modelId} is quantized, but its quantization_config (${named}) does not tell one known weight format.`;
    return { precision: 'fp16', method, problem };
  }
  const unquantized = unquantizedClasses(quantization, precision, numLayers);
  return { precision, method: method ?? precision, ...(unquantized.length > 0 ? { unquantized } : {}) };
}
