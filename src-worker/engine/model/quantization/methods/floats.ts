import type { ConfigFields } from '../../fields.ts';
import { ModuleList } from '../module-list.ts';
import type { Recipe, Rule } from '../recipe.ts';
import { FLOAT32_BYTES, fp8Blocks, MXFP4, PER_OUTPUT, SCALE8_BYTES, scheme } from '../scheme.ts';
import { keptRules, type MethodReader } from './method.ts';

/** Small projections of DeepSeek's indexer and compressor: at 16 bit in every FP8 checkpoint, also without a list. */
const SMALL_PROJECTIONS = ['indexer.weights_proj', 'indexers_proj', 'compressor'];

const isBlock = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_536;

/** Rows and columns of `weight_block_size`, or null where there is one scale for a matrix. */
export function blockSize(quantization: ConfigFields, name: string): { rows: number; columns: number } | null {
  const block = quantization.optionalList([name], 2, isBlock, 'a whole number from 1 to 65,536');
  if (!block) return null;
  const [rows, columns] = block;
  if (rows === undefined || columns === undefined) {
    throw quantization.invalid(name, block, 'two whole numbers, for example [128, 128]');
  }
  return { rows, columns };
}

/** The recipe of DeepSeek's FP8 with what it leaves alone. */
export function fp8Recipe(quantization: ConfigFields, model: ConfigFields, kept: readonly Rule[]): Recipe {
  const block = blockSize(quantization, 'weight_block_size');
  const isStatic = quantization.optionalText(['activation_scheme']) === 'static';
  // DeepSeek-V4: experts in MXFP4, and the scales of the rest are 8-bit exponents as well.
  const experts = quantization.optionalText(['expert_dtype']) ?? model.optionalText(['expert_dtype']);
  const isMx = experts === 'fp4';
  const scaleBytes = isMx ? SCALE8_BYTES : FLOAT32_BYTES;
  const stored = block ? fp8Blocks(block.rows, block.columns, scaleBytes) : scheme('fp8', 8, scaleBytes);
  const small = { modules: new ModuleList(SMALL_PROJECTIONS), scheme: null };
  return {
    rules: [...kept, small, ...(isMx ? [{ modules: new ModuleList(['experts']), scheme: MXFP4 }] : [])],
    otherwise: { ...stored, bytesPerMatrix: isStatic ? FLOAT32_BYTES : 0 },
    scope: ['layers', 'towers'],
  };
}

/** DeepSeek's FP8 (also Transformers' fine-grained FP8): blocks with FP32 scales, or one scale a matrix; the head stays. */
export const fp8: MethodReader = (quantization, model) => fp8Recipe(quantization, model, keptRules(quantization));

/** FBGEMM and PTPC: an FP32 scale for each output. */
export const fp8PerOutput: MethodReader = (quantization) => ({
  rules: keptRules(quantization),
  otherwise: scheme('fp8', 8, FLOAT32_BYTES, PER_OUTPUT),
  scope: ['layers'],
});

/** gpt-oss: the experts only, whatever the list says. */
export const mxfp4: MethodReader = () => ({ rules: [], otherwise: MXFP4, scope: ['experts'] });
