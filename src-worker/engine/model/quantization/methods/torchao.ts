import type { ConfigFields } from '../../fields.ts';
import {
  FLOAT16_BYTES,
  FLOAT32_BYTES,
  groupedIntegers,
  nvfp4,
  NVFP4_GROUP,
  PER_OUTPUT,
  scheme,
  USUAL_GROUP,
} from '../scheme.ts';
import type { Scheme } from '../stored.ts';
import { groupSize, keptRules, type MethodReader } from './method.ts';

/** 4-bit words with a 16-bit scale and a 16-bit zero point for each group. */
const int4 = (group: number | null): Scheme => groupedIntegers(4, group, { zeroPointBits: 8 * FLOAT16_BYTES });
const int8 = (precision: 'int8' | 'w8a16') => (): Scheme => scheme(precision, 8, FLOAT16_BYTES, PER_OUTPUT);
const fp8 = (): Scheme => scheme('fp8', 8, FLOAT32_BYTES, PER_OUTPUT);

/** torchao's names: the short ones of older files, and classes. Granularity by row is what models are published with. */
const SCHEMES: Readonly<Record<string, (group: number | null) => Scheme>> = {
  int4_weight_only: int4,
  Int4WeightOnlyConfig: int4,
  int8_weight_only: int8('w8a16'),
  Int8WeightOnlyConfig: int8('w8a16'),
  int8_dynamic_activation_int8_weight: int8('int8'),
  Int8DynamicActivationInt8WeightConfig: int8('int8'),
  float8_weight_only: fp8,
  Float8WeightOnlyConfig: fp8,
  float8_dynamic_activation_float8_weight: fp8,
  Float8DynamicActivationFloat8WeightConfig: fp8,
  NVFP4WeightOnlyConfig: () => nvfp4(NVFP4_GROUP, false),
  NVFP4DynamicActivationNVFP4WeightConfig: () => nvfp4(NVFP4_GROUP, true),
};

function typeOf(quantization: ConfigFields): { name: string; values: ConfigFields | null } | null {
  if (quantization.holdsText(['quant_type'])) {
    return {
      name: quantization.optionalText(['quant_type']) ?? '',
      values: quantization.nested('quant_type_kwargs'),
    };
  }
  const type = quantization.nested('quant_type')?.nested('default');
  const name = type?.optionalText(['_type']) ?? null;
  return type && name !== null ? { name, values: type.nested('_data') } : null;
}

export const torchao: MethodReader = (quantization) => {
  const type = typeOf(quantization);
  const make = type && Object.hasOwn(SCHEMES, type.name) ? SCHEMES[type.name] : undefined;
  if (!type || !make) return null;
  const group = type.values ? groupSize(type.values, ['group_size'], USUAL_GROUP) : USUAL_GROUP;
  return { rules: keptRules(quantization), otherwise: make(group), scope: ['layers', 'towers'] };
};
