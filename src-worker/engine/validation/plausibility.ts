import type { LatencyMetric } from '../calibration/types.ts';
import { undividedHeads } from '../model/heads.ts';
import { cacheBytesPerToken } from '../model/kv.ts';
import { activeLayerParameters, distinctLayers } from '../model/parameters.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { MS_PER_S, msFromSeconds } from '../units.ts';
import type { Benchmark, BenchmarkMeans } from './benchmark.ts';
import { judgedColumns } from './judged-columns.ts';
import { meanOrMedianMs, requestsPerSByRate, requestsServedPerS } from './measured-figures.ts';
import { LATENCY_COLUMNS } from './types.ts';

/** Rounding of published figures: what is this much too fast may still be true. */
const ROUNDING = 0.98;
/** E2E and its parts may differ by this factor: means of different requests, chunks counted as tokens. */
const MOST_DISAGREEMENT = 2;
/** How much longer than the whole burst in front of it a request may wait before its server must have had fewer seats. */
const MOST_BURSTS = 2;
/** Rates of one run are the same requests counted in other words; printed ones of all bundled runs agree within 4 %. */
export const MOST_RATE_DISAGREEMENT = 1.1;
/** The median length of very uneven requests (log-normal, CV 4) is a quarter of their mean, which is what a row gives. */
const MEDIAN_LENGTH_SHARE = 0.25;
/**
 * A mean or a median this many times what is predicted, or as small a part of it, was written in another unit or made by
 * another run. Judgement: the worst of the bundled runs that nothing else speaks against is off by 16, and units that
 * people mix differ by 60, 1,000 or more.
 */
const MOST_FACTOR = 20;
/** The slowest hundredth of a queue may be as far above its mean. */
const MOST_TAIL = 20;

/** Three digits, never as a power of ten. */
const digits = (value: number): string =>
  Number(value.toPrecision(3)).toLocaleString('en-US', { maximumSignificantDigits: 3 });
const ms = (value: number): string => `${digits(value)} ms`;

const figure = ({ row }: Benchmark, metric: LatencyMetric): number | undefined => meanOrMedianMs(row.measured, metric);

/**
 * FLOP of a token in the matrices of the layers, over all GPUs of the instance, at the peak: ms. An embedding is looked up,
 * and the head is for sampled tokens alone: of a small model with many words they would be a third.
 */
function msPerTokenAtPeak({ deployment, streams }: Benchmark): number {
  const { model, tensorParallel, support, gpuShare } = deployment;
  const flop = distinctLayers(model.layers).reduce(
    (sum, { layer, count }) => sum + 2 * count * activeLayerParameters(layer),
    0,
  );
  return msFromSeconds(flop / (support.peakFlopPerS * gpuShare * tensorParallel * streams));
}

/** Attention of a prompt over what its tokens attend to, over all GPUs of the instance, at the 16-bit peak: ms. */
function promptAttentionMsAtPeak({ deployment, streams }: Benchmark, tokens: number, cachedTokens: number): number {
  const { model, gpu, tensorParallel, gpuShare } = deployment;
  let flop = 0;
  for (const { layer, count } of distinctLayers(model.layers)) {
    for (const { promptFlop, attendedTokens } of layer.attention.context) {
      // Half of the prompt in the mean, and what was cached, as far as the window goes.
      const attended = Math.min(cachedTokens + tokens / 2, attendedTokens ?? Infinity);
      flop += count * promptFlop * tokens * attended;
    }
  }
  return msFromSeconds(flop / (gpu.peaks.fp16FlopPerS * gpuShare * tensorParallel * streams));
}

/** Reading the cache of a request's own context once, over the GPUs of its group, at the peak bandwidth: ms. */
function cacheReadMsAtPeak({ deployment }: Benchmark, contextTokens: number): number {
  const { model, gpu, tensorParallel, gpuShare, kvBytesPerElement } = deployment;
  let bytes = 0;
  for (const { layer, count } of distinctLayers(model.layers)) {
    for (const work of layer.attention.context) {
      const tokens = Math.min(contextTokens, work.attendedTokens ?? Infinity);
      bytes += count * tokens * cacheBytesPerToken(work, kvBytesPerElement, tensorParallel);
    }
  }
  return msFromSeconds(bytes / (gpu.memoryBandwidthBytesPerS * gpuShare));
}

/**
 * Least ms of a column that holds latencies: weights and the request's own cache are read once a token, prompts computed at
 * the peak of the GPUs.
 */
function latencyFloorMs(b: Benchmark, plan: StepPlan, quantity: string, statistic: string): number {
  const share = statistic === 'p50' ? MEDIAN_LENGTH_SHARE : 1;
  const [prompt, output] = [share * b.promptTokens, share * b.outputTokens];
  // A single request is taken to be shared out over the streams, and so is its cache.
  const tokenMs = plan.weightReadFloorMs + cacheReadMsAtPeak(b, prompt + output / 2) / b.streams;
  if (quantity === 'tpot') return tokenMs;
  const cached = Math.min(b.cachedTokens, prompt);
  const uncached = share * (b.promptTokens - b.cachedTokens);
  const computeMs = uncached * msPerTokenAtPeak(b) + promptAttentionMsAtPeak(b, uncached, cached);
  const promptMs = Math.max(plan.weightReadFloorMs, computeMs);
  return quantity === 'ttft' ? promptMs : promptMs + Math.max(0, output - 1) * tokenMs;
}

const FLOOR_WORDS: Readonly<Record<string, string>> = {
  ttft: 'computing the prompt at the peak of the GPUs',
  tpot: 'reading weights and cache once at the peak bandwidth',
  e2e: 'the prompt and reading weights and cache for every token, at the peak of the GPUs,',
};

function tooEarly(b: Benchmark, plan: StepPlan): string | null {
  for (const column of LATENCY_COLUMNS) {
    const value = b.row.measured[column];
    if (value === undefined) continue;
    const { quantity, statistic, words } = partsOfColumn(column);
    const floorMs = latencyFloorMs(b, plan, quantity, statistic);
    if (value < ROUNDING * floorMs) {
      return `impossible: ${words} of ${ms(value)}, while ${FLOOR_WORDS[quantity] ?? ''} takes ${ms(floorMs)}; is it in another unit?`;
    }
  }
  return null;
}

/** `tpot_ms_p99` -> tpot, p99, "TPOT P99"; a mean goes without saying. */
function partsOfColumn(column: string): { quantity: string; statistic: string; words: string } {
  const [quantity = '', statistic = ''] = column.split('_ms_');
  const words = statistic === 'mean' ? quantity.toUpperCase() : `${quantity} ${statistic}`.toUpperCase();
  return { quantity, statistic, words };
}

/** No engine splits a head over GPUs. */
function undivided({ deployment: { model, tensorParallel } }: Benchmark): string | null {
  const odd = undividedHeads(model, tensorParallel);
  return (
    odd && `impossible: TP ${tensorParallel} does not divide the ${odd.count} ${odd.words} of the model; correct tp.`
  );
}

function tooMany(b: Benchmark, plan: StepPlan): string | null {
  const perS = requestsServedPerS(b.row.measured, b.outputTokens);
  if (perS === undefined) return null;
  const running = Math.max(1, Math.min(b.maxNumSeqs, b.kind === 'open_loop' ? Infinity : b.requests)) * b.streams;
  const mostPerS = (running / plan.weightReadFloorMs) * MS_PER_S;
  if (perS * b.outputTokens * ROUNDING > mostPerS) {
    return `impossible: ${digits(perS * b.outputTokens)} tokens/s, while ${Math.round(running)} sequences give at most ${digits(mostPerS)} at the peak bandwidth.`;
  }
  const tokensPerMs = (perS * (b.promptTokens - b.cachedTokens + b.outputTokens)) / MS_PER_S;
  if (tokensPerMs * msPerTokenAtPeak(b) * ROUNDING > 1) {
    return 'impossible: prompts and answers take more FLOP/s than the GPUs have.';
  }
  return null;
}

/** Requests per second by each rate of a row. */
const byEachRate = ({ row, promptTokens, outputTokens }: Benchmark) =>
  requestsPerSByRate(row.measured, { inputTokens: promptTokens, outputTokens });

function ratesDisagree(b: Benchmark): string | null {
  const byRate = byEachRate(b).sort((one, other) => one.perS - other.perS);
  const [slowest, fastest] = [byRate[0], byRate.at(-1)];
  if (!slowest || !fastest || fastest.perS <= MOST_RATE_DISAGREEMENT * slowest.perS) return null;
  return `contradictory: by isl and osl ${slowest.column} is ${digits(slowest.perS)} requests/s and ${fastest.column} ${digits(fastest.perS)}; leave the wrong one empty.`;
}

/** Figures that are judged and lie so far from what is predicted that no model of the run can be what is wrong. */
function otherUnit(b: Benchmark, means: BenchmarkMeans): string | null {
  const predictedMs: Readonly<Record<string, number>> = { ttft: means.ttftMs, tpot: means.tpotMs, e2e: means.e2eMs };
  const predictedPerS = means.requestsPerMs * b.streams * MS_PER_S;
  const perS = new Map(byEachRate(b).map(({ column, perS: requests }) => [column, requests]));
  for (const column of judgedColumns(b)) {
    const requestsPerS = perS.get(column);
    const { quantity, statistic, words } = partsOfColumn(column);
    const value = requestsPerS ?? b.row.measured[column] ?? 0;
    const predicted = requestsPerS === undefined ? (predictedMs[quantity] ?? 0) : predictedPerS;
    if (predicted <= 0) continue;
    const isTail = requestsPerS === undefined && statistic !== 'mean' && statistic !== 'p50';
    if (value >= predicted / MOST_FACTOR && value <= predicted * MOST_FACTOR * (isTail ? MOST_TAIL : 1)) continue;
    const unit = requestsPerS === undefined ? 'ms' : 'requests/s';
    const name = requestsPerS === undefined ? words : column;
    return `out of range: ${name} of ${digits(value)} ${unit} is more than ${MOST_FACTOR} times off the ${digits(predicted)} ${unit} predicted; are the units mixed, or was the server over capacity (write so in the column regime)?`;
  }
  return null;
}

function contradiction(b: Benchmark): string | null {
  const [ttft, tpot, e2e] = [figure(b, 'ttft'), figure(b, 'tpot'), figure(b, 'e2e')];
  if (ttft === undefined || tpot === undefined || e2e === undefined || b.kind === 'static_batch') return null;
  const parts = ttft + Math.max(0, b.outputTokens - 1) * tpot;
  if (Math.max(e2e / parts, parts / e2e) <= MOST_DISAGREEMENT) return null;
  return `contradictory: E2E of ${ms(e2e)} beside TTFT and TPOT that add up to ${ms(parts)}; are the units mixed?`;
}

/** All clients of a closed loop start at once and nobody waits for more than all of their prompts, if he has a seat. */
function fewerSeats(b: Benchmark, means: BenchmarkMeans, aloneMs: () => number): string | null {
  const ttft = figure(b, 'ttft');
  if (b.kind !== 'closed_loop' || ttft === undefined || b.requests > b.seats || b.requests < 2) return null;
  const burstMs = Math.max(means.ttftMs, b.requests * aloneMs());
  if (ttft <= MOST_BURSTS * burstMs) return null;
  return `contradictory: TTFT of ${ms(ttft)} is longer than the prompts of all ${Math.round(b.requests)} clients take (${ms(burstMs)}); the server had fewer seats than the file says, or the unit is another.`;
}

/**
 * Why a measurement cannot be true or cannot have been made as its file says; null = nothing speaks against it. Floors are
 * those of the data sheet, not of the calibration. `means` and `aloneMs` (TTFT of a request alone, which
 * few rows need) are what is predicted.
 */
export const implausibility = (
  b: Benchmark,
  plan: StepPlan,
  means: BenchmarkMeans,
  aloneMs: () => number,
): string | null =>
  undivided(b) ??
  tooEarly(b, plan) ??
  tooMany(b, plan) ??
  ratesDisagree(b) ??
  contradiction(b) ??
  fewerSeats(b, means, aloneMs) ??
  otherUnit(b, means);
