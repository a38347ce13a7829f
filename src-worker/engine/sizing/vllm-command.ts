import type { EngineLimits } from '../memory/fit.ts';
import type { CheckpointFormat, Precision } from '../model/types.ts';

export interface CommandQuestion {
  modelId: string;
  checkpoint: CheckpointFormat;
  precision: Precision;
  kvCacheDtype: 'auto' | 'fp8';
  tensorParallel: number;
  /** Absent = 1. */
  pipelineParallel?: number;
  limits: EngineLimits;
  /** Longest request served, tokens. */
  servedTokens: number;
  hasPrefixCache: boolean;
}

/** Weights of a 16-bit checkpoint that vLLM can make while loading. */
const QUANTIZED_WHILE_LOADING: Partial<Record<Precision, string>> = { fp8: 'fp8' };

const DTYPE: Partial<Record<Precision, string>> = { fp16: 'float16', bf16: 'bfloat16' };

/** The precision of the file that is read from disk, before vLLM quantizes it while loading. */
export const precisionOnDisk = (precision: Precision, checkpoint: CheckpointFormat): Precision =>
  checkpoint.method === null && QUANTIZED_WHILE_LOADING[precision] ? checkpoint.precision : precision;

/** True when this precision needs a checkpoint that already holds it (AWQ, GPTQ, NVFP4, …). */
export function needsQuantizedCheckpoint(precision: Precision, checkpoint: CheckpointFormat): boolean {
  if (checkpoint.precision === precision) return false;
  // What a quantized file holds cannot be turned into another format while loading.
  if (checkpoint.method !== null) return true;
  return precision !== 'fp16' && precision !== 'bf16' && QUANTIZED_WHILE_LOADING[precision] === undefined;
}

/** A word a shell takes as it stands; anything else goes into single quotes. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** The command that starts one replica (flags of vLLM 0.22). */
export function vllmCommand(question: CommandQuestion): string {
  const { precision, checkpoint, limits } = question;
  const flags = [
    `vllm serve ${shellWord(question.modelId)}`,
    `--tensor-parallel-size ${question.tensorParallel}`,
    ...((question.pipelineParallel ?? 1) > 1 ? [`--pipeline-parallel-size ${question.pipelineParallel}`] : []),
    `--max-model-len ${question.servedTokens}`,
    `--max-num-seqs ${limits.maxNumSeqs}`,
    `--max-num-batched-tokens ${limits.maxNumBatchedTokens}`,
    `--gpu-memory-utilization ${limits.gpuMemoryUtilization}`,
  ];
  const dtype = checkpoint.method === null ? DTYPE[precision] : undefined;
  if (dtype) flags.push(`--dtype ${dtype}`);
  const method = checkpoint.method === null ? QUANTIZED_WHILE_LOADING[precision] : undefined;
  if (method) flags.push(`--quantization ${method}`);
  if (question.kvCacheDtype === 'fp8') flags.push('--kv-cache-dtype fp8');
  if (!question.hasPrefixCache) flags.push('--no-enable-prefix-caching');
  return flags.join(' ');
}
