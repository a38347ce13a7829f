import { costOf } from '../../engine/cost/cost.ts';
import { invalidInput } from '../../engine/errors.ts';
import type { Facts } from '../../engine/facts.ts';
import type { ModelSource } from '../../engine/model/types.ts';
import { evaluatePlans } from '../../engine/sizing/evaluated-plans.ts';
import { sizeForDemand } from '../../engine/sizing/size.ts';
import type { ChosenPlan } from '../../engine/sizing/types.ts';
import { SCHEMA_VERSION } from '../../protocol/documents.ts';
import { rounded } from '../../protocol/rounded.ts';
import type {
  CheapestOutcome,
  SensitivityBar,
  SensitivityDocument,
  SensitivityEffect,
  SensitivityEnd,
  SensitivityMetric,
  SensitivityRequest,
} from '../../protocol/sensitivity.ts';
import { versionsOf } from '../common.ts';
import { demandFor, sizingDemand } from '../demand.ts';
import { prepareSizing } from '../prepared.ts';
import { VARIED_INPUTS, type Base, type Variation, type VariedInput } from './variations.ts';

/**
 * How the cheapest answer to a question follows its inputs: each is lowered and raised by some percent, alone, and the whole
 * question is sized anew, so that plan, replicas and instance may be others. `explain` holds the configuration instead.
 */
export function answerSensitivity(
  { question, by, metric, price_factor: priceFactor }: SensitivityRequest,
  source: ModelSource,
  facts: Facts,
): SensitivityDocument {
  const prepared = prepareSizing(question, source, facts);
  const base: Base = { prepared, demand: demandFor(prepared, null), priceFactor };
  const atBase = cheapest(base, {
    subject: null,
    rateReqPerS: base.demand.rateReqPerS,
    priceFactor: 1,
    change: '',
    value: null,
  });
  const shared = {
    schema_version: SCHEMA_VERSION,
    input: { ...question },
    by_percent: by,
    metric,
    price_factor: priceFactor,
    versions: versionsOf(prepared.facts, prepared.subject.calibration.name),
  };
  if (!atBase) {
    const reason =
      'Nothing meets the question itself, so nothing can be said of what moves its cost: size says what would help.';
    return { ...shared, base: null, base_reason: reason, bars: [], left_out: [] };
  }
  const bars: SensitivityBar[] = [];
  const leftOut: SensitivityDocument['left_out'] = [];
  for (const varied of VARIED_INPUTS) {
    const bar = barOf(base, atBase, varied, by / 100, metric);
    if (bar) bars.push(bar);
    else leftOut.push({ input: varied.input, reason: varied.missing });
  }
  bars.sort((one, other) => (other.swing ?? Infinity) - (one.swing ?? Infinity) || 0);
  return { ...shared, base: atBase, base_reason: null, bars, left_out: leftOut };
}

function barOf(
  base: Base,
  atBase: CheapestOutcome,
  { input, unit, note, value, vary }: VariedInput,
  share: number,
  metric: SensitivityMetric,
): SensitivityBar | null {
  const [low, high] = [vary(base, 1 - share), vary(base, 1 + share)];
  if (!low || !high) return null;
  const ends = [low, high].map((variation): SensitivityEnd => {
    const outcome = cheapest(base, variation);
    const { change, value: changed } = variation;
    return {
      change,
      value: changed === null ? null : rounded(changed),
      outcome,
      effect: effectOf(atBase, outcome, metric),
    };
  });
  const [lowEnd, highEnd] = ends as [SensitivityEnd, SensitivityEnd];
  const figures = [atBase, lowEnd.outcome, highEnd.outcome].map((outcome) => outcome?.[metric] ?? null);
  const isWhole = figures.every((figure): figure is number => figure !== null);
  const now = value(base);
  return {
    input: input === 'load' ? (base.demand.users === null ? 'rate' : 'users') : input,
    unit: input === 'load' && base.demand.users !== null ? 'users' : unit,
    value: now === null ? null : rounded(now),
    low: lowEnd,
    high: highEnd,
    swing: isWhole ? rounded(Math.max(...figures) - Math.min(...figures)) : null,
    note,
  };
}

/** The cheapest that passes; null where nothing does. Throws `price_needed` where it has no price. */
function cheapest({ prepared, demand, priceFactor }: Base, variation: Variation): CheapestOutcome | null {
  const { subject, rateReqPerS, servedReqPerS = rateReqPerS } = variation;
  const evaluated = subject ? evaluatePlans(subject, prepared.scope, prepared.facts) : prepared.evaluated;
  const asked = sizingDemand(prepared, { ...demand, rateReqPerS }, prepared.input.zone);
  const [first] = sizeForDemand(evaluated, asked).rows;
  if (!first) return null;
  const { chosen } = first;
  const { instance, group, cost, instances } = chosen;
  if (!cost) {
    throw invalidInput(
      'price_needed',
      `${instance.name} has no price, so there is no cost to vary: say what an hour of it costs where you describe it.`,
      { instance: instance.name },
    );
  }
  const { moments } = (subject ?? prepared.subject).lengths;
  const paid = costOf({
    usdPerHourPerInstance: cost.usdPerHourPerInstance * (priceFactor * variation.priceFactor),
    instances,
    rateReqPerS: servedReqPerS,
    promptTokensMean: moments.promptMean,
    outputTokensMean: moments.outputMean,
  });
  return {
    ...planOf(chosen),
    quantization: group.precision,
    usd_per_hour: rounded(paid.usdPerHour),
    usd_per_request: rounded(paid.usdPerRequest),
  };
}

const planOf = ({ id, instance, instances, group }: ChosenPlan) => ({
  id,
  provider: instance.provider,
  instance: instance.name,
  instances,
  gpu: group.gpu.id,
  tensor_parallel: group.tensorParallel,
  pipeline_parallel: group.pipelineParallel,
});

/** By the metric that is shown: with another load each request costs another sum at the same cost an hour. */
function effectOf(
  base: CheapestOutcome,
  outcome: CheapestOutcome | null,
  metric: SensitivityMetric,
): SensitivityEffect {
  if (!outcome) return 'no_answer';
  const isSamePlan = (['provider', 'instance', 'quantization', 'tensor_parallel', 'pipeline_parallel'] as const).every(
    (key) => base[key] === outcome[key],
  );
  if (!isSamePlan) return 'plan';
  return base[metric] === outcome[metric] && base.instances === outcome.instances ? 'same' : 'cost';
}
