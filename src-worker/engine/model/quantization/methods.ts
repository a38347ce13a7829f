import type { ConfigFields } from '../fields.ts';
import { compressedTensors } from './methods/compressed-tensors.ts';
import { fp8, fp8PerOutput, mxfp4 } from './methods/floats.ts';
import { aqlm, autoRound, awq, bitnet, bitsandbytes, eetq, gptq, hqq } from './methods/integers.ts';
import type { MethodReader } from './methods/method.ts';
import { isModelOpt, modelopt } from './methods/modelopt.ts';
import { quark } from './methods/quark.ts';
import { torchao } from './methods/torchao.ts';
import type { Recipe } from './recipe.ts';

/** Every `quant_method` whose weight format is known. */
const METHODS: ReadonlyMap<string, MethodReader> = new Map([
  ['aqlm', aqlm],
  ['auto-round', autoRound],
  ['awq', awq],
  ['awq_marlin', awq],
  ['bitnet', bitnet],
  ['bitsandbytes', bitsandbytes],
  ['compressed-tensors', compressedTensors],
  ['eetq', eetq],
  ['fbgemm_fp8', fp8PerOutput],
  ['fp8', fp8],
  ['gptq', gptq],
  ['gptq_marlin', gptq],
  ['hqq', hqq],
  ['intel/auto-round', autoRound],
  ['modelopt', modelopt],
  ['modelopt_fp4', modelopt],
  ['modelopt_mixed', modelopt],
  ['mxfp4', mxfp4],
  ['ptpc_fp8', fp8PerOutput],
  ['quark', quark],
  ['torchao', torchao],
]);

/** The recipe a quantization_config tells, or null when it tells no known one. */
export function readRecipe(quantization: ConfigFields, method: string | null, model: ConfigFields): Recipe | null {
  // ModelOpt's own words say more than the method its files are loaded by.
  if (isModelOpt(quantization)) return modelopt(quantization, model);
  const read = method === null ? undefined : METHODS.get(method);
  if (read) return read(quantization, model);
  return quantization.has('config_groups') ? compressedTensors(quantization, model) : null;
}
