import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { arrivalLawOf } from '../../engine/sizing/arrival-law.ts';
import { SIZING_SEED } from '../../engine/sizing/simulated-load.ts';
import type { SizingMethod, SizingSubject } from '../../engine/sizing/types.ts';
import {
  SCHEMA_VERSION,
  type ExplainDocument,
  type Explanation,
  type IntervalRange,
  type Recommendation,
} from '../../protocol/documents.ts';
import { configurationName, METRICS, type Metric } from '../../protocol/metrics.ts';
import { NO_VALUE } from '../../protocol/numbers.ts';
import type { PlanQuestion } from '../../protocol/requests.ts';
import { versionsOf } from '../common.ts';
import { ROUTING } from '../router.ts';
import { poissonOnly } from '../trust-words.ts';
import { accountOf, type AssumptionName } from './calculations.ts';
import { inputsOf } from './inputs.ts';
import { simulatedAccountOf } from './simulated-accounts.ts';
import { perturbations, sensitivitiesOf, type Perturbed } from './sensitivities.ts';
import { explained, type Explained } from './subject.ts';

const ARRIVALS: Record<string, string> = {
  poisson: 'Arrivals are Poisson: requests come independently of each other.',
  constant: 'Arrivals are evenly spaced.',
  gamma: 'Arrivals come in bursts, with gamma gaps as spread as the workload says.',
  hawkes: 'Arrivals come in bursts, with gamma gaps as spread as the workload says.',
};

const SIMULATED_BURSTS = 'Arrivals come in bursts: each excites further ones, as strongly as the workload says.';

function arrivalsOf(subject: SizingSubject): string {
  const { workload, method } = subject;
  const { arrival } = workload;
  const notFollowed = poissonOnly(method, arrivalLawOf(subject));
  if (notFollowed !== null) return notFollowed;
  return arrival.process === 'hawkes' && method === 'simulation' ? SIMULATED_BURSTS : (ARRIVALS[arrival.process] ?? '');
}

const METHODS: Record<SizingMethod, string> = {
  batching: 'Continuous batching in closed form, with the step times that the calibration profile reaches.',
  mg1: 'One request at a time on a replica (method mg1).',
  simulation: `Continuous batching simulated, seed ${SIZING_SEED}, with the step times that the calibration profile reaches.`,
};

const ASSUMPTIONS: Record<AssumptionName, (about: Explained) => string> = {
  arrivals: ({ plan }) => arrivalsOf(plan.prepared.subject),
  split: ({ plan }) => ROUTING[plan.prepared.input.router].sentence,
  lengths: () => 'Prompts and answers are lognormal with the mean, spread and bounds of the workload.',
  planned: () => 'Holds at the planned load of every replica.',
  mean_step: ({ plan }) => METHODS[plan.prepared.subject.method],
  price: ({ plan, chosen }) => {
    if (chosen.instance.own)
      return chosen.cost ? 'The price that was given holds all the time.' : 'No price was given.';
    return `The ${plan.prepared.input.pricing === 'spot' ? 'spot' : 'on-demand'} price holds all the time.`;
  },
  memory: () => 'Each GPU has the memory that its driver reports, and vLLM the share that its default gives it.',
};

/** Latencies go by their column, the rest by their id. */
function intervalOf({ id, column }: Metric, { interval }: Recommendation): IntervalRange | null {
  const ranges: Record<string, IntervalRange | undefined> = interval ?? {};
  return ranges[id] ?? ranges[column ?? id] ?? null;
}

function explanationOf(metric: Metric, about: Explained, perturbed: readonly Perturbed[]): Explanation {
  const { recommendation } = about;
  const simulated = about.chosen.latency.simulated ? simulatedAccountOf(metric.id) : null;
  const account = simulated ?? accountOf(metric.id);
  const value = metric.value(recommendation);
  const parts = value === null ? [] : (account.parts?.(about) ?? []);
  return {
    metric: metric.id,
    label: metric.label,
    unit: metric.unit,
    value,
    interval: intervalOf(metric, recommendation),
    kind: account.kind,
    formula: simulated?.formula ?? metric.formula,
    calculation: value === null ? NO_VALUE : account.calculation(about, value, parts),
    parts,
    inputs: inputsOf(about, account.inputs),
    // The planned load is what the question asks for: it answers to nothing else.
    sensitivities: metric.id === 'planned_requests_per_s' ? [] : sensitivitiesOf(metric, recommendation, perturbed),
    assumptions: account.assumptions.map((name) => ASSUMPTIONS[name](about)),
  };
}

/**
 * Where every figure of a passing configuration comes from. Throws invalid input `configuration_excluded` for one that does
 * not meet the question, `unknown_configuration` for none of its own, and what the question itself is refused with.
 */
export function answerExplain(question: PlanQuestion, source: ModelSource, facts: Facts): ExplainDocument {
  const about = explained(question, source, facts);
  const { recommendation, plan } = about;
  const perturbed = perturbations(about);
  return {
    schema_version: SCHEMA_VERSION,
    input: { question: question.question, configuration: question.configuration },
    configuration: { id: plan.id, name: configurationName(recommendation), rank: recommendation.rank },
    explanations: METRICS.map((metric) => explanationOf(metric, about, perturbed)),
    versions: versionsOf(facts, plan.prepared.subject.calibration.name),
  };
}
