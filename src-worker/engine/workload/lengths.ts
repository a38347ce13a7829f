import { truncatedLognormal } from '../numerics/lognormal.ts';
import { normalCdf } from '../numerics/normal.ts';
import type { LengthDistribution, PrefixCache } from './types.ts';

/**
 * Token lengths as a few weighted nodes. Everything downstream works on these, not on means: percentiles of latency come
 * from the spread of lengths as much as from queueing (QUEUEING.md 3.2).
 */
export interface PromptNodes {
  /** [node] prompt tokens that must be computed. */
  uncachedTokens: Float64Array;
  /** [node] prompt tokens found in the prefix cache. */
  cachedTokens: Float64Array;
  /** [node] share of requests; adds up to 1. */
  weights: Float64Array;
  /** [node] width of the cell the node stands for, in uncached tokens. */
  widths: Float64Array;
}

export interface OutputNodes {
  tokens: Float64Array;
  weights: Float64Array;
  /** [node] width of the cell the node stands for. */
  widths: Float64Array;
}

/** Moments the closed form needs, in tokens. */
export interface LengthMoments {
  promptMean: number;
  promptVariance: number;
  uncachedMean: number;
  uncachedSecondMoment: number;
  uncachedVariance: number;
  /** Tokens of its own prompt before it, computed or cached, that a prompt token attends to, on average over prompts. */
  attendedMean: number;
  outputMean: number;
  outputSecondMoment: number;
  outputThirdMoment: number;
  /** Standard deviation of ln(output). */
  outputLogSigma: number;
  /** Mean tokens in which two answers that begin together overlap / the mean answer. */
  outputOverlap: number;
  /** Mean context of a running decode, as seen in time: E[prompt] + E[output²] / (2 E[output]). */
  decodeContextMean: number;
  decodeContextVariance: number;
}

export interface CutShare {
  /** Share of requests that had to be cut to the context limit. */
  requestsFraction: number;
  /** Share of prompt and output tokens cut away. */
  tokensFraction: number;
  /** True when even the mean prompt does not fit. */
  isMeanPromptCut: boolean;
}

export interface RequestLengths {
  /** What the nodes were made from: a simulation draws from the laws themselves. */
  question: LengthQuestion;
  prompts: PromptNodes;
  outputs: OutputNodes;
  moments: LengthMoments;
  cut: CutShare | null;
  promptP99Tokens: number;
  outputP99Tokens: number;
}

/** Which part of a prompt is found in the cache, and how often. */
export interface CachePolicy {
  hitFraction: number;
  cachedTokensOf(promptTokens: number): number;
}

export interface LengthQuestion {
  /** Independent parts that add up to the prompt (the user's text, what the application adds). */
  promptParts: LengthDistribution[];
  output: LengthDistribution;
  cache: CachePolicy | null;
  /** Longest prompt + output the model takes; null = no limit. */
  maxContextTokens: number | null;
}

/** Cell edges of the nodes in cumulated probability, finer in the tail (QUEUEING.md 3.2). */
const NODE_EDGES = [0, 0.05, 0.14, 0.25, 0.37, 0.49, 0.61, 0.72, 0.81, 0.88, 0.93, 0.965, 0.985, 0.995, 1];
/** The same where a few prompts hold much of all the work: the rarest are as long as thousands of others. */
const HEAVY_EDGES = [0, 0.09, 0.22, 0.36, 0.49, 0.61, 0.72, 0.81, 0.88, 0.93, 0.965, 0.985, 0.995, 0.999, 0.9999, 1];
/** Squared coefficient of variation above which prompts are heavy-tailed. */
const HEAVY_ABOVE = 0.8;

/** Edges of the fine cells that sums and cuts are made from. */
const FINE_EDGES = [
  ...Array.from({ length: 48 }, (_, i) => i / 50),
  0.96,
  0.97,
  0.98,
  0.985,
  0.99,
  0.993,
  0.996,
  0.998,
  0.999,
  0.9995,
  0.9999,
  1,
];

/** A discrete distribution: values in ascending order with their probabilities. */
interface Cells {
  values: Float64Array;
  weights: Float64Array;
}

/** Cuts a distribution into cells at FINE_EDGES, each at its conditional mean (so the mean is exact). */
function fineCells(distribution: LengthDistribution): Cells {
  if (distribution.std === 0 || distribution.min === distribution.max) {
    const value = Math.min(Math.max(distribution.mean, distribution.min), distribution.max);
    return { values: Float64Array.of(value), weights: Float64Array.of(1) };
  }
  const law = truncatedLognormal(distribution);
  const edges = FINE_EDGES.map((p) => (p === 0 ? distribution.min : p === 1 ? distribution.max : law.quantile(p)));
  const count = FINE_EDGES.length - 1;
  const values = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    const weight = (FINE_EDGES[i + 1] as number) - (FINE_EDGES[i] as number);
    weights[i] = weight;
    values[i] = law.partialMean(edges[i] as number, edges[i + 1] as number) / weight;
  }
  return { values, weights };
}

/** Cells in ascending order; equal values stay as they come. */
function sortedCells({ values, weights }: Cells): Cells {
  const order = new Uint32Array(values.length).map((_, i) => i);
  order.sort((a, b) => Math.sign((values[a] as number) - (values[b] as number)));
  const sorted = emptyCells(order.length);
  order.forEach((from, to) => {
    sorted.values[to] = values[from] as number;
    sorted.weights[to] = weights[from] as number;
  });
  return sorted;
}

const emptyCells = (count: number): Cells => ({ values: new Float64Array(count), weights: new Float64Array(count) });

/** Distribution of the sum of two independent parts. */
function sumCells(a: Cells, b: Cells): Cells {
  if (a.values.length === 1 || b.values.length === 1) {
    const [point, spread] = a.values.length === 1 ? [a, b] : [b, a];
    return { values: spread.values.map((v) => v + (point.values[0] as number)), weights: spread.weights };
  }
  const columns = b.values.length;
  const sums = emptyCells(a.values.length * columns);
  for (let i = 0; i < a.values.length; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      sums.values[i * columns + j] = (a.values[i] as number) + (b.values[j] as number);
      sums.weights[i * columns + j] = (a.weights[i] as number) * (b.weights[j] as number);
    }
  }
  return sortedCells(sums);
}

/** The value at which a distribution stands when `used` of the weight of cell `index`, and all before it, lies below. */
function edgeAt({ values, weights }: Cells, index: number, used: number): number {
  const last = values.length - 1;
  const middle = (i: number): number => {
    if (i <= 0) return (values[0] as number) - ((values[Math.min(1, last)] as number) - (values[0] as number)) / 2;
    if (i > last)
      return (values[last] as number) + ((values[last] as number) - (values[Math.max(0, last - 1)] as number)) / 2;
    return ((values[i - 1] as number) + (values[i] as number)) / 2;
  };
  if (index > last) return middle(last + 1);
  const share = used / (weights[index] as number);
  return middle(index) + share * (middle(index + 1) - middle(index));
}

/** Merges sorted cells into cells with the given cumulated edges; a cell that straddles an edge is split. */
function mergeCells(cells: Cells, edges: readonly number[]): Cells & { widths: Float64Array } {
  const count = edges.length - 1;
  if (cells.values.length === 1) return { ...cells, widths: Float64Array.of(0) };
  const values = new Float64Array(count);
  const weights = new Float64Array(count);
  const widths = new Float64Array(count);
  let source = 0;
  let used = 0;
  for (let i = 0; i < count; i += 1) {
    let missing = (edges[i + 1] as number) - (edges[i] as number);
    const low = edgeAt(cells, source, used);
    while (missing > 1e-12 && source < cells.values.length) {
      const available = (cells.weights[source] as number) - used;
      const take = Math.min(available, missing);
      const value = cells.values[source] as number;
      weights[i] = (weights[i] as number) + take;
      values[i] = (values[i] as number) + take * value;
      missing -= take;
      used += take;
      if (available - take <= 1e-15) {
        source += 1;
        used = 0;
      }
    }
    values[i] = (values[i] as number) / (weights[i] as number);
    // A cell is as wide as it is around its mean: the rare ones reach far beyond it, but hold little there.
    const value = values[i] as number;
    const high = edgeAt(cells, source, used);
    widths[i] = Math.min(high - low, 2 * (value - low), 2 * (high - value));
  }
  return { values, weights, widths };
}

const moment = (cells: Cells, power: number): number =>
  cells.values.reduce((sum, value, i) => sum + (cells.weights[i] as number) * value ** power, 0);

export function quantileOfCells(cells: Cells, probability: number): number {
  let cumulated = 0;
  for (let i = 0; i < cells.values.length; i += 1) {
    cumulated += cells.weights[i] as number;
    if (cumulated >= probability - 1e-12) return cells.values[i] as number;
  }
  return cells.values[cells.values.length - 1] as number;
}

const COARSE_EDGES = Array.from({ length: 201 }, (_, i) => i / 200);

/**
 * Cuts lengths to the context limit: the output to its own distribution first, then the prompt to what the output leaves.
 * Returns the marginals after the cut and the share that was cut.
 */
function cutToContext(
  prompt: Cells,
  output: Cells,
  limit: number,
): { prompt: Cells; output: Cells; cut: CutShare | null } {
  const longest = (prompt.values.at(-1) ?? 0) + (output.values.at(-1) ?? 0);
  if (longest <= limit) return { prompt, output, cut: null };
  const cutOutput: Cells = { values: output.values.map((v) => Math.min(v, limit - 1)), weights: output.weights };
  const coarse = prompt.values.length > COARSE_EDGES.length ? mergeCells(prompt, COARSE_EDGES) : prompt;
  const columns = output.values.length;
  const pairs = emptyCells(coarse.values.length * columns);
  let requests = 0;
  let tokens = 0;
  coarse.values.forEach((p, i) => {
    output.values.forEach((o, j) => {
      const weight = (coarse.weights[i] as number) * (output.weights[j] as number);
      const kept = Math.min(o, limit - 1);
      const keptPrompt = Math.max(1, Math.min(p, limit - kept));
      const lost = p - keptPrompt + (o - kept);
      if (lost > 0) {
        requests += weight;
        tokens += weight * lost;
      }
      pairs.values[i * columns + j] = keptPrompt;
      pairs.weights[i * columns + j] = weight;
    });
  });
  const offered = moment(prompt, 1) + moment(output, 1);
  const cut: CutShare = {
    requestsFraction: requests,
    tokensFraction: tokens / offered,
    isMeanPromptCut: moment(prompt, 1) >= limit,
  };
  return { prompt: sortedCells(pairs), output: cutOutput, cut };
}

/** Doubles the prompt nodes into hit and miss: a mixture, not an average (P50 and P99 may lie on different sides). */
function withCache(nodes: Cells & { widths: Float64Array }, cache: CachePolicy | null): PromptNodes {
  const uncached: number[] = [];
  const cached: number[] = [];
  const weights: number[] = [];
  const widths: number[] = [];
  const add = (prompt: number, width: number, hit: number, weight: number): void => {
    if (weight <= 0) return;
    const found = Math.min(hit, prompt - 1);
    uncached.push(prompt - found);
    cached.push(found);
    weights.push(weight);
    widths.push(width * ((prompt - found) / prompt));
  };
  // Hits first, then misses: neighbors in the arrays stay neighbors in length.
  const hitFraction = cache ? cache.hitFraction : 0;
  const each = (cachedOf: (prompt: number) => number, share: number): void =>
    nodes.values.forEach((prompt, i) => {
      add(prompt, nodes.widths[i] as number, cachedOf(prompt), (nodes.weights[i] as number) * share);
    });
  if (cache) each((prompt) => cache.cachedTokensOf(prompt), hitFraction);
  each(() => 0, 1 - hitFraction);
  return {
    uncachedTokens: Float64Array.from(uncached),
    cachedTokens: Float64Array.from(cached),
    weights: Float64Array.from(weights),
    widths: Float64Array.from(widths),
  };
}

const OUTPUT_MINIMUM = 1;

/** Builds the nodes and moments of a question. */
export function requestLengths(question: LengthQuestion): RequestLengths {
  const parts = question.promptParts.map(fineCells);
  const whole = parts.reduce(sumCells);
  const offeredOutput = fineCells(question.output);
  const limited =
    question.maxContextTokens === null
      ? { prompt: whole, output: offeredOutput, cut: null }
      : cutToContext(whole, offeredOutput, question.maxContextTokens);
  const atLeastOne = (cells: Cells): Cells => ({
    values: cells.values.map((v) => Math.max(v, OUTPUT_MINIMUM)),
    weights: cells.weights,
  });
  const prompt = atLeastOne(limited.prompt);
  const output = atLeastOne(limited.output);
  const promptScv = moment(prompt, 2) / moment(prompt, 1) ** 2 - 1;
  const edges = promptScv > HEAVY_ABOVE ? HEAVY_EDGES : NODE_EDGES;
  const promptNodes = withCache(mergeCells(prompt, edges), question.cache);
  const outputNodes = mergeCells(output, NODE_EDGES);

  const promptMean = moment(prompt, 1);
  const promptVariance = Math.max(0, moment(prompt, 2) - promptMean ** 2);
  const uncached: Cells = { values: promptNodes.uncachedTokens, weights: promptNodes.weights };
  const uncachedMean = moment(uncached, 1);
  const uncachedSecondMoment = moment(uncached, 2);
  const cachedMean = moment({ values: promptNodes.cachedTokens, weights: promptNodes.weights }, 1);
  const outputMean = moment(output, 1);
  const outputSecondMoment = moment(output, 2);
  const outputThirdMoment = moment(output, 3);
  const scv = Math.max(0, outputSecondMoment / outputMean ** 2 - 1);
  const outputLogSigma = Math.sqrt(Math.log1p(scv));
  const age = outputSecondMoment / (2 * outputMean);
  return {
    question,
    prompts: promptNodes,
    outputs: { tokens: outputNodes.values, weights: outputNodes.weights, widths: outputNodes.widths },
    moments: {
      promptMean,
      promptVariance,
      uncachedMean,
      uncachedSecondMoment,
      uncachedVariance: Math.max(0, uncachedSecondMoment - uncachedMean ** 2),
      attendedMean: uncachedMean / 2 + cachedMean,
      outputMean,
      outputSecondMoment,
      outputThirdMoment,
      outputLogSigma,
      outputOverlap: 2 * normalCdf(-outputLogSigma / Math.SQRT2),
      decodeContextMean: promptMean + age,
      decodeContextVariance: Math.max(0, promptVariance + outputThirdMoment / (3 * outputMean) - age ** 2),
    },
    cut: limited.cut,
    promptP99Tokens: quantileOfCells(prompt, 0.99),
    outputP99Tokens: quantileOfCells(output, 0.99),
  };
}

/** The cache of a workload: a share of every prompt, found with probability `hitFraction`. */
export function fractionalCache(cache: PrefixCache | null): CachePolicy | null {
  if (!cache || cache.hitFraction === 0 || cache.cacheableFraction === 0) return null;
  return {
    hitFraction: cache.hitFraction,
    cachedTokensOf: (prompt) => prompt * cache.cacheableFraction,
  };
}

/** A fixed shared prefix of `prefixTokens`. */
export function fixedPrefixCache(prefixTokens: number, hitFraction: number): CachePolicy | null {
  if (prefixTokens <= 0 || hitFraction <= 0) return null;
  return { hitFraction, cachedTokensOf: () => prefixTokens };
}
