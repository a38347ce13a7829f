import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import type { BatchingSubject } from '../../../src-worker/engine/batching/subject.ts';
import type { LengthDistribution } from '../../../src-worker/engine/workload/types.ts';

/**
 * An oracle of its own: vLLM V1's scheduler one step at a time, one object per request, first come first served, chunked
 * prefill, no shortage of KV blocks. Slow and plain on purpose; the closed form shares nothing with it but the step time.
 */

/** mulberry32: small, seeded, good enough for test loads. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

function drawLength({ mean, std, min, max }: LengthDistribution, random: () => number): number {
  if (std === 0) return mean;
  const variance = Math.log1p((std / mean) ** 2);
  for (;;) {
    const value = Math.exp(Math.log(mean) - variance / 2 + Math.sqrt(variance) * normal(random));
    if (value >= min && value <= max) return Math.max(1, Math.round(value));
  }
}

interface Request {
  arrivalMs: number;
  prompt: number;
  cached: number;
  output: number;
  computed: number;
  generated: number;
  firstMs: number;
  endMs: number;
}

export interface OracleLoad {
  promptParts: LengthDistribution[];
  output: LengthDistribution;
  hitFraction?: number;
  cacheableFraction?: number;
  ratePerMs: number;
  requests: number;
  seed: number;
}

function drawRequests(load: OracleLoad): Request[] {
  const random = randomSource(load.seed);
  let now = 0;
  return Array.from({ length: load.requests }, () => {
    now -= Math.log(1 - random()) / load.ratePerMs;
    const prompt = load.promptParts.reduce((sum, part) => sum + drawLength(part, random), 0);
    const isHit = random() < (load.hitFraction ?? 0);
    const cached = isHit ? Math.min(prompt - 1, Math.floor(prompt * (load.cacheableFraction ?? 0))) : 0;
    const output = drawLength(load.output, random);
    return { arrivalMs: now, prompt, cached, output, computed: cached, generated: 0, firstMs: 0, endMs: 0 };
  });
}

const percentile = (sorted: Float64Array, p: number): number => {
  const position = (sorted.length - 1) * p;
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  const [a = 0, b = 0] = [sorted[low], sorted[high]];
  return a + (position - low) * (b - a);
};

function summary(values: number[]): { mean: number; p50: number; p95: number; p99: number } {
  const sorted = Float64Array.from(values).sort();
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { mean, p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), p99: percentile(sorted, 0.99) };
}

/** Runs the load and returns percentiles (ms) of the requests after the first tenth; API and pipeline time left out. */
export function runStepByStep(subject: BatchingSubject, load: OracleLoad) {
  const { plan, maxNumBatchedTokens, maxNumSeqs } = subject;
  const requests = drawRequests(load);
  let running: Request[] = [];
  let nextArrival = 0;
  const waiting: Request[] = [];
  let now = 0;
  let decodeTimeMs = 0;
  for (;;) {
    while (nextArrival < requests.length && (requests[nextArrival] as Request).arrivalMs <= now) {
      waiting.push(requests[nextArrival++] as Request);
    }
    if (running.length === 0 && waiting.length === 0) {
      if (nextArrival >= requests.length) break;
      now = (requests[nextArrival] as Request).arrivalMs;
      continue;
    }
    let budget = maxNumBatchedTokens;
    let decodes = 0;
    let context = 0;
    let promptTokens = 0;
    let pairs = 0;
    let ending = 0;
    const chunks: [Request, number][] = [];
    const take = (request: Request): void => {
      const rest = request.prompt - request.computed;
      if (rest <= 0) {
        decodes += 1;
        context += request.prompt + request.generated;
        budget -= 1;
        return;
      }
      const chunk = Math.min(rest, budget);
      if (chunk <= 0) return;
      budget -= chunk;
      promptTokens += chunk;
      pairs += chunk * (request.computed + chunk / 2);
      if (chunk === rest) ending += 1;
      chunks.push([request, chunk]);
    };
    for (const request of running) take(request);
    while (budget > 0 && running.length < maxNumSeqs && waiting.length > 0) {
      const request = waiting.shift() as Request;
      running.push(request);
      take(request);
    }
    const stepMs = stepTimeMs(plan, decodes, context, promptTokens, pairs, ending);
    decodeTimeMs += decodes * stepMs;
    now += stepMs;
    const prefilling = new Set(chunks.map(([request]) => request));
    for (const request of running) {
      if (!prefilling.has(request) && request.computed >= request.prompt) request.generated += 1;
    }
    for (const [request, chunk] of chunks) {
      request.computed += chunk;
      if (request.computed >= request.prompt) {
        request.generated = 1;
        request.firstMs = now;
      }
    }
    running = running.filter((request) => {
      if (request.computed < request.prompt || request.generated < request.output) return true;
      request.endMs = now;
      return false;
    });
  }
  const measured = requests.slice(Math.floor(requests.length / 10));
  return {
    ttftMs: summary(measured.map((r) => r.firstMs - r.arrivalMs)),
    tpotMs: summary(measured.filter((r) => r.output > 1).map((r) => (r.endMs - r.firstMs) / (r.output - 1))),
    e2eMs: summary(measured.map((r) => r.endMs - r.arrivalMs)),
    meanRunning: decodeTimeMs / now,
  };
}
