import { invalidInput } from '../engine/errors.ts';
import type { Facts } from '../engine/facts.ts';
import { engineRefusal } from '../engine/hardware/precision.ts';
import type { Gpu } from '../engine/hardware/types.ts';
import { engineLimits } from '../engine/memory/fit.ts';
import type { EngineDefaults } from '../engine/memory/types.ts';
import { analyzeGenerator } from '../engine/model/analyze.ts';
import { undividedHeads } from '../engine/model/heads.ts';
import type { ModelSource } from '../engine/model/source.ts';
import type { Model, Precision } from '../engine/model/types.ts';
import { dtypeRefusal, memoryRefusal, modelRefusal, supportOf } from '../engine/sizing/plan-refusals.ts';
import { smallestFit } from '../engine/sizing/smallest-fit.ts';
import { gibFromBytes } from '../engine/units.ts';
import { SCHEMA_VERSION, type GpuFits, type ModelFit, type ModelFitsDocument } from '../protocol/documents.ts';
import { FITS_TOKENS, PRECISIONS, type ModelFitsInput } from '../protocol/requests.ts';
import { rounded, versionsOf } from './common.ts';
import { KV_16_BIT_BYTES } from './model-summary.ts';
import { resolveCalibration, resolveEngine } from './resolve.ts';

/** Up to the GPUs of one server, in the steps that groups of GPUs come in. */
const TENSOR_PARALLEL_CHOICES = [1, 2, 4, 8];

/** bf16 takes the memory of fp16: one of the two says it all. */
const FIT_PRECISIONS = PRECISIONS.filter((precision) => precision !== 'bf16');

interface Subject {
  model: Model;
  requestTokens: number;
  choices: readonly number[];
  engine: EngineDefaults;
  calibration: ReturnType<typeof resolveCalibration>;
}

function fitOf(subject: Subject, gpu: Gpu, precision: Precision): ModelFit {
  const none = { precision, tensor_parallel: null, weights_gib: null, kv_cache_tokens: null, requests: null };
  const { model, requestTokens, choices, engine, calibration } = subject;
  const support = supportOf(subject, gpu, precision);
  if (support.kind === 'unsupported') return { ...none, sentence: support.sentence };
  const limits = engineLimits(engine, gpu);
  const question = { model, gpu, precision, kvBytesPerElement: KV_16_BIT_BYTES, limits, calibration, requestTokens };
  const found = smallestFit(question, choices);
  if (found.kind === 'none') {
    return { ...none, sentence: memoryRefusal(found.memory, gpu, found.tensorParallel).detail };
  }
  return {
    precision,
    tensor_parallel: found.tensorParallel,
    weights_gib: rounded(gibFromBytes(found.memory.weightsBytes)),
    kv_cache_tokens: found.memory.kvCacheTokens,
    requests: found.requests,
    sentence: support.warning,
  };
}

function gpuFits(subject: Subject, gpu: Gpu, facts: Facts): GpuFits {
  const sold = facts.instances.filter(({ gpuId, gpuCount }) => gpuId === gpu.id && gpuCount >= 1);
  const refusal = engineRefusal(gpu, subject.engine);
  const sentence = refusal?.sentence ?? (modelRefusal(subject, gpu) ?? dtypeRefusal(subject, gpu))?.detail ?? null;
  return {
    gpu: gpu.id,
    name: gpu.name,
    memory_gib: rounded(gibFromBytes(gpu.usableMemoryBytes)),
    largest_instance_gpus: sold.length > 0 ? Math.max(...sold.map(({ gpuCount }) => gpuCount)) : null,
    fits: sentence !== null ? [] : FIT_PRECISIONS.map((precision) => fitOf(subject, gpu, precision)),
    sentence,
  };
}

/** The length asked for, or one of middling length. Refuses what is longer than the model's context. */
function tokensOf({ tokens }: ModelFitsInput, { id, maxContextTokens }: Model): number {
  if (tokens === null) return Math.min(FITS_TOKENS, maxContextTokens);
  if (tokens <= maxContextTokens) return tokens;
  throw invalidInput(
    'context_exceeded',
    `tokens ${tokens} is longer than the context of ${id}: give at most ${maxContextTokens}.`,
    { tokens, max_context_tokens: maxContextTokens },
  );
}

/**
 * For every GPU of the catalog and every precision: the fewest GPUs that hold the model and one request at the defaults of
 * the newest engine, and how many such requests that is at once. Throws what `analyzeModel` throws.
 */
export function answerModelFits(input: ModelFitsInput, source: ModelSource, facts: Facts): ModelFitsDocument {
  const model = analyzeGenerator(source);
  const engine = resolveEngine('vllm', facts);
  const calibration = resolveCalibration(input.calibration, facts);
  const requestTokens = tokensOf(input, model);
  const choices = TENSOR_PARALLEL_CHOICES.filter((degree) => undividedHeads(model, degree) === null);
  const subject: Subject = { model, requestTokens, choices, engine, calibration };
  return {
    schema_version: SCHEMA_VERSION,
    input: { model: model.id, tokens: requestTokens },
    checkpoint_precision: model.checkpoint.problem === undefined ? model.checkpoint.precision : null,
    tensor_parallel: choices,
    engine: engine.engine,
    engine_version: engine.version,
    gpus: facts.gpus.map((gpu) => gpuFits(subject, gpu, facts)).sort((a, b) => (a.gpu < b.gpu ? -1 : 1)),
    versions: versionsOf(facts, calibration.name),
  };
}
