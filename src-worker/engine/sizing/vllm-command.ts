import type { EngineLimits } from '../memory/fit.ts';
import type { CheckpointFormat, Precision } from '../model/types.ts';

export interface CommandQuestion {
  modelId: string;
  checkpoint: CheckpointFormat;
  precision: Precision;
  kvCacheDtype: 'auto' | 'fp8';
  tensorParallel: number;
  limits: EngineLimits;
  /** P99 of prompt + output of the workload. */
  neededContextTokens: number;
  maxContextTokens: number;
  hasPrefixCache: boolean;
}

/** Lengths are rounded up to whole blocks of this many tokens, so that the flag stays readable. */
const LENGTH_GRAIN = 256;

/** Weights of a 16-bit checkpoint that vLLM can make while loading. */
const QUANTIZED_WHILE_LOADING: Partial<Record<Precision, string>> = { fp8: 'fp8' };

const DTYPE: Partial<Record<Precision, string>> = { fp16: 'float16', bf16: 'bfloat16' };

/** True when this precision needs a checkpoint that already holds it (AWQ, GPTQ, NVFP4, …). */
export function needsQuantizedCheckpoint(precision: Precision, checkpoint: CheckpointFormat): boolean {
  if (checkpoint.precision === precision || precision === 'fp16' || precision === 'bf16') return false;
  return QUANTIZED_WHILE_LOADING[precision] === undefined;
}

/** Longest request served: the workload's P99 rounded up, within the model's context. */
export function servedContextTokens(
  question: Pick<CommandQuestion, 'neededContextTokens' | 'maxContextTokens'>,
): number {
  const rounded = Math.ceil(question.neededContextTokens / LENGTH_GRAIN) * LENGTH_GRAIN;
  return Math.min(Math.max(rounded, LENGTH_GRAIN), question.maxContextTokens);
}

/** The command that starts one replica (flags of vLLM 0.22). */
export function vllmCommand(question: CommandQuestion): string {
  const { precision, checkpoint, limits } = question;
  const flags = [
    `vllm serve ${question.modelId}`,
    `--tensor-parallel-size ${question.tensorParallel}`,
    `--max-model-len ${servedContextTokens(question)}`,
    `--max-num-seqs ${limits.maxNumSeqs}`,
    `--max-num-batched-tokens ${limits.maxNumBatchedTokens}`,
    `--gpu-memory-utilization ${limits.gpuMemoryUtilization}`,
  ];
  const dtype = checkpoint.method === null ? DTYPE[precision] : undefined;
  if (dtype) flags.push(`--dtype ${dtype}`);
  const method = checkpoint.precision === precision ? undefined : QUANTIZED_WHILE_LOADING[precision];
  if (method) flags.push(`--quantization ${method}`);
  if (question.kvCacheDtype === 'fp8') flags.push('--kv-cache-dtype fp8');
  if (!question.hasPrefixCache) flags.push('--no-enable-prefix-caching');
  return flags.join(' ');
}
