import type { CalibrationProfile } from '../calibration/types.ts';
import { fabricFor } from '../communication/fabric.ts';
import { ConfigIqError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { precisionSupport } from '../hardware/precision.ts';
import { resolveGpuId } from '../hardware/resolve.ts';
import type { Gpu } from '../hardware/types.ts';
import { engineLimits, fitMemory, type EngineLimits } from '../memory/fit.ts';
import type { EngineDefaults } from '../memory/types.ts';
import type { Model, Precision } from '../model/types.ts';
import { didYouMean } from '../suggest.ts';
import { MS_PER_S, gibFromBytes } from '../units.ts';
import { DRAWN_LENGTHS } from '../workload/drawn-lengths.ts';
import type { Benchmark } from './benchmark.ts';
import { KV_CACHE_BYTES } from './cache-formats.ts';
import { generationOfMeasurement } from './generation.ts';
import { meanOrMedianMs, requestsServedPerS } from './measured-figures.ts';
import { requestsAtOnce } from './requests-at-once.ts';
import type { Measurement, WorkloadKind } from './types.ts';

export type ResolvedBenchmark = { kind: 'ready'; benchmark: Benchmark } | { kind: 'skipped'; reason: string };

/** Formats of weights as measurement files write them (NUMBERS.md, Precision). */
const PRECISIONS: ReadonlyMap<string, Precision> = new Map([
  ['fp16', 'fp16'],
  ['bf16', 'bf16'],
  ['fp8', 'fp8'],
  ['int8', 'int8'],
  ['w8a16', 'w8a16'],
  ['w4a16', 'int4'],
  ['int4', 'int4'],
  ['fp4', 'nvfp4'],
  ['nvfp4', 'nvfp4'],
  ['mxfp4', 'mxfp4'],
]);
/** TensorRT-LLM's seats in tuned offline runs (FIDELITY.md section 3, point 5). */
const TUNED_OFFLINE_SEATS = 4096;

/** Thrown inside `resolveBenchmark` only. */
class Unusable extends Error {}

function gpuOf(row: Measurement, { gpus, ...facts }: Facts): Gpu {
  let id: string;
  try {
    id = resolveGpuId({ gpus, ...facts }, row.gpu);
  } catch (error) {
    if (!(error instanceof ConfigIqError)) throw error;
    throw new Unusable(error.message);
  }
  const found = gpus.find((gpu) => gpu.id === id);
  if (!found) throw new Error(`GPU ${id} was resolved and is not there`);
  return found;
}

/** Defaults of the row's engine; a generation that the row names and nobody knows is told apart from an unknown engine. */
function engineOf(row: Measurement, engines: Facts['engines']) {
  const { generation, isKnown } = generationOfMeasurement(row) ?? { generation: null, isKnown: false };
  if (generation === null) {
    const known = [...new Set(engines.map(({ engine }) => engine))];
    throw new Unusable(`unknown engine "${row.engine}": ${didYouMean(row.engine, known)}`);
  }
  const engine = engines.find((defaults) => defaults.generation === generation);
  if (!engine) {
    const known = engines.map((defaults) => defaults.generation);
    throw new Unusable(`unknown engine_generation "${generation}": ${didYouMean(generation, known)}`);
  }
  return { engine, generation, isKnown };
}

function lengthsOf({ inputTokens, outputTokens, prefixTokens }: Measurement) {
  if (inputTokens === null || outputTokens === null) throw new Unusable('no lengths: isl or osl is empty.');
  if (inputTokens < 1 || outputTokens < 1) throw new Unusable('no lengths: isl or osl is below one token.');
  return { prompt: inputTokens, output: outputTokens, cached: Math.min(inputTokens - 1, prefixTokens ?? 0) };
}

function ratePerMsOf({ kind, requestRatePerS }: Measurement): number {
  if (kind === 'open_loop' && !requestRatePerS)
    throw new Unusable('no rate: request_rate_rps of an open loop is empty.');
  return (requestRatePerS ?? 0) / MS_PER_S;
}

/** What lacks where nothing says how many requests of a kind of load there were at once; an open loop has its rate. */
const NO_LOAD: Readonly<Record<Exclude<WorkloadKind, 'open_loop'>, string>> = {
  static_batch: 'no load: batch_or_concurrency of a static batch is empty; give the sequences of the batch.',
  closed_loop: 'no load: batch_or_concurrency of a closed loop is empty; give the requests that ran at once.',
  offline_max: 'no load: batch_or_concurrency and num_prompts of an offline run are empty; give its requests.',
};

function askedOf(row: Measurement): number {
  const asked = requestsAtOnce(row);
  if (asked !== null) return asked;
  if (row.kind === 'open_loop') return 1;
  throw new Unusable(NO_LOAD[row.kind]);
}

/** The format a row names; where it names none, that of the model's checkpoint, as sizing takes it. */
function precisionOf(row: Measurement, model: Model, gpu: Gpu) {
  const named = row.weightDtype === null ? model.checkpoint.precision : PRECISIONS.get(row.weightDtype.toLowerCase());
  if (!named) {
    const given = row.weightDtype ?? '';
    throw new Unusable(`unknown weight format "${given}": ${didYouMean(given, [...PRECISIONS.keys()])}`);
  }
  const precision = named === 'bf16' && !gpu.supportsBf16 ? 'fp16' : named;
  const support = precisionSupport(gpu, precision);
  if (support.kind === 'unsupported') throw new Unusable(support.sentence);
  return { precision, support };
}

/** Of one element of the cache; null = as the engine does by itself. */
function kvBytesOf({ kvDtype }: Measurement): 1 | 2 | null {
  const name = kvDtype?.toLowerCase() ?? 'auto';
  const bytes = Object.hasOwn(KV_CACHE_BYTES, name) ? KV_CACHE_BYTES[name] : undefined;
  if (bytes === undefined)
    throw new Unusable(`unknown kv_dtype "${name}": ${didYouMean(name, Object.keys(KV_CACHE_BYTES))}`);
  return bytes;
}

interface Served {
  prompt: number;
  output: number;
}

const isServed = ({ kind }: Measurement): boolean => kind === 'closed_loop' || kind === 'open_loop';

function limitsOf(
  row: Measurement,
  engine: EngineDefaults,
  gpu: Gpu,
  group: { tensorParallel: number },
  { prompt, output }: Served,
  contextTokens: number,
): EngineLimits {
  const { separatePrefill } = engine;
  const longest = separatePrefill?.upToContextTokens ?? Infinity;
  const isTuned = engine.engine === 'trtllm' && row.kind === 'offline_max';
  return engineLimits(
    engine,
    gpu,
    {
      maxNumBatchedTokens: row.maxNumBatchedTokens,
      maxNumSeqs: row.maxNumSeqs ?? (isTuned ? TUNED_OFFLINE_SEATS : null),
      gpuMemoryUtilization: row.gpuMemoryUtilization,
      // Servers choose the mode by the context they are given, batch scripts of that time leave it off.
      chunkedPrefill: separatePrefill ? isServed(row) && prompt + output > longest : null,
    },
    { ...group, contextTokens, promptTokens: prompt },
  );
}

/**
 * An offline run whose own figures say (Little's law) that a handful of requests were under way kept its client, not the
 * engine, busy: it is a closed loop of as many clients.
 */
const FEW_UNDER_WAY = 0.25;

function clientsByLittle({ kind, measured, outputTokens }: Measurement, capacity: number): number | null {
  const ttft = measured['ttft_ms_mean'];
  const tpot = measured['tpot_ms_mean'];
  const output = outputTokens ?? 0;
  const requestsPerS = requestsServedPerS(measured, output);
  if (kind !== 'offline_max' || ttft === undefined || tpot === undefined || requestsPerS === undefined) return null;
  const underWay = (requestsPerS / MS_PER_S) * (ttft + (output - 1) * tpot);
  return underWay < FEW_UNDER_WAY * capacity ? Math.max(1, Math.round(underWay)) : null;
}

/**
 * Clients of a closed loop that decode at once by the row's own times. Where nearly all of them do, all had seats, whatever
 * the memory rule says of a cache whose format the source does not give.
 */
const NEARLY_ALL = 0.9;

function haveAllSeats({ kind, measured, outputTokens }: Measurement): boolean {
  const [ttft, tpot] = [meanOrMedianMs(measured, 'ttft'), meanOrMedianMs(measured, 'tpot')];
  if (kind !== 'closed_loop' || ttft === undefined || tpot === undefined) return false;
  const decodingMs = ((outputTokens ?? 1) - 1) * tpot;
  return decodingMs > NEARLY_ALL * (ttft + decodingMs);
}

/** Nominal lengths that requests may have been drawn from 80 to 100 % of: their means lie within. */
function hasDrawnLengths(row: Measurement): boolean {
  const pairs = [
    [row.inputTokens, row.inputTokensNominal],
    [row.outputTokens, row.outputTokensNominal],
  ] as const;
  const named = pairs.filter(([, nominal]) => nominal !== null);
  const isWithin = ([mean, nominal]: (typeof pairs)[number]): boolean => {
    const share = (mean ?? 0) / (nominal ?? 1);
    return share >= DRAWN_LENGTHS.lowest && share < 1;
  };
  return named.length > 0 && named.every(isWithin);
}

/** Tokens to which the context of a server is looked for: a block of cache. */
const CONTEXT_STEP = 16;

/** Longest context between `least` and `most` that starts, to a block of cache; `least` where not even that does. */
function longestContext(least: number, most: number, starts: (tokens: number) => boolean): number {
  let [low, high] = [least, most];
  while (high - low > CONTEXT_STEP) {
    const middle = (low + high) / 2;
    if (starts(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function resolve(row: Measurement, model: Model | null, facts: Facts, calibration: CalibrationProfile): Benchmark {
  const lengths = lengthsOf(row);
  const asked = askedOf(row);
  if (!model) throw new Unusable(`unknown model "${row.model}".`);
  const gpu = gpuOf(row, facts);
  const { engine, generation, isKnown } = engineOf(row, facts.engines);
  const { precision, support } = precisionOf(row, model, gpu);
  const dataParallel = row.dataParallel ?? 1;
  const pipelineParallel = row.pipelineParallel ?? 1;
  const gpus = row.gpuCount ?? (row.tensorParallel ?? 1) * pipelineParallel * dataParallel;
  const tensorParallel = row.tensorParallel ?? Math.max(1, Math.round(gpus / pipelineParallel / dataParallel));
  const streams = dataParallel * pipelineParallel;
  const kvBytesPerElement = kvBytesOf(row) ?? (engine.fp8CacheWith.includes(precision) ? 1 : 2);
  const { prompt, output, cached } = lengths;
  const hasExperts = model.layers.some(({ ffn }) => ffn.experts !== null);
  const expertParallel = hasExperts ? (row.expertParallel ?? 1) : 1;
  const deployed = { model, gpu, gpuShare: 1, precision, kvBytesPerElement, tensorParallel, expertParallel } as const;
  const meanContext = prompt + output / 2;
  const fitFor = (maxContext: number, served: number, maxNumSeqs: number | null) => {
    const limits = limitsOf({ ...row, maxNumSeqs }, engine, gpu, { tensorParallel }, lengths, maxContext);
    const question = { ...deployed, pipelineParallel, dataParallel, limits, calibration, contextTokens: meanContext };
    return { limits, memory: fitMemory({ ...question, servedTokens: served }) };
  };
  const needed = prompt + output;
  // The model's whole context where the cache holds a request as long: else vLLM does not start, and says how long a context
  // it would start with.
  const whole = Math.max(needed, model.maxContextTokens ?? 0);
  let { limits, memory } = fitFor(whole, whole, row.maxNumSeqs);
  if (!memory.fits && whole > needed) {
    const context = longestContext(needed, whole, (tokens) => fitFor(tokens, tokens, row.maxNumSeqs).memory.fits);
    ({ limits, memory } = fitFor(context, context, row.maxNumSeqs));
  }
  // What was measured did run: where the default seats leave no room, somebody made them fewer until it did.
  while (!memory.fits && row.maxNumSeqs === null && limits.maxNumSeqs > 1) {
    ({ limits, memory } = fitFor(needed, needed, Math.floor(limits.maxNumSeqs / 2)));
  }
  if (memory.weightsBytes > memory.totalBytes) {
    const [needs, has] = [memory.weightsBytes, memory.totalBytes].map((bytes) => gibFromBytes(bytes).toFixed(1));
    throw new Unusable(
      `impossible: ${needs} GiB of weights in ${precision} on each GPU, which has ${has}; correct tp, gpu_count or weight_dtype.`,
    );
  }
  const kvSeats = Math.max(1, memory.kvCacheTokens / meanContext);
  const held = haveAllSeats(row) ? Math.max(kvSeats, asked) : kvSeats;
  const seats = Math.max(1, Math.min(limits.maxNumSeqs * dataParallel, held) / streams);
  const few = clientsByLittle(row, Math.min(asked, seats * streams));
  const between = pipelineParallel > 1 ? fabricFor(gpu, tensorParallel * pipelineParallel, null) : null;
  const amongRanks = dataParallel > 1 ? fabricFor(gpu, tensorParallel * dataParallel, null) : null;
  const isStreamed =
    row.kind === 'closed_loop' ||
    row.kind === 'open_loop' ||
    Object.keys(row.measured).some((column) => column.startsWith('ttft'));
  return {
    row,
    kind: few === null ? row.kind : 'closed_loop',
    group: `${row.sourceId}|${gpu.id}|${row.model}`,
    machine: `${row.sourceId}|${gpu.id}`,
    generation,
    isGenerationKnown: isKnown,
    deployment: {
      ...deployed,
      support,
      generation,
      fabric: fabricFor(gpu, tensorParallel, null),
      dataParallel: amongRanks && { ranks: dataParallel, fabric: amongRanks },
      pipeline: between && { stages: pipelineParallel, fabric: between },
      streamsTokens: isStreamed,
    },
    streams,
    hasSeparatePrefill: limits.hasSeparatePrefill,
    promptTokens: prompt,
    cachedTokens: cached,
    outputTokens: output,
    hasDrawnLengths: hasDrawnLengths(row),
    maxNumBatchedTokens: limits.maxNumBatchedTokens,
    maxNumSeqs: (limits.maxNumSeqs * dataParallel) / streams,
    seats,
    requests: (few ?? asked) / streams,
    ratePerMs: ratePerMsOf(row) / streams,
    numPrompts: few === null ? row.numPrompts : asked,
    coldRequests: row.coldRequests ?? 0,
    scvArrival: row.arrival === 'constant' ? 0 : 1,
  };
}

/**
 * Resolves the names of a measurement and what its engine held. What cannot be used is skipped with a reason: no lengths,
 * no rate of an open loop or number at once of any other load, unknown model, GPU, engine or format. `source_id` says which rows belong together, never what is predicted.
 */
export function resolveBenchmark(
  row: Measurement,
  model: Model | null,
  facts: Facts,
  calibration: CalibrationProfile,
): ResolvedBenchmark {
  try {
    return { kind: 'ready', benchmark: resolve(row, model, facts, calibration) };
  } catch (error) {
    if (error instanceof Unusable) return { kind: 'skipped', reason: error.message };
    throw error;
  }
}
