import { pipelineExtraMs } from './pipeline.ts';
import type { AttentionGroup, ExpertClass, GemmClass, StepPlan } from './step-plan.ts';

/** Named parts of a step, in the order of `STEP_PARTS`. They add up to the step, save for what is hidden (see below). */
export const STEP_PARTS = [
  'projections',
  'experts',
  'kv_read',
  'prompt_attention',
  'activations',
  'head',
  'communication',
  'all_to_all',
  'launch',
  'sequences',
] as const;
export type StepPart = (typeof STEP_PARTS)[number];

/** What one step works on: of a replica, or of one of its ranks where the attention is data parallel. */
export interface StepBatch {
  /** Sequences that decode. */
  decodes: number;
  /** Tokens of context read by all of them together. */
  contextTokens: number;
  /** Prompt tokens computed in this step. */
  promptTokens: number;
  /** Sum over those of the tokens each attends to (half the chunk on average, plus what was computed before). */
  promptPairs: number;
  /** Prompts that finish in this step and sample their first token. */
  promptsEnding: number;
}

const cubeRootSum = (rowsCubed: number, tokens: number): number => Math.cbrt(tokens * tokens * tokens + rowsCubed);

const gemmComputeMs = (gemm: GemmClass, rows: number): number => gemm.computeMsPerRow * rows;

export const gemmMs = (plan: StepPlan, gemm: GemmClass, rows: number): number =>
  plan.combine(gemmComputeMs(gemm, rows), gemm.readMs);

/** Rows a matrix unit works through: whole tiles, so a single token costs as much arithmetic as a tile. */
export const paddedRows = (plan: StepPlan, tokens: number): number =>
  tokens > 0 ? cubeRootSum(plan.tileRowsCubed, tokens) + plan.extraRows : 0;

/** Rows of the output head for so many sequences that sample. */
export const headRows = (plan: StepPlan, sampled: number): number =>
  cubeRootSum(plan.headTileRowsCubed, sampled) + plan.extraRows;

/** Experts of a layer that so many tokens, of all ranks, use at least once. */
export function touchedExperts(experts: ExpertClass, tokens: number): number {
  const touched = experts.numExperts * -Math.expm1(tokens * experts.logMissPerToken);
  return Math.min(experts.numExperts, Math.max(touched, experts.leastTouched));
}

/** Of tokens of all ranks, which use `hit` experts. */
const expertsComputeMs = (experts: ExpertClass, tokens: number, hit: number): number =>
  experts.computeMsPerExpertToken * (experts.expertsPerToken * tokens + hit * experts.extraTokensPerExpert);

const expertsReadMs = (experts: ExpertClass, hit: number): number => (experts.readMs * hit) / experts.numExperts;

export function expertsMs(plan: StepPlan, tokens: number): number {
  const { experts } = plan;
  if (!experts || tokens <= 0) return 0;
  const allTokens = tokens * experts.ranks;
  const hit = touchedExperts(experts, allTokens);
  return plan.combine(expertsComputeMs(experts, allTokens, hit), expertsReadMs(experts, hit));
}

/** All-reduces and gathers of a step of `tokens`. */
export const communicationMs = (plan: StepPlan, tokens: number): number =>
  tokens > 0 ? plan.communicationLatencyMs + plan.communicationMsPerToken * tokens : 0;

/** Ways to the experts of other GPUs and back. */
export const allToAllMs = (plan: StepPlan, tokens: number): number =>
  tokens > 0 ? plan.allToAllLatencyMs + plan.allToAllMsPerToken * tokens : 0;

/** Tokens of context that a group's layers read: a window reads no more than itself of each sequence. */
const contextOf = (group: AttentionGroup, decodes: number, contextTokens: number): number =>
  group.windowTokens === null ? contextTokens : Math.min(contextTokens, decodes * group.windowTokens);

const contextReadMs = (group: AttentionGroup, decodes: number, context: number): number =>
  context * group.readMsPerContextToken + decodes * group.readMsPerSequence;

export function kvReadMs(plan: StepPlan, group: AttentionGroup, decodes: number, contextTokens: number): number {
  const context = contextOf(group, decodes, contextTokens);
  if (group.readMsPerSequence === 0) return context * group.kvMsPerContextToken;
  return plan.combine(context * group.computeMsPerContextToken, contextReadMs(group, decodes, context));
}

export const promptAttentionMs = (group: AttentionGroup, promptTokens: number, promptPairs: number): number =>
  group.promptMsPerToken * promptTokens +
  group.promptMsPerPair *
    (group.windowTokens === null ? promptPairs : Math.min(promptPairs, promptTokens * group.windowTokens));

/**
 * Time of one engine step in ms, allocation-free: it is evaluated some hundred thousand times in one sizing.
 *
 * Weights are read once per step; every operator class takes the smooth maximum of its compute and memory time; classes
 * follow one another. Engines with asynchronous scheduling hand out tokens while the GPU computes: there the time per
 * sequence hides behind the rest until it reaches its length. At fixed (decodes, promptTokens) the time is linear in
 * contextTokens and promptPairs up to that last step and to the window's kink. Source: FIDELITY.md section 2.
 *
 * With data parallelism of the attention it is the step of one rank: the batch is that of the rank, all ranks are taken to
 * have equal ones, and their tokens meet at the experts. With a pipeline it is the step of one of the batches in flight;
 * hand-overs and the wait for the slowest stage count as communication (pipeline.ts).
 *
 * `parts`, when given, receives STEP_PARTS in order; with hidden sequence time their sum exceeds the step by what hides.
 */
export function stepTimeMs(
  plan: StepPlan,
  decodes: number,
  contextTokens: number,
  promptTokens: number,
  promptPairs: number,
  promptsEnding: number,
  parts?: Float64Array,
): number {
  const tokens = decodes + promptTokens;
  const rows = paddedRows(plan, tokens);
  const projections = gemmMs(plan, plan.attentionProjections, rows) + gemmMs(plan, plan.denseFfn, rows);
  const experts = expertsMs(plan, tokens);
  let kvRead = 0;
  let promptAttention = 0;
  for (const group of plan.attention) {
    kvRead += kvReadMs(plan, group, decodes, contextTokens);
    if (promptTokens > 0) promptAttention += promptAttentionMs(group, promptTokens, promptPairs);
  }
  const activations = plan.activationMsPerToken * tokens;
  const sampled = decodes + promptsEnding;
  const head = sampled > 0 ? gemmMs(plan, plan.head, headRows(plan, sampled)) : 0;
  let communication = communicationMs(plan, tokens);
  const allToAll = allToAllMs(plan, tokens);
  if (plan.pipeline) {
    const layers = activations + communication + allToAll + plan.launchMs;
    const parts = { projections, experts, context: kvRead, promptAttention, layers, head };
    communication += pipelineExtraMs(plan.pipeline, tokens, parts);
  }
  const sequences = plan.sequenceMs * sampled + plan.requestMs * promptsEnding;
  const messages = communication + allToAll;
  const rest = projections + experts + kvRead + promptAttention + activations + head + messages + plan.launchMs;
  if (parts) {
    parts[0] = projections;
    parts[1] = experts;
    parts[2] = kvRead;
    parts[3] = promptAttention;
    parts[4] = activations;
    parts[5] = head;
    parts[6] = communication;
    parts[7] = allToAll;
    parts[8] = plan.launchMs;
    parts[9] = sequences;
  }
  return plan.hidesSequenceTime ? plan.combine(rest, sequences) : rest + sequences;
}

/** Which roof a part of a step mostly stands under; used to name the bottleneck. */
export type Roof = 'memory_bandwidth' | 'compute' | 'communication' | 'overhead';

export interface StepBreakdown {
  totalMs: number;
  partsMs: Record<StepPart, number>;
  /** Part of the time that hides behind the GPU's work (0 where nothing does). */
  hiddenMs: number;
  roofsMs: Record<Roof, number>;
}

/** The same step with its parts by name, each counted to its larger roof. */
export function stepBreakdown(plan: StepPlan, batch: StepBatch): StepBreakdown {
  const parts = new Float64Array(STEP_PARTS.length);
  const { decodes, contextTokens, promptTokens, promptPairs, promptsEnding } = batch;
  const totalMs = stepTimeMs(plan, decodes, contextTokens, promptTokens, promptPairs, promptsEnding, parts);
  const partsMs = Object.fromEntries(STEP_PARTS.map((name, i) => [name, parts[i] as number])) as Record<
    StepPart,
    number
  >;
  const summed = parts.reduce((sum, part) => sum + part, 0);
  const hiddenMs = Math.max(0, summed - totalMs);
  const roofsMs: Record<Roof, number> = {
    memory_bandwidth: partsMs.activations,
    compute: partsMs.prompt_attention,
    communication: partsMs.communication + partsMs.all_to_all,
    overhead: partsMs.launch + Math.max(0, partsMs.sequences - hiddenMs),
  };
  for (const [computeMs, memoryMs] of operatorRoofs(plan, batch))
    roofsMs[computeMs > memoryMs ? 'compute' : 'memory_bandwidth'] += plan.combine(computeMs, memoryMs);
  return { totalMs, partsMs, hiddenMs, roofsMs };
}

/** Compute and memory time of every class of operators that may stand under either roof, as `stepTimeMs` combines them. */
function operatorRoofs(plan: StepPlan, batch: StepBatch): [computeMs: number, memoryMs: number][] {
  const { decodes, contextTokens, promptTokens, promptsEnding } = batch;
  const tokens = decodes + promptTokens;
  const gemm = (one: GemmClass, rows: number): [number, number] => [gemmComputeMs(one, rows), one.readMs];
  const rows = paddedRows(plan, tokens);
  const roofs = [gemm(plan.attentionProjections, rows), gemm(plan.denseFfn, rows)];
  const { experts } = plan;
  if (experts && tokens > 0) {
    const hit = touchedExperts(experts, tokens * experts.ranks);
    roofs.push([expertsComputeMs(experts, tokens * experts.ranks, hit), expertsReadMs(experts, hit)]);
  }
  for (const group of plan.attention) {
    const context = contextOf(group, decodes, contextTokens);
    roofs.push([context * group.computeMsPerContextToken, contextReadMs(group, decodes, context)]);
  }
  if (decodes + promptsEnding > 0) roofs.push(gemm(plan.head, headRows(plan, decodes + promptsEnding)));
  return roofs;
}
