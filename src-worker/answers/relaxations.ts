import { ConfigIqError } from '../engine/errors.ts';
import { metricLabel } from '../engine/sizing/plan-groups.ts';
import type { LatencyMetric } from '../engine/workload/types.ts';
import type { Exclusion, Relaxation, SizeDocument } from '../protocol/documents.ts';
import { LATENCY_METRICS, type SizeInput } from '../protocol/requests.ts';

/** A change to the question that might bring an answer. */
interface Change {
  change: string;
  from: string;
  to: string;
  input: SizeInput;
}

/** Room above the nearest miss, so that the relaxed target carries load and not only an idle replica. */
const TARGET_ROOM = 1.5;

/** Rounds up to two significant digits: 431 -> 440. */
function roundedUp(value: number): number {
  const grain = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / grain) * grain).toPrecision(2));
}

const isMetric = (name: string): name is LatencyMetric => (LATENCY_METRICS as readonly string[]).includes(name);

/** The target that the nearest instance misses, moved to where it would hold. */
function targetChanges(input: SizeInput, excluded: Exclusion[]): Change[] {
  const nearest = new Map<LatencyMetric, { value: number; limit: number }>();
  for (const { reason, margin } of excluded) {
    if (reason !== 'sla_missed' || !margin || !isMetric(margin.metric)) continue;
    const known = nearest.get(margin.metric);
    if (!known || margin.value < known.value) nearest.set(margin.metric, margin);
  }
  return [...nearest].map(([metric, { value, limit }]) => {
    const to = roundedUp(value * TARGET_ROOM);
    return {
      change: `${metricLabel(metric)} ${limit} -> ${to} ms`,
      from: `${limit} ms`,
      to: `${to} ms`,
      input: { ...input, sla: { ...input.sla, [metric]: to } },
    };
  });
}

function otherChanges(input: SizeInput, excluded: Exclusion[]): Change[] {
  const changes: Change[] = [];
  const precisionNow = input.quantization.length > 0 ? input.quantization.join(', ') : '16-bit';
  for (const precision of ['fp8', 'int4'] as const) {
    if (input.quantization.includes(precision)) continue;
    const to = { ...input, quantization: [precision] };
    changes.push({ change: `precision ${precisionNow} -> ${precision}`, from: precisionNow, to: precision, input: to });
  }
  if (input.zone !== null || input.region !== null) {
    const from = input.zone ?? input.region ?? '';
    changes.push({
      change: `${from} -> anywhere`,
      from,
      to: 'anywhere',
      input: { ...input, zone: null, region: null },
    });
  }
  if (input.max_gpus !== null && excluded.some(({ reason }) => reason === 'max_gpus')) {
    const from = String(input.max_gpus);
    changes.push({
      change: `at most ${from} GPU${from === '1' ? '' : 's'} -> any number`,
      from,
      to: 'any number',
      input: { ...input, max_gpus: null },
    });
  }
  if (input.pricing === 'spot') {
    changes.push({
      change: 'spot -> on-demand',
      from: 'spot',
      to: 'ondemand',
      input: { ...input, pricing: 'ondemand' },
    });
  }
  if (input.gpu.length > 0 || input.provider.length > 0 || input.tp !== null) {
    const to: SizeInput = { ...input, gpu: [], provider: [], tp: null };
    changes.push({ change: 'any GPU, provider and TP', from: 'filtered', to: 'all', input: to });
  }
  return changes;
}

/** The metric of the cheapest row that comes closest to its target, in words. */
function tightestOf(document: SizeDocument): string {
  const rows = (document.recommendations[0]?.sla ?? []).filter(({ gating }) => gating);
  const [first] = [...rows].sort((a, b) => (b.gap_percent ?? -100) - (a.gap_percent ?? -100));
  return first ? `${metricLabel(first.metric)} ${first.predicted_ms?.toPrecision(3)} of ${first.target_ms} ms` : 'none';
}

/** The cheapest answer to a changed question. */
type Cheapest = (input: SizeInput) => SizeDocument;

/** Single changes that would bring an answer, each computed; cheapest first. */
export function findRelaxations(input: SizeInput, excluded: Exclusion[], cheapest: Cheapest): Relaxation[] {
  const found: Relaxation[] = [];
  for (const { change, from, to, input: changed } of [
    ...targetChanges(input, excluded),
    ...otherChanges(input, excluded),
  ]) {
    const document = tryChange(changed, cheapest);
    const [best] = document?.recommendations ?? [];
    if (!document || !best) continue;
    found.push({
      change,
      from,
      to,
      instance: `${best.instances} × ${best.instance}`,
      usd_per_hour: best.cost.usd_per_hour,
      tightest: tightestOf(document),
    });
  }
  return found.sort((a, b) => (a.usd_per_hour ?? Infinity) - (b.usd_per_hour ?? Infinity));
}

/** null where the changed question is not a valid one (a precision the checkpoint cannot take, say). */
function tryChange(input: SizeInput, cheapest: Cheapest): SizeDocument | null {
  try {
    return cheapest(input);
  } catch (thrown) {
    if (thrown instanceof ConfigIqError && thrown.family === 'invalid_input') return null;
    throw thrown;
  }
}
