import type { Gpu } from '../hardware/types.ts';
import { engineName } from '../memory/engine-name.ts';
import type { EngineLimits } from '../memory/fit.ts';
import type { EngineDefaults } from '../memory/types.ts';
import type { CheckpointFormat, Precision } from '../model/types.ts';
import { float16Problem, needsBfloat16, splitProblem } from './loading-problems.ts';

export interface CommandQuestion {
  modelId: string;
  /** First entry of `architectures`. */
  architecture: string;
  checkpoint: CheckpointFormat;
  precision: Precision;
  kvCacheDtype: 'auto' | 'fp8';
  gpu: Pick<Gpu, 'name' | 'supportsBf16'>;
  tensorParallel: number;
  pipelineParallel: number;
  /** Replicas that one server starts. */
  dataParallel: number;
  limits: EngineLimits;
  /** Longest request served, tokens. */
  servedTokens: number;
  hasPrefixCache: boolean;
  engine: Pick<EngineDefaults, 'engine' | 'version' | 'command'>;
}

/** What a flag decides. Its spelling is the version's. */
export type FlagKind =
  | 'tensorParallel'
  | 'pipelineParallel'
  | 'dataParallel'
  | 'servedTokens'
  | 'seats'
  | 'batchedTokens'
  | 'memoryShare'
  | 'dtype'
  | 'quantization'
  | 'kvCacheDtype'
  | 'prefixCachingOn'
  | 'prefixCachingOff';

/** One flag as data; the text of a command is rendered from them (`commandText`) and never read back. */
export interface Flag {
  kind: FlagKind;
  /** `--max-num-seqs`. */
  name: string;
  /** null for a switch. */
  value: string | null;
}

/** A command, or why there is none and what is needed instead. */
export type Command =
  | {
      kind: 'command';
      /** What comes before the flags: `vllm serve` and the model. */
      start: string;
      flags: Flag[];
    }
  | { kind: 'refused'; sentence: string };

/** The line to copy into a shell. */
export const commandText = ({ start, flags }: { start: string; flags: readonly Omit<Flag, 'kind'>[] }): string =>
  [start, ...flags.map(({ name, value }) => (value === null ? name : `${name} ${value}`))].join(' ');

const DTYPE: Partial<Record<Precision, string>> = { fp16: 'float16', bf16: 'bfloat16' };

/** The checkpoint a precision needs where it can be made neither of this one nor by asking. */
const NEEDED_CHECKPOINT: Record<Precision, string> = {
  fp16: 'the 16-bit checkpoint',
  bf16: 'the 16-bit checkpoint',
  fp8: 'an FP8 checkpoint, or the 16-bit one, of which vLLM makes FP8 while loading',
  int8: 'a compressed-tensors checkpoint with 8-bit weights and activations (W8A8)',
  w8a16: 'a GPTQ or compressed-tensors checkpoint with 8-bit weights',
  int4: 'a checkpoint with 4-bit weights (AWQ, GPTQ or compressed-tensors)',
  nvfp4: 'an NVFP4 checkpoint (ModelOpt or compressed-tensors)',
  mxfp4: 'an MXFP4 checkpoint',
};

type Loading = Pick<EngineDefaults, 'command'>;

/** True where the engine makes the precision of a 16-bit checkpoint while loading. */
const isMadeWhileLoading = (precision: Precision, checkpoint: CheckpointFormat, { command }: Loading): boolean =>
  checkpoint.method === null && command?.quantizedWhileLoading[precision] !== undefined;

/** The precision of the file that is read from disk, before the engine quantizes it while loading. */
export const precisionOnDisk = (precision: Precision, checkpoint: CheckpointFormat, engine: Loading): Precision =>
  isMadeWhileLoading(precision, checkpoint, engine) ? checkpoint.precision : precision;

/** True when this precision needs a checkpoint that already holds it (AWQ, GPTQ, NVFP4, …). */
export function needsQuantizedCheckpoint(precision: Precision, checkpoint: CheckpointFormat, engine: Loading): boolean {
  if (checkpoint.precision === precision) return false;
  // What a quantized file holds cannot be turned into another format while loading.
  if (checkpoint.method !== null) return true;
  return precision !== 'fp16' && precision !== 'bf16' && !isMadeWhileLoading(precision, checkpoint, engine);
}

/** A word a shell takes as it stands; anything else goes into single quotes. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Why a server of this plan would not come up, or null. */
function refusalOf(question: CommandQuestion): string | null {
  const { modelId, checkpoint, precision, engine } = question;
  const version = engineName(engine);
  if (engine.command === null) {
    return `No launch command of ${version} is known: start it by hand with the limits shown.`;
  }
  if (checkpoint.problem !== undefined) return checkpoint.problem;
  if (needsQuantizedCheckpoint(precision, checkpoint, engine)) {
    return `${modelId} holds ${checkpoint.precision}: ${precision} needs ${NEEDED_CHECKPOINT[precision]}. Give its id or config.json as the model, with the quantization "checkpoint".`;
  }
  if (checkpoint.method !== null && !engine.command.checkpointMethods.includes(checkpoint.method)) {
    return `${version} does not load ${checkpoint.method} checkpoints such as ${modelId}: take one in AWQ, GPTQ, FP8 or compressed-tensors.`;
  }
  return float16Problem(question) ?? splitProblem(question)?.sentence ?? null;
}

/** Type of what is not quantized. Left out, it is the checkpoint's, which is bfloat16 as a rule: no GPU without it starts so. */
function dtypeOf(question: CommandQuestion): string | null {
  const { checkpoint, precision, gpu } = question;
  if (checkpoint.method === null && needsBfloat16(question)) return 'bfloat16';
  const asked = checkpoint.method === null ? DTYPE[precision] : undefined;
  return asked ?? (gpu.supportsBf16 ? null : 'float16');
}

/**
 * The command that starts the replicas of one instance, in the flags of the engine's version (catalogs/engines). Refused
 * where the server would not come up: a checkpoint of another format, one the version does not load, a number format the
 * model or the GPU does not take.
 */
export function vllmCommand(question: CommandQuestion): Command {
  const sentence = refusalOf(question);
  if (sentence !== null) return { kind: 'refused', sentence };
  const { precision, checkpoint, limits, engine, servedTokens } = question;
  const { command } = engine;
  if (command === null) throw new Error('a plan without a command was not refused');
  const flags: Flag[] = [];
  const add = (kind: FlagKind, name: string, value: string | number | null): void => {
    flags.push({ kind, name, value: value === null ? null : String(value) });
  };
  add('tensorParallel', '--tensor-parallel-size', question.tensorParallel);
  if (question.pipelineParallel > 1) add('pipelineParallel', '--pipeline-parallel-size', question.pipelineParallel);
  if (question.dataParallel > 1) {
    if (command.dataParallelFlag === null) throw new Error(`${engine.version} starts one replica a server`);
    add('dataParallel', command.dataParallelFlag, question.dataParallel);
  }
  // Without chunked prefill a step that cannot hold the longest request keeps the server from starting.
  const batchedTokens = command.hasChunkedPrefill
    ? limits.maxNumBatchedTokens
    : Math.max(limits.maxNumBatchedTokens, servedTokens);
  add('servedTokens', '--max-model-len', servedTokens);
  add('seats', '--max-num-seqs', limits.maxNumSeqs);
  add('batchedTokens', '--max-num-batched-tokens', batchedTokens);
  add('memoryShare', '--gpu-memory-utilization', limits.gpuMemoryUtilization);
  const dtype = dtypeOf(question);
  if (dtype !== null) add('dtype', '--dtype', dtype);
  if (checkpoint.method === null) {
    const made = command.quantizedWhileLoading[precision];
    if (made) add('quantization', '--quantization', made);
  }
  if (question.kvCacheDtype === 'fp8') add('kvCacheDtype', '--kv-cache-dtype', 'fp8');
  const { isDefault, onFlag, offFlag } = command.prefixCaching;
  // Only what differs from the default of the version is said.
  if (question.hasPrefixCache && !isDefault) add('prefixCachingOn', onFlag, null);
  if (!question.hasPrefixCache && isDefault && offFlag !== null) add('prefixCachingOff', offFlag, null);
  return { kind: 'command', start: `${command.serve} ${shellWord(question.modelId)}`, flags };
}
