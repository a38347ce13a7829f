import type { ConfigFields } from '../../fields.ts';
import { ModuleList } from '../module-list.ts';
import type { Rule, Scope } from '../recipe.ts';
import {
  FLOAT16_BYTES,
  FLOAT32_BYTES,
  groupedIntegers,
  PER_OUTPUT,
  perGroup,
  scheme,
  USUAL_GROUP,
  weightOnlyPrecision,
} from '../scheme.ts';
import type { Scheme } from '../stored.ts';
import { groupSize, keptRules, LONGEST_LIST, MOST_BITS, type MethodReader } from './method.ts';

/** From this many bits on, a module's own entry says that it was left alone. */
const UNQUANTIZED_BITS = 16;

const bitsOf = (quantization: ConfigFields): number | null =>
  quantization.optionalCount(['bits', 'w_bit', 'wbits'], MOST_BITS);

/** AutoAWQ: 4-bit words with packed zero points, in blocks of the decoder only; the router is no module it converts. */
export const awq: MethodReader = (quantization) => {
  if (bitsOf(quantization) !== 4) return null;
  const group = groupSize(quantization, ['group_size', 'q_group_size'], USUAL_GROUP);
  return { rules: keptRules(quantization), otherwise: groupedIntegers(4, group), scope: ['layers'] };
};

/** GPTQ keeps the order of the inputs (`g_idx`, one 32-bit number each) and zero points even where they are symmetric. */
const gptqScheme = (bits: number, group: number | null): Scheme =>
  groupedIntegers(bits, group, { bytesPerInput: FLOAT32_BYTES });

/** GPTQModel's `dynamic`: a regular expression with `-:` leaves modules alone, with `+:` or nothing gives them own values. */
function dynamicRules(quantization: ConfigFields, bits: number, group: number | null): Rule[] {
  const dynamic = quantization.nested('dynamic');
  if (!dynamic) return [];
  return dynamic.members().map(([name, own]) => {
    const modules = new ModuleList([`re:${name.replace(/^[-+]:/, '')}`]);
    if (name.startsWith('-:')) return { modules, scheme: null };
    return { modules, scheme: gptqScheme(bitsOf(own) ?? bits, groupSize(own, ['group_size'], group)) };
  });
}

/** `modules_in_block_to_quantize`: lists of the only modules that were converted, one list for each pass. */
function onlyModules(quantization: ConfigFields): string[] | null {
  const isPass = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((name) => typeof name === 'string');
  const passes = quantization.optionalList(['modules_in_block_to_quantize'], LONGEST_LIST, isPass, 'a list of names');
  return passes?.flat() ?? null;
}

export const gptq: MethodReader = (quantization) => {
  const bits = bitsOf(quantization);
  if (bits === null || bits > 8) return null;
  const group = groupSize(quantization, ['group_size'], USUAL_GROUP);
  const stored = gptqScheme(bits, group);
  const only = onlyModules(quantization);
  const scope: Scope[] = quantization.flag(['lm_head'], false) ? ['layers', 'head'] : ['layers'];
  const rules = [...dynamicRules(quantization, bits, group), ...keptRules(quantization)];
  if (!only) return { rules, otherwise: stored, scope };
  return { rules: [...rules, { modules: new ModuleList(only), scheme: stored }], otherwise: null, scope };
};

/** AutoRound: GPTQ's words without the order of inputs; `extra_config` gives modules their own bits. */
export const autoRound: MethodReader = (quantization) => {
  const bits = bitsOf(quantization);
  const type = quantization.optionalText(['data_type']) ?? 'int';
  if (bits === null || bits > 8 || !type.startsWith('int')) return null;
  const group = groupSize(quantization, ['group_size'], USUAL_GROUP);
  const extra = quantization.nested('extra_config')?.members() ?? [];
  const own = extra.map(([name, module]): Rule => {
    const ownBits = bitsOf(module) ?? bits;
    const stored = groupedIntegers(ownBits, groupSize(module, ['group_size'], group));
    return { modules: new ModuleList([name]), scheme: ownBits >= UNQUANTIZED_BITS ? null : stored };
  });
  return { rules: [...own, ...keptRules(quantization)], otherwise: groupedIntegers(bits, group), scope: ['layers'] };
};

/** Weights that share a scale, and scales that share a scale of their own (bitsandbytes, `QuantState`). */
const NF4_BLOCK = 64;
const NESTED_BLOCK = 256;
/** Tables of the values that codes stand for, FP32: 16 of NF4, 256 of the nested scales. */
const NF4_TABLE_BYTES = 16 * FLOAT32_BYTES;
const NESTED_TABLE_BYTES = 256 * FLOAT32_BYTES;

/** bitsandbytes converts every linear layer but the head, towers included. */
export const bitsandbytes: MethodReader = (quantization) => {
  const scope: Scope[] = ['layers', 'towers'];
  if (quantization.flag(['load_in_8bit', '_load_in_8bit'], false)) {
    const int8 = scheme('w8a16', 8, FLOAT32_BYTES, PER_OUTPUT);
    return { rules: keptRules(quantization), otherwise: int8, scope };
  }
  if (!quantization.flag(['load_in_4bit', '_load_in_4bit'], false)) return null;
  const isNested = quantization.flag(['bnb_4bit_use_double_quant'], false);
  const otherwise = isNested
    ? scheme('int4', 4, 1 + FLOAT32_BYTES / NESTED_BLOCK, {
        ...perGroup(NF4_BLOCK),
        bytesPerMatrix: NF4_TABLE_BYTES + NESTED_TABLE_BYTES,
      })
    : scheme('int4', 4, FLOAT32_BYTES, { ...perGroup(NF4_BLOCK), bytesPerMatrix: NF4_TABLE_BYTES });
  return { rules: keptRules(quantization), otherwise, scope };
};

/** HQQ: groups of 64 with a 16-bit scale and a 16-bit zero point. */
export const hqq: MethodReader = (quantization) => {
  const inner = quantization.nested('quant_config')?.nested('weight_quant_params') ?? quantization;
  const bits = inner.optionalCount(['nbits', 'bits'], MOST_BITS);
  if (bits === null || bits > 8) return null;
  const group = groupSize(inner, ['group_size'], 64);
  const otherwise = groupedIntegers(bits, group, { zeroPointBits: 8 * FLOAT16_BYTES });
  return { rules: keptRules(quantization), otherwise, scope: ['layers', 'towers'] };
};

/** EETQ: 8-bit weights with a 16-bit scale for each output. */
export const eetq: MethodReader = (quantization) => ({
  rules: keptRules(quantization),
  otherwise: scheme('w8a16', 8, FLOAT16_BYTES, PER_OUTPUT),
  scope: ['layers', 'towers'],
});

/** AQLM: codes for groups of weights, a 16-bit scale for each output, and 16-bit codebooks for each matrix. */
export const aqlm: MethodReader = (quantization) => {
  const count = (name: string): number | null => quantization.optionalCount([name], 65_536);
  const codeBits = quantization.optionalCount(['nbits_per_codebook'], 16);
  const [books, inputs, outputs] = ['num_codebooks', 'in_group_size', 'out_group_size'].map(count);
  if (codeBits === null || !books || !inputs || !outputs) return null;
  const bits = (books * codeBits) / (inputs * outputs);
  const otherwise = scheme(weightOnlyPrecision(bits), bits, FLOAT16_BYTES, {
    ...PER_OUTPUT,
    bytesPerMatrix: books * 2 ** codeBits * inputs * outputs * FLOAT16_BYTES,
  });
  return { rules: keptRules(quantization), otherwise, scope: ['layers'] };
};

/** BitNet: 2-bit words with one 16-bit scale; files for quantizing while running hold 16-bit weights. */
export const bitnet: MethodReader = (quantization) => {
  if (quantization.optionalText(['quantization_mode']) !== 'offline') return null;
  const otherwise = scheme('int4', 2, FLOAT16_BYTES);
  return { rules: keptRules(quantization), otherwise, scope: ['layers'] };
};
