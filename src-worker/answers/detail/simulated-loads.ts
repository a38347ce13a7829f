import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { shareAt, sharedArrivalsOf, type SharedArrivals } from '../../engine/sizing/arrival-law.ts';
import { simulatedAt, SIZING_SEED } from '../../engine/sizing/simulated-load.ts';
import { MS_PER_S } from '../../engine/units.ts';
import { SCHEMA_VERSION, type SimulatedLoad, type SimulatedLoadsDocument } from '../../protocol/documents.ts';
import { formatFixed } from '../../protocol/numbers.ts';
import type { PlanQuestion } from '../../protocol/requests.ts';
import { latencySummary, rounded, versionsOf } from '../common.ts';
import { halfWidthDocument } from '../simulated-figures.ts';
import { findPlan } from './find-plan.ts';
import { plannedReplica, type PlannedReplica } from './planned-load.ts';

/** Each load is simulated with so many requests, which P99 needs (QUEUEING.md 2.3), and with the same random numbers. */
const NUM_REQUESTS = 20_000;

/** Shares of the capacity beside the two loads that are always among them. */
const SHARES = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95];
/** Two loads nearer to each other than this share of the capacity would be one mark on the chart. */
const LEAST_APART = 0.06;
/** Where no load meets the targets, the share of saturation that stands for the capacity. */
const SHARE_WITHOUT_CAPACITY = 0.9;

type Role = SimulatedLoad['role'];

/** Loads of a replica (per ms), rising: the planned one, the capacity, and some below it. */
export function simulatedRates({
  plannedPerMs,
  capacityPerMs,
  saturationPerMs,
}: {
  plannedPerMs: number;
  capacityPerMs: number | null;
  saturationPerMs: number;
}): { ratePerMs: number; role: Role }[] {
  const topPerMs = capacityPerMs ?? saturationPerMs * SHARE_WITHOUT_CAPACITY;
  const named: { ratePerMs: number; role: Role }[] = [{ ratePerMs: plannedPerMs, role: 'planned' }];
  const isPlanned = Math.abs(topPerMs / plannedPerMs - 1) < 1e-9;
  if (!isPlanned) named.push({ ratePerMs: topPerMs, role: capacityPerMs === null ? 'between' : 'capacity' });
  const between = SHARES.map((share) => ({ ratePerMs: share * topPerMs, role: 'between' as const })).filter(
    ({ ratePerMs }) => named.every((one) => Math.abs(one.ratePerMs - ratePerMs) >= LEAST_APART * topPerMs),
  );
  return [...named, ...between].sort((a, b) => a.ratePerMs - b.ratePerMs);
}

const NOTHING = latencySummary(null);

function simulatedLoad(
  { replica }: PlannedReplica,
  arrivals: SharedArrivals,
  { ratePerMs, role }: { ratePerMs: number; role: Role },
): SimulatedLoad {
  const ofStreamPerMs = ratePerMs / replica.streams;
  const share = shareAt(arrivals, ofStreamPerMs);
  const outcome = simulatedAt(replica.batching, arrivals.law, ofStreamPerMs, NUM_REQUESTS, share);
  const about = { requests_per_s: rounded(ratePerMs * MS_PER_S), role };
  if (outcome.kind === 'saturated') {
    const figures = { ttft_ms: NOTHING, tpot_ms: NOTHING, e2e_ms: NOTHING, half_width: null, requests: 0 };
    return { ...about, saturated: outcome.cause, ...figures };
  }
  return {
    ...about,
    saturated: null,
    ttft_ms: latencySummary(outcome.ttftMs),
    tpot_ms: latencySummary(outcome.tpotMs),
    e2e_ms: latencySummary(outcome.e2eMs),
    half_width: halfWidthDocument(outcome.halfWidths),
    requests: outcome.numMeasured,
  };
}

const ONE_AT_A_TIME =
  'Method mg1 serves one request at a time, and the simulation batches them as vLLM does: its points would be of another engine.';
const NO_STEP = 'No step of this configuration runs, so there is nothing to simulate.';

/**
 * Latency of a replica of one configuration at some loads by simulation, beside the closed form's curve: the same lengths,
 * cache hits and arrivals. Throws what `answerDetail` throws.
 */
export function answerSimulatedLoads(
  question: PlanQuestion,
  source: ModelSource,
  facts: Facts,
): SimulatedLoadsDocument {
  const plan = findPlan(question, source, facts);
  const { subject } = plan.prepared;
  const replica = subject.method === 'mg1' ? null : plannedReplica(plan);
  const reason = replica ? null : subject.method === 'mg1' ? ONE_AT_A_TIME : NO_STEP;
  const rates = replica ? simulatedRates({ ...replica, saturationPerMs: replica.load.saturation().perMs }) : [];
  return {
    schema_version: SCHEMA_VERSION,
    input: { question: question.question, configuration: question.configuration },
    id: plan.id,
    loads: replica
      ? rates.map((rate) => simulatedLoad(replica, sharedArrivalsOf(subject, replica.replica.streams), rate))
      : [],
    seed: SIZING_SEED,
    reason,
    sentence: `Simulated with vLLM's scheduler, ${formatFixed(NUM_REQUESTS)} requests at each load, seed ${SIZING_SEED}; bars are 95 % confidence intervals.`,
    versions: versionsOf(facts, subject.calibration.name),
  };
}
