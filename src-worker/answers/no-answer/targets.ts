import type { Instance } from '../../engine/hardware/types.ts';
import { latencyOf } from '../../engine/sizing/capacity.ts';
import { metricLabel } from '../../engine/sizing/plan-refusals.ts';
import type { SizingDemand } from '../../engine/sizing/types.ts';
import { MS_PER_S } from '../../engine/units.ts';
import type { LatencyMetric } from '../../engine/workload/types.ts';
import { formatSignificant } from '../../protocol/numbers.ts';
import { LATENCY_METRICS } from '../../protocol/requests.ts';
import { joined, type Attempts, type Futile } from './attempt.ts';
import { targetFigure } from './names.ts';
import { passes, type Option } from './option.ts';
import { resized, type Asked, type Probe } from './probe.ts';
import { leastExpense, reachOf, type Reach } from './reach.ts';

/** A target so wide that it binds nobody, ms. */
const LIFTED_MS = 1e9;
/**
 * The moved target may cost this many times what the cheapest costs without it: without a bound, any number of idle servers
 * would win.
 */
const COST_ROOMS: readonly number[] = [2, 20];
/** A plan whose latency is above a target by less is still looked at: searches end at 0.1 %. */
const RIVAL_ROOM = 1.02;
/** Steps of the second digit that are tried above the value worked out. */
const MORE_STEPS = 4;

const isMetric = (name: string): name is LatencyMetric => (LATENCY_METRICS as readonly string[]).includes(name);

/** Rounds up to two significant digits: 431 -> 440. */
export function roundedUp(value: number): number {
  const grain = 10 ** (Math.floor(Math.log10(value)) - 1);
  // The share taken off keeps 440.0000001 at 440.
  return Number((Math.ceil(value / grain - 1e-9) * grain).toPrecision(2));
}

const nextStep = (value: number): number => roundedUp(value * (1 + 1e-6));

type Targets = Map<LatencyMetric, number>;

/** The gating targets of the question, ms. */
export const gatingTargets = ({ prepared }: Probe): Targets =>
  new Map(
    prepared.subject.targets.filter(({ isGating }) => isGating).map(({ metric, targetMs }) => [metric, targetMs]),
  );

/** Metrics that stand in the way of at least one configuration, in the order of the targets. */
export function bindingMetrics(asked: Probe): LatencyMetric[] {
  const names = new Set<string>();
  for (const { refusal, group } of asked.outcome.excluded) {
    if (refusal.reason === 'sla_missed' && refusal.margin?.unit === 'ms') names.add(refusal.margin.metric);
    if (refusal.reason === 'max_gpus' && group?.load) names.add(group.load.capacity.binding);
  }
  return [...gatingTargets(asked).keys()].filter((metric) => names.has(metric) && isMetric(metric));
}

const withTargets = (asked: Probe, targets: Targets): Option['set'] => ({
  sla: { ...asked.prepared.input.sla, ...Object.fromEntries(targets) },
});

/** The question without these targets, at the load as asked: looser P50 targets would slow people down. */
function lifted(asked: Asked, metrics: readonly LatencyMetric[]): { probe: Probe; reach: Reach[] } | null {
  const probe = asked.ask(withTargets(asked, new Map(metrics.map((metric) => [metric, LIFTED_MS]))));
  return probe && { probe, reach: reachOf({ prepared: probe.prepared, sizing: asked.sizing }) };
}

function smallestExpense(reach: readonly Reach[], rateReqPerS: number): number {
  const costs = reach.map(({ carriesPerS, replicasPerInstance, expensePerInstance, mostReplicas }) => {
    const replicas = Math.ceil(rateReqPerS / carriesPerS - 1e-9);
    return replicas > mostReplicas ? Infinity : Math.ceil(replicas / replicasPerInstance) * expensePerInstance;
  });
  return Math.min(...costs, Infinity);
}

/** The latencies of a plan that gets as many replicas as the GPUs allowed and `expense` pay for; null if it cannot carry its part. */
function latenciesFor(
  plan: Reach,
  expense: number,
  { rateReqPerS, headroom }: SizingDemand,
  metrics: Iterable<LatencyMetric>,
): Targets | null {
  const instances = Math.floor(expense / plan.expensePerInstance + 1e-9);
  const replicas = Math.min(plan.mostReplicas, instances * plan.replicasPerInstance);
  const ratePerMs = rateReqPerS / MS_PER_S / (headroom.utilizationTarget * replicas);
  if (!(replicas >= 1) || ratePerMs > plan.load.ratePerMsAtCapacity) return null;
  const latency = plan.load.at(ratePerMs);
  if (latency.kind === 'saturated') return null;
  return new Map([...metrics].map((metric) => [metric, latencyOf(latency, metric)]));
}

/** What the metrics are on the plan that comes nearest to their targets at up to `expense`. */
function nearestWithin(
  expense: number,
  { sizing }: Asked,
  reach: readonly Reach[],
  targets: Targets,
): { instance: Instance; needs: Targets } | null {
  let best: { instance: Instance; needs: Targets; worst: number } | null = null;
  for (const plan of reach) {
    const needs = latenciesFor(plan, expense, sizing, targets.keys());
    if (!needs) continue;
    const worst = Math.max(...[...targets].map(([metric, target]) => (needs.get(metric) ?? Infinity) / target));
    if (!best || worst < best.worst) best = { instance: plan.instance, needs, worst };
  }
  return best;
}

/** Targets that are too tight moved up to what is needed, the others as they are. */
const moved = (targets: Targets, needs: Targets): Targets =>
  new Map(
    [...targets].flatMap(([metric, target]): [LatencyMetric, number][] => {
      const need = needs.get(metric) ?? target;
      return need > target ? [[metric, Math.max(roundedUp(need), nextStep(target))]] : [];
    }),
  );

/** The smallest values of `metrics`, to two digits, that bring an answer at up to `room` times the least cost. */
function moveWithin(room: number, asked: Asked, reach: readonly Reach[], targets: Targets): Option | null {
  const expense = room * smallestExpense(reach, asked.sizing.rateReqPerS);
  const nearest = Number.isFinite(expense) ? nearestWithin(expense, asked, reach, targets) : null;
  if (!nearest) return null;
  let values = moved(targets, nearest.needs);
  for (let step = 0; step < MORE_STEPS && values.size > 0; step += 1) {
    const there = asked.ask(withTargets(asked, values), new Set([nearest.instance]));
    if (passes(there)) {
      const probe = asked.ask(withTargets(asked, values), rivalsOf(there, reach, values).add(nearest.instance));
      return passes(probe) ? optionOf(asked, targets, values, probe) : null;
    }
    values = new Map([...values].map(([metric, value]) => [metric, nextStep(value)]));
  }
  return null;
}

/** Instances that may meet the moved targets for no more than the one that does. */
function rivalsOf({ prepared, sizing, outcome }: Probe, reach: readonly Reach[], values: Targets): Set<Instance> {
  const expense = leastExpense({ prepared, sizing, outcome });
  const able = reach.filter((plan) => {
    const needs = latenciesFor(plan, expense, sizing, values.keys());
    return needs && [...values].every(([metric, value]) => (needs.get(metric) ?? Infinity) <= value * RIVAL_ROOM);
  });
  return new Set(able.map(({ instance }) => instance));
}

/** Values at a cost that is near the least, and the tightest that money buys where that is another. */
function moveTargets(asked: Asked, metrics: readonly LatencyMetric[]): Option[] {
  const targets: Targets = new Map([...gatingTargets(asked)].filter(([metric]) => metrics.includes(metric)));
  const reach = lifted(asked, metrics)?.reach ?? [];
  const options = COST_ROOMS.map((room) => moveWithin(room, asked, reach, targets)).filter((option) => option !== null);
  return options.filter(({ change }, i) => options.findIndex((other) => other.change === change) === i);
}

function optionOf(asked: Asked, before: Targets, after: Targets, probe: Probe): Option {
  const metrics = [...after.keys()];
  const values = (targets: Targets): string =>
    `${metrics.map((metric) => targetFigure(targets.get(metric) ?? 0)).join(', ')} ms`;
  const each = metrics.map(
    (metric) =>
      `${metricLabel(metric)} ${targetFigure(before.get(metric) ?? 0)} -> ${targetFigure(after.get(metric) ?? 0)}`,
  );
  const [was, is] = [asked, probe].map(({ sizing }) => formatSignificant(sizing.rateReqPerS));
  const slower =
    is === was ? null : `People then ask at the slower pace of the target: ${is} instead of ${was} requests/s.`;
  return {
    family: 'target',
    change: `${each.join(', ')} ms`,
    from: values(before),
    to: values(after),
    set: withTargets(asked, after),
    probe,
    note: slower,
  };
}

const kindOf = (metric: LatencyMetric): string => metric.split('_')[0] ?? metric;

/** Each binding target by itself; where none of a kind (TTFT, TPOT) is enough alone, all of that kind together. */
export function targetAttempts(asked: Asked): Attempts {
  const binding = bindingMetrics(asked);
  return joined(
    [...new Set(binding.map(kindOf))].map((kind) => {
      const ofKind = (metric: LatencyMetric): boolean => kindOf(metric) === kind;
      const single = binding.filter(ofKind).flatMap((metric) => moveTargets(asked, [metric]));
      const all = [...gatingTargets(asked).keys()].filter(ofKind);
      const options = single.length > 0 ? single : moveTargets(asked, all);
      return { options, futile: options.length > 0 ? [] : withoutTargets(asked, all) };
    }),
  );
}

/** That not even dropping the targets helps. The load stays as asked: without a target people would not ask at all. */
function withoutTargets(asked: Asked, metrics: readonly LatencyMetric[]): Futile[] {
  const without = lifted(asked, metrics);
  const [metric = ''] = metrics;
  const change =
    metrics.length === 1 ? `No ${metricLabel(metric)} target` : `No ${metric.split('_')[0]?.toUpperCase()} targets`;
  return without ? [{ family: 'target', change, probe: resized(without.probe, asked.sizing) }] : [];
}
