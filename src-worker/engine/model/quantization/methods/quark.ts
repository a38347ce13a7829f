import type { ConfigFields } from '../../fields.ts';
import { ModuleList } from '../module-list.ts';
import type { Rule } from '../recipe.ts';
import { FLOAT32_BYTES, MX_GROUP, perGroup, PER_OUTPUT, SCALE8_BYTES, scheme, weightOnlyPrecision } from '../scheme.ts';
import type { Scheme } from '../stored.ts';
import { groupSize, keptRules, type MethodReader } from './method.ts';

/** AMD Quark's types of weights: bits, and whether they are floating point. */
const TYPES: Readonly<Record<string, { bits: number; isFloat: boolean }>> = {
  fp8_e4m3: { bits: 8, isFloat: true },
  fp6_e3m2: { bits: 6, isFloat: true },
  fp6_e2m3: { bits: 6, isFloat: true },
  fp4: { bits: 4, isFloat: true },
  int8: { bits: 8, isFloat: false },
  uint8: { bits: 8, isFloat: false },
  int4: { bits: 4, isFloat: false },
  uint4: { bits: 4, isFloat: false },
};

/** One `weight` block with the block of its activations. */
function schemeOf(config: ConfigFields): Scheme | null {
  const weight = config.nested('weight');
  const name = weight?.optionalText(['dtype']) ?? '';
  const type = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (!weight || !type) return null;
  const input = config.nested('input_tensors');
  const { bits, isFloat } = type;
  const how = weight.optionalText(['qscheme']) ?? 'per_tensor';
  const isMx = weight.optionalText(['scale_format']) === 'e8m0';
  const group = how === 'per_group' ? groupSize(weight, ['group_size'], MX_GROUP) : null;
  if (isFloat && bits < 8 && (!isMx || group !== MX_GROUP)) return null;
  const precision = isFloat ? (bits === 8 ? 'fp8' : 'mxfp4') : bits === 8 && input ? 'int8' : weightOnlyPrecision(bits);
  return scheme(precision, bits, isMx ? SCALE8_BYTES : FLOAT32_BYTES, {
    ...(group !== null ? perGroup(group) : how === 'per_channel' ? PER_OUTPUT : {}),
    zeroPointBits: weight.flag(['symmetric'], true) ? 0 : bits,
    bytesPerMatrix: input && !input.flag(['is_dynamic'], false) ? FLOAT32_BYTES : 0,
  });
}

/** Quark: `exclude`, then own values for modules (`layer_quant_config`), then the global ones. */
export const quark: MethodReader = (quantization) => {
  const everywhere = quantization.nested('global_quant_config');
  const otherwise = everywhere && schemeOf(everywhere);
  if (!otherwise) return null;
  const own = quantization.nested('layer_quant_config')?.members() ?? [];
  const rules = own.map(([name, config]): Rule | null => {
    const stored = schemeOf(config);
    return stored && { modules: new ModuleList([name]), scheme: stored };
  });
  const known = rules.filter((rule) => rule !== null);
  if (known.length < rules.length) return null;
  return { rules: [...keptRules(quantization), ...known], otherwise, scope: ['layers', 'head', 'towers'] };
};
