import type { ConfigFields } from '../../fields.ts';
import { ModuleList } from '../module-list.ts';
import type { Recipe, Rule } from '../recipe.ts';
import {
  FLOAT16_BYTES,
  FLOAT32_BYTES,
  fp8Blocks,
  groupedIntegers,
  MXFP4,
  MXFP8,
  nvfp4,
  PER_OUTPUT,
  scheme,
  USUAL_GROUP,
} from '../scheme.ts';
import type { Scheme } from '../stored.ts';
import { compressedTensors } from './compressed-tensors.ts';
import { fp8Recipe } from './floats.ts';
import { groupSize, keptRules, type MethodReader } from './method.ts';

/** FP32 scales of the weights and of the activations of one matrix. */
const FP8_TENSOR = scheme('fp8', 8, FLOAT32_BYTES, { bytesPerMatrix: FLOAT32_BYTES });
const SMOOTH_FACTORS = { bytesPerInput: FLOAT16_BYTES };
const int4 = (group: number | null): Scheme =>
  groupedIntegers(4, group ?? USUAL_GROUP, { ...SMOOTH_FACTORS, zeroPointBits: 0 });

/** NVIDIA ModelOpt's names of formats, by group size where they have one. */
const SCHEMES: Readonly<Record<string, (group: number | null) => Scheme>> = {
  FP8: () => FP8_TENSOR,
  FP8_PER_CHANNEL_PER_TOKEN: () => scheme('fp8', 8, FLOAT32_BYTES, PER_OUTPUT),
  FP8_PB_WO: () => fp8Blocks(128, 128),
  MXFP8: () => MXFP8,
  NVFP4: (group) => nvfp4(group, true),
  NVFP4_AWQ: (group) => ({ ...nvfp4(group, true), ...SMOOTH_FACTORS }),
  W4A16_NVFP4: (group) => nvfp4(group, false),
  W4A8_NVFP4_FP8: (group) => nvfp4(group, true),
  MXFP4: () => MXFP4,
  W4A8_MXFP4_FP8: () => MXFP4,
  W4A16_AWQ: int4,
  W4A8_AWQ: int4,
  W8A16: () => scheme('w8a16', 8, FLOAT16_BYTES, PER_OUTPUT),
  INT8_SQ: () => scheme('int8', 8, FLOAT32_BYTES, { ...PER_OUTPUT, ...SMOOTH_FACTORS }),
};

const MIXED = 'MIXED_PRECISION';

function schemeOf(fields: ConfigFields, algorithm: string): Scheme | null {
  const make = Object.hasOwn(SCHEMES, algorithm) ? SCHEMES[algorithm] : undefined;
  return make?.(groupSize(fields, ['group_size'], null)) ?? null;
}

const algorithmOf = (fields: ConfigFields): string | null => fields.optionalText(['quant_algo'])?.toUpperCase() ?? null;

/** `quantized_layers`: modules with their own format; null when one of the formats is not known. */
function layerRules(fields: ConfigFields): Rule[] | null {
  const layers = fields.nested('quantized_layers')?.members() ?? [];
  // Modules of one format go into one list: there may be one entry for each matrix of the model.
  const byFormat = new Map<string, { scheme: Scheme; names: string[] }>();
  for (const [name, layer] of layers) {
    const algorithm = algorithmOf(layer);
    const stored = algorithm === null ? null : schemeOf(layer, algorithm);
    if (!stored) return null;
    const key = JSON.stringify(stored);
    const known = byFormat.get(key) ?? { scheme: stored, names: [] };
    known.names.push(name);
    byFormat.set(key, known);
  }
  return [...byFormat.values()].map((format) => ({ modules: new ModuleList(format.names), scheme: format.scheme }));
}

/** The values lie in `quantization` in older files. */
const valuesOf = (quantization: ConfigFields): ConfigFields => quantization.nested('quantization') ?? quantization;

/** True for what ModelOpt wrote, by whichever method it is to be loaded. */
export const isModelOpt = (quantization: ConfigFields): boolean => valuesOf(quantization).has('quant_algo');

function mixed(quantization: ConfigFields, fields: ConfigFields, model: ConfigFields): Recipe | null {
  if (!fields.has('quantized_layers')) return compressedTensors(quantization, model);
  const rules = layerRules(fields);
  if (!rules) return null;
  // Only a part of an FP8 checkpoint was converted further; its list of kept modules is about that step.
  if (quantization.optionalText(['quant_method']) === 'fp8') {
    const base = fp8Recipe(quantization, model, []);
    return { ...base, rules: [...rules, ...base.rules] };
  }
  return { rules: [...keptRules(fields), ...rules], otherwise: null, scope: [] };
}

/** ModelOpt: one format for all linear layers that are not excluded, or one for each module. Towers stay, as vLLM loads them. */
export const modelopt: MethodReader = (quantization, model) => {
  const fields = valuesOf(quantization);
  const algorithm = algorithmOf(fields);
  if (algorithm === null) return compressedTensors(quantization, model);
  if (algorithm === MIXED) return mixed(quantization, fields, model);
  const otherwise = schemeOf(fields, algorithm);
  return otherwise && { rules: keptRules(fields), otherwise, scope: ['layers', 'head'] };
};
