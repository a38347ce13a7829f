import { sameArchitectureSentence } from '../engine/model/analyze.ts';
import { headroomRule } from '../engine/sizing/headroom.ts';
import { servedContextTokens } from '../engine/sizing/served-context.ts';
import { MS_PER_S } from '../engine/units.ts';
import type { Demand } from '../engine/workload/demand.ts';
import type { RequestLengths } from '../engine/workload/lengths.ts';
import { UNBOUNDED_TOKENS, type LengthDistribution } from '../engine/workload/types.ts';
import type { AssumptionsDocument, LengthsDocument } from '../protocol/documents.ts';
import { formatPercent } from '../protocol/numbers.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { arrivalLawOf } from '../engine/sizing/arrival-law.ts';
import { rounded } from './common.ts';
import type { PreparedSizing } from './prepared.ts';
import { ROUTING } from './router.ts';

/** Mean, spread and bounds of the sum of independent parts, as the workload states them. */
function lengthsDocument(parts: LengthDistribution[], contextTokens: number): LengthsDocument {
  const sum = (of: (part: LengthDistribution) => number): number => parts.reduce((total, part) => total + of(part), 0);
  const isUnbounded = parts.some(({ max }) => max === UNBOUNDED_TOKENS);
  return {
    mean: rounded(sum((part) => part.mean)),
    std: rounded(Math.sqrt(sum((part) => part.std ** 2))),
    min: rounded(sum((part) => part.min)),
    max: isUnbounded ? contextTokens : rounded(sum((part) => part.max)),
    max_is_context: isUnbounded,
  };
}

/**
 * Prompt tokens that are computed on average. Means are those the workload states (NUMBERS.md: 6000 · (1 - 0.75 · 0.70) = 2,850);
 * its bounds move them a little, which the distributions downstream know. Only cut requests have a mean of their own.
 */
function effectivePromptTokens({ moments, cut }: RequestLengths, statedMean: number): number {
  const computedShare = moments.uncachedMean / moments.promptMean;
  return rounded((cut ? moments.promptMean : statedMean) * computedShare);
}

/** What a split leaves of bursts is known of single loads; a capacity that holds for all of them takes bursts whole. */
const burstNotes = ({ method, router }: SizeInput, scv: number): string[] =>
  method === 'batching' && router === 'random' && scv > 1
    ? ['In closed form every replica is taken to get bursts whole; a split leaves each of several less of them.']
    : [];

/** Everything an answer rests on, with defaults resolved. */
export function assumptionsOf(prepared: PreparedSizing, demand: Demand): AssumptionsDocument {
  const { input, model, subject, facts } = prepared;
  const { workload, lengths, engine } = subject;
  const rule = headroomRule(input.headroom, facts.headroom);
  const cache = workload.prefixCache;
  const promptParts = workload.context ? [workload.input, workload.context] : [workload.input];
  const prompt = lengthsDocument(promptParts, model.maxContextTokens);
  const arrivals = arrivalLawOf(subject);
  const e2e = workload.targets.find(({ metric, isGating }) => metric === 'e2e_p50' && !isGating);
  const notes = [
    ...(model.factsOf ? [sameArchitectureSentence(model.id, model.factsOf)] : []),
    ROUTING[input.router].sentence,
    ...burstNotes(input, arrivals.scv),
    'Percentiles, throughput and cost hold at the planned load of every replica.',
  ];
  if (e2e) {
    notes.push(
      `The E2E target is meant for ${e2e.outputTokens ?? 512} output tokens and contradicts the TPOT targets; it is shown and gates only when asked (--sla e2e-p50=MS).`,
    );
  }
  notes.push(
    `The vLLM command serves requests of up to ${servedContextTokens(subject)} tokens: P99 of prompt plus P99 of answer, rounded up; longer ones are refused by it.`,
  );
  if (workload.peakFactor !== null) {
    notes.push(`Peaks of ${workload.peakFactor}× are not applied: headroom covers them.`);
  }
  if (facts.headroom) {
    notes.push(
      `Headroom ${input.headroom} % plans with ${formatPercent(rule.utilizationTarget)} of the capacity and a burst of ${rounded(rule.burstFactor)}×, as the table of ${facts.headroom.origin} says.`,
    );
  }
  return {
    model: model.id,
    architecture: model.architecture,
    estimated: model.isEstimated,
    total_parameters: model.totalParameters,
    active_parameters: model.activeParameters,
    max_context_tokens: model.maxContextTokens,
    workload: workload.name,
    prompt_tokens: prompt,
    output_tokens: lengthsDocument([workload.output], model.maxContextTokens),
    effective_prompt_tokens: effectivePromptTokens(lengths, prompt.mean),
    prefix_cache: cache ? { hit_rate: cache.hitFraction, cacheable_ratio: cache.cacheableFraction } : null,
    arrival: arrivals.process,
    arrival_cv: rounded(Math.sqrt(arrivals.scv)),
    arrival_decay_per_s: arrivals.process === 'hawkes' ? rounded(arrivals.decayPerMs * MS_PER_S) : null,
    users: demand.users,
    think_time_s: demand.thinkTimeS,
    rate_requests_per_s: rounded(demand.rateReqPerS),
    rate_explanation: demand.explanation,
    headroom_percent: input.headroom,
    utilization_target: rounded(rule.utilizationTarget),
    burst_factor: rounded(rule.burstFactor),
    quantization: subject.precisions,
    kv_cache_dtype: input.kv_cache_dtype,
    pricing: input.pricing,
    router: ROUTING[input.router].name,
    engine: engine.engine,
    engine_version: engine.version,
    method: subject.method,
    calibration: subject.calibration.name,
    notes,
  };
}
