import { z } from 'zod';
import { NO_ZOOM, X_METRICS, Y_METRICS } from './pareto-axes.ts';

const zoomSchema = z.object({ metricId: z.string(), min: z.number(), max: z.number() }).nullable();
const viewSchema = z.object({
  xMetric: z.enum(X_METRICS),
  yMetric: z.enum(Y_METRICS),
  zoom: z.object({ x: zoomSchema, y: zoomSchema }),
});

/** What a person chose to see of the Pareto chart, as plain data that outlives it. */
export type ParetoView = z.infer<typeof viewSchema>;

const FIRST_VIEW: ParetoView = { xMetric: 'speed_per_user', yMetric: 'usd_per_1m_output_tokens', zoom: NO_ZOOM };

/** The view of an earlier chart; the first one where `kept` is none. */
export const readParetoView = (kept: unknown): ParetoView => viewSchema.safeParse(kept).data ?? FIRST_VIEW;
