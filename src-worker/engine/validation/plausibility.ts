import { activeLayerParameters, distinctLayers } from '../model/parameters.ts';
import type { StepPlan } from '../roofline/step-plan.ts';
import { MS_PER_S, msFromSeconds } from '../units.ts';
import type { Benchmark, BenchmarkMeans } from './benchmark.ts';

/** Rounding of published figures: what is this much too fast may still be true. */
const ROUNDING = 0.98;
/** E2E and its parts may differ by this factor: means of different requests, chunks counted as tokens. */
const MOST_DISAGREEMENT = 2;
/** How much longer than the whole burst in front of it a request may wait before its server must have had fewer seats. */
const MOST_BURSTS = 2;

const ms = (value: number): string => `${value.toPrecision(3)} ms`;

const figure = ({ row }: Benchmark, metric: 'ttft' | 'tpot' | 'e2e'): number | undefined =>
  row.measured[`${metric}_ms_mean`] ?? row.measured[`${metric}_ms_p50`];

/** Requests per second that the row says were served. */
function servedPerS({ row, outputTokens }: Benchmark): number | undefined {
  const tokens = row.measured['output_tok_s'];
  return row.measured['req_s'] ?? (tokens === undefined ? undefined : tokens / outputTokens);
}

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

function tooFast(b: Benchmark, plan: StepPlan): string | null {
  const floorMs = plan.weightReadFloorMs;
  const tpot = figure(b, 'tpot');
  if (tpot !== undefined && tpot < ROUNDING * floorMs) {
    return `impossible: TPOT of ${ms(tpot)}, while reading the weights once at the peak bandwidth takes ${ms(floorMs)}.`;
  }
  const perS = servedPerS(b);
  if (perS === undefined) return null;
  const running = Math.max(1, Math.min(b.maxNumSeqs, b.kind === 'open_loop' ? Infinity : b.requests)) * b.streams;
  const mostPerS = (running / floorMs) * MS_PER_S;
  if (perS * b.outputTokens * ROUNDING > mostPerS) {
    return `impossible: ${(perS * b.outputTokens).toPrecision(3)} tokens/s, while ${Math.round(running)} sequences give at most ${mostPerS.toPrecision(3)} at the peak bandwidth.`;
  }
  const tokensPerMs = (perS * (b.promptTokens - b.cachedTokens + b.outputTokens)) / MS_PER_S;
  if (tokensPerMs * msPerTokenAtPeak(b) * ROUNDING > 1) {
    return 'impossible: prompts and answers take more FLOP/s than the GPUs have.';
  }
  return null;
}

function tooEarly(b: Benchmark): string | null {
  const ttft = figure(b, 'ttft');
  const floorMs = (b.promptTokens - b.cachedTokens) * msPerTokenAtPeak(b);
  if (ttft === undefined || ttft >= ROUNDING * floorMs) return null;
  return `impossible: TTFT of ${ms(ttft)}, while the prompt takes ${ms(floorMs)} at the peak of the GPUs.`;
}

function contradiction(b: Benchmark): string | null {
  const [ttft, tpot, e2e] = [figure(b, 'ttft'), figure(b, 'tpot'), figure(b, 'e2e')];
  if (ttft === undefined || tpot === undefined || e2e === undefined || b.kind === 'static_batch') return null;
  const parts = ttft + Math.max(0, b.outputTokens - 1) * tpot;
  if (Math.max(e2e / parts, parts / e2e) <= MOST_DISAGREEMENT) return null;
  return `contradictory: E2E of ${ms(e2e)} beside TTFT and TPOT that add up to ${ms(parts)}; are the units mixed?`;
}

/** All clients of a closed loop start at once and nobody waits for more than all of their prompts, if he has a seat. */
function fewerSeats(b: Benchmark, means: BenchmarkMeans, aloneMs: number): string | null {
  const ttft = figure(b, 'ttft');
  if (b.kind !== 'closed_loop' || ttft === undefined || b.requests > b.seats || b.requests < 2) return null;
  const burstMs = Math.max(means.ttftMs, b.requests * aloneMs);
  if (ttft <= MOST_BURSTS * burstMs) return null;
  return `contradictory: TTFT of ${ms(ttft)} is longer than the prompts of all ${Math.round(b.requests)} clients take (${ms(burstMs)}); the server had fewer seats than the file says.`;
}

/**
 * Why a measurement cannot be true or cannot have been made as its file says; null = nothing speaks against it. Floors are
 * those of the data sheet, not of the calibration. `means` and `aloneMs` (TTFT of a request alone) are what is predicted.
 */
export const implausibility = (b: Benchmark, plan: StepPlan, means: BenchmarkMeans, aloneMs: number): string | null =>
  tooFast(b, plan) ?? tooEarly(b) ?? contradiction(b) ?? fewerSeats(b, means, aloneMs);
