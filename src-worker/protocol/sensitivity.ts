import { z } from 'zod';
import type { Versions } from './documents.ts';
import { methodSchema, routerSchema, sizeInputSchema } from './requests.ts';

/* How the cheapest answer to a question follows its inputs: protocol of `sensitivity`. */

export const SENSITIVITY_METRICS = ['usd_per_hour', 'usd_per_request'] as const;
export type SensitivityMetric = (typeof SENSITIVITY_METRICS)[number];

export const sensitivitySchema = z.strictObject({
  question: sizeInputSchema.extend({
    method: methodSchema
      .refine((method) => method !== 'simulation', {
        error: 'must be batching or mg1: a dozen answers by simulation take minutes. Simulate the ones that matter',
      })
      .default('batching'),
    router: routerSchema
      .refine((router) => router === 'random', {
        error: 'must be random: behind another router what a replica carries follows from the load that is varied',
      })
      .default('random'),
  }),
  /** Percent by which each input is lowered and raised. */
  by: z.number().min(0.1).max(90).default(20),
  metric: z.enum(SENSITIVITY_METRICS).default('usd_per_hour'),
  /** What prices are multiplied by at the point it is asked around: a question of `size` has list prices. Bounds of the axis. */
  price_factor: z.number().min(0.01).max(100).default(1),
});
export type SensitivityRequest = z.output<typeof sensitivitySchema>;
export type SensitivityDraft = z.input<typeof sensitivitySchema>;

/** The cheapest configuration of an answer. */
export interface CheapestOutcome {
  id: string;
  provider: string;
  instance: string;
  instances: number;
  gpu: string;
  quantization: string;
  tensor_parallel: number;
  pipeline_parallel: number;
  usd_per_hour: number;
  usd_per_request: number;
}

/** Beside the base: nothing (in size and in the metric asked for), the size or the cost of the same plan, another plan, or no plan. */
export type SensitivityEffect = 'same' | 'cost' | 'plan' | 'no_answer';

export interface SensitivityEnd {
  /** `-20 %`; another figure where the input has an end, as a share of 1 has. */
  change: string;
  /** The input as changed, in its unit; null where it has none. */
  value: number | null;
  outcome: CheapestOutcome | null;
  effect: SensitivityEffect;
}

export interface SensitivityBar {
  input: string;
  unit: string;
  value: number | null;
  low: SensitivityEnd;
  high: SensitivityEnd;
  /** Most minus least of the metric over both ends and the base; null where an end has no answer. */
  swing: number | null;
  /** What is held while it changes. */
  note: string;
}

export interface SensitivityDocument {
  schema_version: number;
  input: Record<string, unknown>;
  by_percent: number;
  metric: SensitivityMetric;
  /** null = nothing meets the question itself, and there are no bars. */
  base: CheapestOutcome | null;
  /** Why there is no base, in a sentence. */
  base_reason: string | null;
  /** Those with an end without an answer first, then by swing. */
  bars: SensitivityBar[];
  /** Inputs the question does not have. */
  left_out: { input: string; reason: string }[];
  versions: Versions;
}
