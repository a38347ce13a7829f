import type { EngineLimits } from '../engine/memory/fit.ts';
import { safeLimits, type SafeLimits } from '../engine/sizing/safe-limits.ts';
import { stateSeats } from '../engine/sizing/seats.ts';
import { servedContextTokens } from '../engine/sizing/served-context.ts';
import type { CountedPlan, PlanGroup } from '../engine/sizing/types.ts';
import { commandText, shellWord, vllmCommand, type Command } from '../engine/sizing/vllm-command.ts';
import { MS_PER_S } from '../engine/units.ts';
import type { CommandFlag } from '../protocol/documents.ts';
import { commandFlags, type CommandSubject } from './command-flags.ts';
import type { PreparedSizing } from './prepared.ts';

type Prepared = Pick<PreparedSizing, 'input' | 'model' | 'subject'>;

/** A plan as one server runs it. */
export interface ServedPlan {
  group: PlanGroup;
  /** Replicas that one server starts. */
  dataParallel: number;
}

/** Both commands of a plan, and the limits of the safe one. */
export interface ServeCommands {
  highPerformance: Command;
  safe: Command;
  safeLimits: SafeLimits;
}

export const textOf = (command: Command): string | null => (command.kind === 'command' ? commandText(command) : null);

/** Each flag with its arithmetic; none where the command is refused. */
const explained = (command: Command, subject: CommandSubject): CommandFlag[] =>
  command.kind === 'command' ? commandFlags(subject, command.flags) : [];

/** Both commands as documents show them, and why there is none. */
export interface CommandTexts {
  highPerformance: string | null;
  safe: string | null;
  refusal: string | null;
}

/** Flags of both with their arithmetic. */
export interface CommandArithmetic {
  safe: CommandFlag[];
  high_performance: CommandFlag[];
}

/** Throws for a plan that does not fit. */
export function commandTexts(subject: Pick<CommandSubject, 'group' | 'prepared' | 'replicas'>): CommandTexts {
  const { texts } = knownCommands({ group: subject.group, dataParallel: subject.replicas }, subject.prepared);
  return texts;
}

/** The flags of both commands with their arithmetic. Throws for a plan that does not fit. */
export function commandArithmetic(subject: Omit<CommandSubject, 'safe'>): CommandArithmetic {
  const { group, prepared, replicas } = subject;
  const { commands } = knownCommands({ group, dataParallel: replicas }, prepared);
  return {
    safe: explained(commands.safe, { ...subject, safe: commands.safeLimits }),
    high_performance: explained(commands.highPerformance, { ...subject, safe: null }),
  };
}

interface KnownCommands {
  commands: ServeCommands;
  texts: CommandTexts;
}

/** Commands of the groups that were asked for, by what else they depend on: most edits of a request change none of them. */
const known = new WeakMap<PlanGroup, Map<string, KnownCommands>>();

function knownCommands(plan: ServedPlan, prepared: Prepared): KnownCommands {
  const ofGroup = known.get(plan.group) ?? new Map<string, KnownCommands>();
  known.set(plan.group, ofGroup);
  const key = `${plan.dataParallel} ${prepared.input.prefix_cache}`;
  const found = ofGroup.get(key);
  if (found) return found;
  const commands = serveCommands(plan, prepared);
  const { highPerformance, safe } = commands;
  const refusal = highPerformance.kind === 'refused' ? highPerformance.sentence : null;
  const made = { commands, texts: { highPerformance: textOf(highPerformance), safe: textOf(safe), refusal } };
  ofGroup.set(key, made);
  return made;
}

/**
 * Replicas that one server starts: those of an instance. vLLM shares out the experts of a mixture over all of its
 * data-parallel ranks, which then are no replicas any more: such a model is started once for each.
 */
export function dataParallelOf({ replicas, instances }: CountedPlan, { model, subject }: Prepared): number {
  const isMixture = model.layers.some(({ ffn }) => ffn.experts !== null);
  if (isMixture || !subject.engine.command?.dataParallelFlag) return 1;
  return Math.ceil(replicas / instances);
}

/** Throws for a plan that does not fit. */
export function serveCommands({ group, dataParallel }: ServedPlan, { input, model, subject }: Prepared): ServeCommands {
  const safe = safeLimits(subject, group);
  const command = (limits: EngineLimits): Command =>
    vllmCommand({
      modelId: model.id,
      architecture: model.architecture,
      checkpoint: model.checkpoint,
      precision: group.precision,
      kvCacheDtype: input.kv_cache_dtype,
      gpu: group.gpu,
      tensorParallel: group.tensorParallel,
      pipelineParallel: group.pipelineParallel,
      dataParallel,
      limits,
      servedTokens: servedContextTokens(subject),
      hasPrefixCache: subject.workload.prefixCache !== null || input.prefix_cache,
      engine: subject.engine,
    });
  const maxNumSeqs = stateSeats(group)?.seats ?? group.limits.maxNumSeqs;
  return { highPerformance: command({ ...group.limits, maxNumSeqs }), safe: command(safe.limits), safeLimits: safe };
}

/** Requests a run of the benchmark sends: enough that a P99 rests on ten of them. */
const NUM_PROMPTS = 1000;
/** Ten percent of spread around a mean is uniform over mean · (1 ± √3 · 0.1). */
const UNIFORM_HALF_WIDTH = Math.sqrt(3);
/** The widest range the benchmark takes is below one. */
const WIDEST_RANGE = 0.9;

/**
 * The engine's benchmark of a running server at a rate: random tokens with the mean lengths of the workload, uniform with
 * the spread of its answers (the benchmark knows no lognormal), a shared prefix as long as the tokens the cache holds on
 * average. null where the version has no such command.
 */
export function benchCommand({ subject }: Prepared, ratePerMs: number): string | null {
  const { model, lengths, scvArrival, engine } = subject;
  const benchmark = engine.command?.benchmark ?? null;
  if (benchmark === null) return null;
  const { promptMean, uncachedMean, outputMean, outputSecondMoment } = lengths.moments;
  const cached = Math.round(promptMean - uncachedMean);
  const outputCv = Math.sqrt(Math.max(0, outputSecondMoment / outputMean ** 2 - 1));
  const computed = Math.max(1, Math.round(promptMean) - cached);
  // The range holds for prompts too: the longest request must not be refused.
  const widest = (servedContextTokens(subject) - cached) / (computed + Math.round(outputMean)) - 1;
  const range = Math.max(0, Math.min(WIDEST_RANGE, UNIFORM_HALF_WIDTH * outputCv, widest));
  const flags = [
    `${benchmark} --model ${shellWord(model.id)}`,
    '--dataset-name random',
    `--random-input-len ${computed}`,
    ...(cached > 0 ? [`--random-prefix-len ${cached}`] : []),
    `--random-output-len ${Math.max(1, Math.round(outputMean))}`,
    ...(range >= 0.01 ? [`--random-range-ratio ${Math.floor(range * 100) / 100}`] : []),
    '--ignore-eos',
    `--request-rate ${Number((ratePerMs * MS_PER_S).toPrecision(4))}`,
    ...(scvArrival > 1 ? [`--burstiness ${Number((1 / scvArrival).toPrecision(3))}`] : []),
    `--num-prompts ${NUM_PROMPTS}`,
    '--percentile-metrics ttft,tpot,e2el',
    '--metric-percentiles 50,95,99',
  ];
  return flags.join(' ');
}
