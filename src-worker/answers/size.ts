import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import { arrivalLawOf } from '../engine/sizing/arrival-law.ts';
import { sizeForDemand } from '../engine/sizing/size.ts';
import type { PlanCapacity, SizeOutcome } from '../engine/sizing/types.ts';
import type { RequestLengths } from '../engine/workload/lengths.ts';
import { SCHEMA_VERSION, type SizeDocument } from '../protocol/documents.ts';
import { formatFixed } from '../protocol/numbers.ts';
import type { SizeInput } from '../protocol/requests.ts';
import { assumptionsOf } from './assumptions.ts';
import { rounded, versionsOf } from './common.ts';
import { decisionOf } from './decision.ts';
import { demandFor, sizingDemand } from './demand.ts';
import { idleRouter } from './load-options.ts';
import { explainNoAnswer } from './no-answer/no-answer.ts';
import { prepareSizing, type PreparedSizing } from './prepared.ts';
import { arrivalsOf } from './replica-part.ts';
import { exclusionOf, recommendationOf, type RowContext } from './recommendation.ts';
import { arrivalWarnings } from './trust-words.ts';

export { demandFor, prepareSizing, sizingDemand, type PreparedSizing };

/**
 * Sizes a prepared request for users and a zone; null keeps what the request says. Lists `top` rows, all by default, with the
 * arithmetic of their commands and the ranges of the first rows unless `isBrief`.
 */
export function sizeAt(
  prepared: PreparedSizing,
  point: { users: number | null; zone: string | null },
  { top = Infinity, isBrief = false }: { top?: number; isBrief?: boolean } = {},
): SizeDocument {
  const zone = point.zone ?? prepared.input.zone;
  const demand = demandFor(prepared, point.users);
  const outcome = sizeForDemand(prepared.evaluated, sizingDemand(prepared, demand, zone));
  const context: RowContext = {
    prepared,
    demand,
    zone,
    explainsCommands: !isBrief,
    ranges: isBrief ? 'none' : 'first',
  };
  return documentOf(context, outcome, top);
}

/** A sweep asks for many answers and for the chance of none. */
const NO_DECISION = { decision: null, decision_reason: 'Chances are worked out for a question by itself.' };

function documentOf(context: RowContext, outcome: SizeOutcome, top: number): SizeDocument {
  const { prepared, demand, zone } = context;
  const { input, subject, facts } = prepared;
  const recommendations = outcome.rows.slice(0, top).map((row, i) => recommendationOf(row, i + 1, context));
  const excluded = outcome.excluded.map((row) => exclusionOf(row));
  const { cut } = subject.lengths;
  const warnings = cut ? [{ code: 'context_cut', sentence: cutSentence(prepared, cut) }] : [];
  if (subject.model.isEstimated) {
    const sentence = `Sizes of ${subject.model.architecture} are estimated from its config.json. ${subject.model.assumptions.join(' ')}`;
    warnings.push({ code: 'estimated_architecture', sentence });
  }
  const [first] = outcome.rows;
  warnings.push(...arrivalWarnings(subject.method, first ? arrivalsOf(first.chosen, context) : arrivalLawOf(subject)));
  if (
    input.router !== 'random' &&
    outcome.rows.length > 0 &&
    outcome.rows.every(({ chosen }) => chosen.replicas === 1)
  ) {
    warnings.push(...idleRouter({ router: input.router, replicas: 1 }));
  }
  // What passes says it beside its own figures.
  for (const { instance } of outcome.excluded) warnings.push(...(instance.own?.remarks ?? []));
  return {
    schema_version: SCHEMA_VERSION,
    input: { ...input, zone, ...(demand.users === null ? {} : { users: demand.users }) },
    assumptions: assumptionsOf(prepared, demand),
    num_passing: outcome.rows.length,
    recommendations,
    excluded,
    relaxations: [],
    no_answer: null,
    ...(context.ranges === 'none' ? NO_DECISION : decisionOf(outcome.rows, context)),
    warnings,
    versions: versionsOf(facts, subject.calibration.name),
  };
}

function cutSentence(prepared: PreparedSizing, cut: NonNullable<RequestLengths['cut']>): string {
  const { model, workload } = prepared.subject;
  // What is above zero never reads as zero.
  const percent = (fraction: number): string =>
    fraction > 0 && fraction < 1e-4 ? 'less than 0.01 %' : `${rounded(Number((fraction * 100).toPrecision(2)))} %`;
  const lead = cut.isMeanPromptCut
    ? `Even the mean prompt of ${workload.name} does not fit into the ${formatFixed(model.maxContextTokens)} tokens of ${model.id}: `
    : `Some requests of ${workload.name} are longer than the ${formatFixed(model.maxContextTokens)} tokens of ${model.id}: `;
  return `${lead}${percent(cut.requestsFraction)} of the requests and ${percent(cut.tokensFraction)} of the tokens were cut.`;
}

/**
 * The answer to one size request: `top` rows, every exclusion, and what would help when nothing passes. It has the same bytes
 * whether its capacities were searched here or handed over.
 */
export function answerSize(
  input: SizeInput,
  source: ModelSource,
  facts: Facts,
  capacities: readonly PlanCapacity[] = [],
): SizeDocument {
  const prepared = prepareSizing(input, source, facts, capacities);
  const document = sizeAt(prepared, { users: null, zone: null }, { top: input.top });
  return document.num_passing > 0 ? document : { ...document, ...explainNoAnswer(prepared, source, facts) };
}
