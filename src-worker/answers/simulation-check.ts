import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { SaturatedSimulation, SteadySimulation } from '../engine/simulation/steady-state.ts';
import { arrivalLawOf } from '../engine/sizing/arrival-law.ts';
import { latencyOf } from '../engine/sizing/capacity.ts';
import { metricLabel } from '../engine/sizing/plan-refusals.ts';
import { replicaOf, type Replica } from '../engine/sizing/replica-subject.ts';
import { simulatedAt, simulatedStatistic, SIZING_SEED, verdictOn } from '../engine/sizing/simulated-load.ts';
import type { ChosenPlan, ReplicaLoad, SizingSubject } from '../engine/sizing/types.ts';
import { MS_PER_S, percentFromFraction } from '../engine/units.ts';
import type { Target } from '../engine/workload/types.ts';
import type { SimulationCheck, SimulationCheckAnswer, SimulationCheckRow } from '../protocol/documents.ts';
import { formatFixed, formatMs, formatSignificant, plural } from '../protocol/numbers.ts';
import type { PlanQuestion } from '../protocol/requests.ts';
import { rounded } from './common.ts';
import { findPlan, isPassing } from './detail/find-plan.ts';
import { SATURATION_WORDS } from './predict-parts.ts';
import { slaStatus } from './replica-part.ts';
import { SIMULATED_ALREADY } from './simulated-remarks.ts';

/**
 * Requests measured at first, and at most, doubling as long as an interval holds its target. P99 needs 20,000 (QUEUEING.md 2.3);
 * 160,000 are drawn and served in a tenth of a second or two. Counts of replicas beside the planned one are tried with fewer.
 */
const FEWEST_REQUESTS = 20_000;
const MOST_REQUESTS = 160_000;
const REQUESTS_TRIED = 40_000;
/** Counts of replicas that are tried by simulation where the planned one is refuted. */
const MOST_COUNTS_TRIED = 6;
/** The first step up, as a share of the planned count. */
const FIRST_STEP_SHARE = 0.1;

const NOT_OF_MG1 =
  'Method mg1 serves one request at a time; the simulation is of continuous batching, so it would check another server.';
const NOT_OF_EXCLUDED = 'It does not pass in closed form: there is no planned load to confirm.';

type Outcome = SteadySimulation | SaturatedSimulation;
type Status = SimulationCheck['status'];

interface Planned {
  subject: SizingSubject;
  plan: ChosenPlan;
  replica: Replica;
}

/** The planned load, simulated as so many replicas see it behind the router. */
function simulateWith({ subject, plan, replica }: Planned, replicas: number, requests: number): Outcome {
  const { streams } = replica;
  const ratePerMs = (plan.replicas * plan.ratePerReplicaPerMs) / (replicas * streams);
  const share = { router: subject.router, replicas, streams };
  return simulatedAt(replica.batching, arrivalLawOf(subject), ratePerMs, requests, share);
}

/** What the gating targets say together. */
export function statusOf(outcome: Outcome, targets: readonly Target[]): Status {
  if (outcome.kind === 'saturated') return 'saturated';
  const verdicts = targets.filter(({ isGating }) => isGating).map((target) => verdictOn(outcome, target));
  if (verdicts.includes('missed')) return 'refuted';
  return verdicts.includes('unknown') ? 'unsettled' : 'confirmed';
}

/** Plans kept of a load, by rate and replicas. Instances that share a plan are planned with the same ones. */
const KEPT_PLANS = 16;
const checkedLoads = new WeakMap<ReplicaLoad, Map<string, Checked>>();

interface Verdict {
  status: Status;
  outcome: Outcome;
}

interface Checked extends Verdict {
  /** Replicas that meet the targets where the planned ones do not; null where none is needed or was found. */
  enough: number | null;
}

/** The planned load simulated and, where it is refuted, larger counts of replicas; remembered for as long as the plan is. */
function plannedCheck(planned: Planned): Checked {
  const { load, ratePerReplicaPerMs, replicas } = planned.plan;
  const key = `${ratePerReplicaPerMs} ${replicas}`;
  const known = checkedLoads.get(load) ?? new Map<string, Checked>();
  checkedLoads.set(load, known);
  const checked = known.get(key) ?? checkPlanned(planned);
  if (known.size >= KEPT_PLANS) known.clear();
  known.set(key, checked);
  return checked;
}

function checkPlanned(planned: Planned): Checked {
  const verdict = simulateToVerdict(planned);
  const isRefuted = verdict.status === 'refuted' || verdict.status === 'saturated';
  return { ...verdict, enough: isRefuted ? enoughReplicas(planned) : null };
}

/** Simulates the planned load until every gating target is settled, or MOST_REQUESTS were measured. */
function simulateToVerdict(planned: Planned): Verdict {
  for (let requests = FEWEST_REQUESTS; ; requests *= 2) {
    const outcome = simulateWith(planned, planned.plan.replicas, requests);
    const status = statusOf(outcome, planned.subject.targets);
    if (status !== 'unsettled' || requests * 2 > MOST_REQUESTS) return { status, outcome };
  }
}

/** Are the gating targets met by the figures themselves, whatever their intervals? */
const meetsSimulated = (outcome: Outcome, targets: readonly Target[]): boolean =>
  outcome.kind === 'steady' &&
  targets.every(({ isGating, metric, targetMs }) => {
    const simulated = simulatedStatistic(outcome, metric);
    return !isGating || !simulated || simulated.valueMs <= targetMs;
  });

/** The fewest replicas above the planned ones that meet the targets, of at most MOST_COUNTS_TRIED that are simulated. */
function enoughReplicas(planned: Planned): number | null {
  const { replicas } = planned.plan;
  let tries = 0;
  const holds = (count: number): boolean => {
    tries += 1;
    return meetsSimulated(simulateWith(planned, count, REQUESTS_TRIED), planned.subject.targets);
  };
  let failed = replicas;
  let step = Math.ceil(replicas * FIRST_STEP_SHARE);
  let held: number | null = null;
  while (held === null && tries < MOST_COUNTS_TRIED) {
    const count = failed + step;
    if (holds(count)) held = count;
    else failed = count;
    step *= 2;
  }
  while (held !== null && held - failed > 1 && tries < MOST_COUNTS_TRIED) {
    const middle = Math.floor((held + failed) / 2);
    if (holds(middle)) held = middle;
    else failed = middle;
  }
  return held;
}

function enoughDocument({ replicasPerInstance, cost }: ChosenPlan, replicas: number | null): SimulationCheck['enough'] {
  if (replicas === null) return null;
  const instances = Math.ceil(replicas / replicasPerInstance);
  return { replicas, instances, usd_per_hour: cost && rounded(cost.usdPerHourPerInstance * instances) };
}

function rowOf(outcome: Outcome, { metric, targetMs, isGating }: Target, plan: ChosenPlan): SimulationCheckRow {
  const closedFormMs = latencyOf(plan.latency, metric);
  const simulated = outcome.kind === 'saturated' ? null : simulatedStatistic(outcome, metric);
  const { valueMs, halfWidthMs } = simulated ?? { valueMs: null, halfWidthMs: null };
  return {
    metric,
    target_ms: targetMs,
    gating: isGating,
    closed_form_ms: rounded(closedFormMs),
    simulated_ms: valueMs === null ? null : rounded(valueMs),
    half_width_ms: halfWidthMs === null ? null : rounded(halfWidthMs),
    difference_percent:
      valueMs === null || valueMs === 0 ? null : rounded(percentFromFraction((closedFormMs - valueMs) / valueMs)),
    status: outcome.kind === 'saturated' ? 'missed' : valueMs === null ? 'met' : slaStatus(valueMs, targetMs),
  };
}

const isAbove = ({ simulated_ms: ms, target_ms: target, half_width_ms: width }: SimulationCheckRow): boolean =>
  ms !== null && ms - (width ?? 0) > target;

const figureText = ({
  metric,
  simulated_ms: ms,
  half_width_ms: width,
  target_ms: target,
}: SimulationCheckRow): string =>
  `${metricLabel(metric)} is ${formatMs(ms)}${width === null ? '' : ` ± ${formatMs(width)}`} ms, target ${formatMs(target)} ms`;

/** How far the closed form is off where it is furthest off. */
function differenceText(rows: readonly SimulationCheckRow[]): string {
  const [widest] = [...rows].sort((a, b) => Math.abs(b.difference_percent ?? 0) - Math.abs(a.difference_percent ?? 0));
  const percent = widest?.difference_percent ?? null;
  if (!widest || percent === null) return '';
  if (Math.abs(percent) < 0.5) return '; the closed form is within 0.5 % of it';
  return `; the closed form is at most ${formatFixed(Math.abs(percent))} % ${percent > 0 ? 'above' : 'below'} it (${metricLabel(widest.metric)})`;
}

function enoughText({ replicas }: ChosenPlan, enough: number | null): string {
  if (enough === null) return 'No larger count of replicas that was simulated meets the targets either.';
  return `Simulated with ${plural(enough, 'replica')} instead of ${formatFixed(replicas)} the targets are met.`;
}

function sentenceOf(
  { plan, subject }: Planned,
  status: Status,
  outcome: Outcome,
  rows: readonly SimulationCheckRow[],
  enough: number | null,
): string {
  if (outcome.kind === 'saturated') {
    return `The simulation disagrees: it has no steady state at the planned load. ${SATURATION_WORDS[outcome.cause]} ${enoughText(plan, enough)}`;
  }
  const gating = rows.filter((row) => row.gating);
  const dealt = plan.replicas > 1 && subject.router === 'round_robin' ? ', dealt in turn' : '';
  const about = `${formatFixed(outcome.numMeasured)} requests at ${formatSignificant(plan.ratePerReplicaPerMs * MS_PER_S)} a second on each replica${dealt}`;
  if (status === 'confirmed') return `All targets are met in a simulation of ${about}${differenceText(gating)}.`;
  if (status === 'refuted') {
    const missed = gating.filter(isAbove).map(figureText);
    return `The simulation disagrees: ${missed.join('; ')}. ${enoughText(plan, enough)}`;
  }
  const open = gating
    .filter(
      ({ simulated_ms: ms, half_width_ms: width, target_ms: target }) => ms !== null && ms + (width ?? ms) > target,
    )
    .map(figureText);
  return `Too close to tell in a simulation of ${about}: ${open.join('; ')}.`;
}

/**
 * The planned load of one configuration simulated, replica by replica with the arrivals of the workload: are its targets met
 * there, too? Where they are not, counts of replicas above the planned one are tried. Takes at most about a second a count.
 * Throws invalid input `unknown_configuration`, and what the question itself is refused with.
 */
export function answerSimulationCheck(
  question: PlanQuestion,
  source: ModelSource,
  facts: Facts,
): SimulationCheckAnswer {
  const unchecked = (reason: string) => ({ simulation_check: null, simulation_check_reason: reason });
  if (question.question.method === 'mg1') return unchecked(NOT_OF_MG1);
  if (question.question.method === 'simulation') return unchecked(SIMULATED_ALREADY);
  const { prepared, row, instance, group } = findPlan(question, source, facts);
  const { subject } = prepared;
  const replica = isPassing(row) ? replicaOf(subject, group, instance) : null;
  if (!isPassing(row) || !replica) return unchecked(NOT_OF_EXCLUDED);
  const plan = row.chosen;
  const planned = { subject, plan, replica };
  const { status, outcome, enough } = plannedCheck(planned);
  const rows = subject.targets.map((target) => rowOf(outcome, target, plan));
  const check: SimulationCheck = {
    status,
    sentence: sentenceOf(planned, status, outcome, rows, enough),
    seed: SIZING_SEED,
    requests: outcome.kind === 'steady' ? outcome.numMeasured : 0,
    requests_per_s: rounded(plan.ratePerReplicaPerMs * MS_PER_S),
    rows,
    enough: enoughDocument(plan, enough),
  };
  return { simulation_check: check, simulation_check_reason: null };
}
