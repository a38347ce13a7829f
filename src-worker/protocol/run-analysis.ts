import { z } from 'zod';
import type { Shortfall } from './shortfall.ts';

/* What can be asked of a stored run as a whole: protocol of `analyzeRun`. */

const name = z.string().min(1).max(300);

/** Value of an axis by its name: only the points that have it are looked at. */
const at = z.record(name, z.union([z.number(), name])).default({});

const runId = z.number().int().min(1);

export const runAnalysisSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('frontier'),
    runId,
    /** A metric by its column (`ttft_ms_p95`) or its id (`ttft_p95`). */
    x: name.default('usd_per_hour'),
    y: name.default('ttft_p95'),
    at,
  }),
  z.strictObject({
    kind: z.literal('break_even'),
    runId,
    /** Axis of numbers; null = users or rate where they vary, else the first that does. */
    along: name.nullable().default(null),
    at,
  }),
  z.strictObject({
    kind: z.literal('comparison'),
    runId,
    /** Axis of names whose values are compared. */
    between: name,
    along: name.nullable().default(null),
    at,
  }),
  z.strictObject({ kind: z.literal('goodput'), runId, at }),
]);
export type RunAnalysisRequest = z.output<typeof runAnalysisSchema>;
export type RunAnalysisDraft = z.input<typeof runAnalysisSchema>;

/** Values of axes by name. */
export type Place = Record<string, number | string>;

export interface AxisMetric {
  id: string;
  label: string;
  unit: string;
  better: 'lower' | 'higher';
}

/** A configuration without its number of instances, which follows the load. */
export interface Choice {
  provider: string;
  instance: string;
  gpu: string;
  quantization: string;
  tensor_parallel: number;
  pipeline_parallel: number;
}

/** Axes whose value stands in a choice. */
export const CHOICE_AXES: readonly string[] = ['provider', 'instance', 'gpu', 'quantization', 'tp', 'pp'];

/** One with the values of the axes that were left to choose. */
export interface LineChoice extends Choice {
  chosen: Place;
}

export interface FrontierPoint extends LineChoice {
  id: string;
  instances: number;
  point_id: number;
  rank: number;
  x: number;
  y: number;
  /** Further rows with these very two figures. */
  others: number;
}

/** The rows of one situation that no other of them beats in both metrics, along the first. */
export interface FrontierGroup {
  at: Place;
  rows: number;
  points: FrontierPoint[];
}

export interface FrontierDocument {
  kind: 'frontier';
  run_id: number;
  at: Place;
  x: AxisMetric;
  y: AxisMetric;
  /** Axes that are given rather than chosen, and vary: there is a frontier for each of their values. */
  per: string[];
  groups: FrontierGroup[];
  /** Rows that pass, and those of them that lack one of the figures: hardware without a price. */
  rows: number;
  rows_without: number;
  /** Rows of further situations than a document holds. */
  rows_left_out: number;
  /** Why no row passes; null where one does. */
  no_answer: Shortfall | null;
}

export interface Cost {
  instances: number;
  usd_per_hour: number;
  usd_per_request: number;
}

export interface BreakEvenStep {
  value: number;
  /** Index among the `choices` of the line; null where nothing meets the targets. */
  choice: number | null;
  cost: Cost | null;
  /** Commonest reason of its points where nothing passes; null where something does, or no row gives one. */
  reason: string | null;
}

/**
 * Why there is no cost of staying: nothing met the targets before; it is still the same instance with the same values of the chosen
 * axes; the instance is not sold at the value or none of its plans meets the targets there; it is there without a price; the rows
 * of the point could not be read again.
 */
export type StayingReason = 'nothing_before' | 'same_instance' | 'not_possible' | 'without_price' | 'not_known';

/** The best choice is another from somewhere between two neighbouring values on. */
export interface BreakEvenChange {
  from: number;
  to: number;
  before: number | null;
  after: number | null;
  cost_before: Cost | null;
  cost_after: Cost | null;
  /**
   * What the instance before would cost at `to`, with the same values of the chosen axes and the plan that suits it there; null for
   * the reason beside it.
   */
  staying: Cost | null;
  /** null = staying has a cost. */
  staying_reason: StayingReason | null;
  /** Where it is not possible: why the instance does not pass at `to`, by code; null where it is not offered there. */
  staying_excluded: string | null;
}

/** One situation of the given axes: what is cheapest along the axis, the values of chosen axes being part of the choice. */
export interface BreakEvenLine {
  at: Place;
  choices: LineChoice[];
  steps: BreakEvenStep[];
  changes: BreakEvenChange[];
  /** Commonest reason of its points where nothing passes anywhere on it; null where something does, or no row gives one. */
  reason: string | null;
}

export interface BreakEvenDocument {
  kind: 'break_even';
  run_id: number;
  at: Place;
  along: string;
  lines: BreakEvenLine[];
  points: number;
  /** Points of further lines than a document holds. */
  points_left_out: number;
}

export interface ComparisonCost extends Cost {
  choice: Choice;
}

/** Where the cheaper of two values is the other one. */
export interface ComparisonChange {
  from: number;
  to: number;
  /** b / a in dollars an hour, before and after. */
  ratio_before: number;
  ratio_after: number;
}

export interface ComparisonLine {
  at: Place;
  steps: { value: number | null; a: ComparisonCost | null; b: ComparisonCost | null; ratio: number | null }[];
  changes: ComparisonChange[];
}

export interface Span {
  least: number;
  most: number;
}

/** One value of an axis beside all others of it. */
export interface ComparedValue {
  value: string;
  /** Situations in which it has a cost, and those of them in which no other value has one: nothing compares there. */
  situations: number;
  alone: number;
  /** Of those that compare, in which no other value is cheaper. */
  cheapest: number;
  usd_per_hour: Span | null;
  /** Over the situations that compare: its cost over that of the cheapest value, 1 where it is that; null where none tells. */
  times_cheapest: (Span & { mean: number }) | null;
}

/** Two values of an axis, all others alike. Counts are of situations: combinations of the other axes. */
export interface Comparison {
  a: string;
  b: string;
  a_cheaper: number;
  b_cheaper: number;
  equal: number;
  only_a: number;
  only_b: number;
  neither: number;
  /** b / a in dollars an hour over the situations in which both have an answer. */
  ratio: Span | null;
  /**
   * What the prices of b may be multiplied by until a is as cheap: 1 / ratio, at its least and its most. Below 1 they would
   * have to fall.
   */
  break_even_price_factor: Span | null;
  lines: ComparisonLine[];
}

export interface ComparisonDocument {
  kind: 'comparison';
  run_id: number;
  at: Place;
  between: string;
  along: string | null;
  /** Combinations of the other axes. */
  situations: number;
  /** All of them, by `times_cheapest`. */
  values: ComparedValue[];
  /** Each against each, as long as there are few: of many `values` says more. */
  pairs: Comparison[];
  points: number;
  points_left_out: number;
}

export interface GoodputRow extends Choice {
  id: string;
  /** Axes that were left to choose: with another value of one it is another configuration. */
  chosen: Place;
  /** GPUs of an instance. */
  gpu_count: number;
  instances: number;
  /** All that the instances hold, those included that the load of the point leaves idle. */
  replicas: number;
  /** Requests per second that can be served within every target: capacity of a replica times `replicas`. */
  goodput_requests_per_s: number;
  per_gpu_requests_per_s: number;
  requests_per_usd: number | null;
  /**
   * Values of the load at which it meets the targets and is the plan that suits its instance: a point has one row of each. Null
   * where the load does not vary.
   */
  loads_met: number | null;
}

export interface GoodputGroup {
  at: Place;
  points: number;
  /** Points at which some configuration passes. */
  points_met: number;
  /** Commonest reason of the other points; null where there are none, or no row gives one. */
  reason: string | null;
  rows: GoodputRow[];
}

export interface GoodputDocument {
  kind: 'goodput';
  run_id: number;
  at: Place;
  per: string[];
  groups: GoodputGroup[];
  /** Share of the points met, load by load, and the commonest reason of the others; empty where the load does not vary. */
  loads: { axis: string; value: number; points: number; points_met: number; reason: string | null }[];
  points_left_out: number;
}

export type RunAnalysisDocument = FrontierDocument | BreakEvenDocument | ComparisonDocument | GoodputDocument;
