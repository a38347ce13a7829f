import type { Instance } from '../engine/hardware/types.ts';
import { engineName } from '../engine/memory/engine-name.ts';
import { gpuGroup, replicaGpus, replicasPerInstance } from '../engine/sizing/plan-groups.ts';
import type { SafeLimits } from '../engine/sizing/safe-limits.ts';
import { stateSeats } from '../engine/sizing/seats.ts';
import { servedContextTokens } from '../engine/sizing/served-context.ts';
import type { PlanGroup, SizedPlan } from '../engine/sizing/types.ts';
import type { Flag, FlagKind } from '../engine/sizing/vllm-command.ts';
import { gibFromBytes, mibFromBytes } from '../engine/units.ts';
import type { CommandFlag } from '../protocol/documents.ts';
import { formatFixed, formatSignificant, plural } from '../protocol/numbers.ts';
import type { PreparedSizing } from './prepared.ts';

const gib = (bytes: number): string => `${formatFixed(gibFromBytes(bytes), 2)} GiB`;
const mib = (bytes: number): string => `${formatSignificant(mibFromBytes(bytes), 4)} MiB`;

/** A plan as a command starts it. */
export interface CommandSubject {
  prepared: Pick<PreparedSizing, 'input' | 'model' | 'subject'>;
  instance: Instance;
  group: PlanGroup;
  /** Replicas and instances of the plan; null for one that is excluded. */
  sized: Pick<SizedPlan, 'replicas' | 'instances'> | null;
  /** Replicas that one start serves. */
  replicas: number;
  /** Limits of the safe command; null = the plan as it was sized. */
  safe: SafeLimits | null;
  /** Sequences that run in a replica at the planned load; null where it has no steady state. */
  meanRunning: number | null;
}

function parallelWhy({ group, prepared }: CommandSubject): string {
  const { memory, precision, gpu } = group;
  const needed = replicaGpus(group);
  const weights = memory ? `${gib(memory.weightsBytes)} of weights in ${precision} on each` : `weights in ${precision}`;
  const asked = prepared.input.tp === null ? '' : ' as asked';
  const whole =
    needed === 1 ? `One ${gpu.name} is a replica${asked}` : `${needed} × ${gpu.name} are one replica${asked}`;
  return `${whole}: ${weights}.`;
}

function replicasWhy({ instance, group, sized, replicas }: CommandSubject): string {
  const { gpus } = gpuGroup(instance);
  const room = `${instance.name} has ${plural(gpus, 'GPU')}, room for ${plural(replicasPerInstance(instance, group), 'replica')}`;
  if (!sized) return `${room}.`;
  const { replicas: all, instances } = sized;
  const sum = instances === 1 ? '' : ` (${all} / ${instances}, rounded up)`;
  return `${room}; the plan has ${plural(all, 'replica')} on ${plural(instances, 'instance')}, ${replicas} on each${sum}. vLLM shares requests out among them.`;
}

function contextWhy({ prepared }: CommandSubject): string {
  const { lengths, model } = prepared.subject;
  const { promptP99Tokens: prompt, outputP99Tokens: output } = lengths;
  const served = servedContextTokens(prepared.subject);
  const end =
    served === model.maxContextTokens
      ? `held to the ${formatFixed(served)} tokens of ${model.id}`
      : 'rounded up to whole 256';
  return `P99 of the prompt, ${formatFixed(prompt)}, plus P99 of the answer, ${formatFixed(output)}, ${end}. Longer requests are refused.`;
}

const defaultsOf = ({ prepared }: CommandSubject): string => `Default of ${engineName(prepared.subject.engine)}`;

function schedulerClass({ prepared, group }: CommandSubject): string {
  const { engine } = prepared.subject;
  const memory = gib(group.gpu.usableMemoryBytes * group.gpuShare);
  const limit = `${formatFixed(gibFromBytes(engine.largeGpuMemoryBytes))} GiB`;
  if (engine.smallGpuIds.includes(group.gpu.id)) return `for ${group.gpu.name}, which takes the smaller batches`;
  const isLarge = group.gpu.usableMemoryBytes * group.gpuShare >= engine.largeGpuMemoryBytes;
  return `for a GPU with ${memory}, ${isLarge ? 'at least' : 'below'} ${limit}`;
}

/** What a limit on seats means at the planned load. */
function waitsAt(seats: number, running: number | null): string {
  if (running === null) return '';
  const mean = formatSignificant(running, 3);
  return running > seats
    ? ` The planned load runs ${mean} on average: requests would wait, so the figures of the answer do not hold.`
    : ` The planned load runs ${mean} on average.`;
}

function seatsWhy(subject: CommandSubject): string {
  const { safe, group, prepared, meanRunning } = subject;
  if (!safe) return sizedSeatsWhy(subject);
  const { roomBytes, bytesPerSeat, seatsHeld, limits } = safe;
  const served = formatFixed(servedContextTokens(prepared.subject));
  const sum = `${gib(roomBytes)} of room / ${gib(bytesPerSeat)} for a request of ${served} tokens = ${formatFixed(seatsHeld)}, so none is ever preempted`;
  const isDefault = group.seats?.byDefault === limits.maxNumSeqs;
  const which = isDefault ? 'the default' : 'as many as mean lengths fill the cache with';
  const held = seatsHeld > limits.maxNumSeqs ? `; held to ${formatFixed(limits.maxNumSeqs)}, ${which}` : '';
  return `${sum}${held}.${waitsAt(limits.maxNumSeqs, meanRunning)}`;
}

/** The fewer of the version's default and what the cache holds of the workload's sequences. */
function sizedSeatsWhy(subject: CommandSubject): string {
  const { group, meanRunning } = subject;
  const states = stateSeats(group);
  if (states) {
    const { cacheBytes, stateBytes, seats } = states;
    return `${gib(cacheBytes)} of cache / ${gib(stateBytes)} of state a sequence = ${formatFixed(seats)}: with more seats than states fit vLLM does not start.${waitsAt(seats, meanRunning)}`;
  }
  const byDefault = `${defaultsOf(subject)} ${schedulerClass(subject)}`;
  if (!group.seats) return `${byDefault}: the most sequences in one step.`;
  const { seats, byDefault: most, roomBytes, bytesPerSequence, tokensPerSequence } = group.seats;
  const stateBytes = group.memory?.stateBytes ?? 0;
  const state = stateBytes === 0 ? '' : `, ${mib(stateBytes)} of it state whatever the length`;
  const sum = `${gib(roomBytes)} of room / ${mib(bytesPerSequence)} for a running sequence of ${formatFixed(tokensPerSequence)} tokens on average${state} = ${formatFixed(roomBytes / bytesPerSequence, 1)}`;
  const waits = waitsAt(seats, meanRunning);
  return seats < most
    ? `${sum}, rounded up, so that the cache limits and not the seats${stateBytes === 0 ? '' : ' (with more seats than states fit vLLM does not start)'}; the default of ${formatFixed(most)} would only keep more of the memory for sampling.${waits}`
    : `${byDefault}; the cache would hold more: ${sum}.${waits}`;
}

function memoryWhy(subject: CommandSubject): string {
  const { safe, group } = subject;
  const { memory, limits } = group;
  const share = safe ? safe.limits.gpuMemoryUtilization : limits.gpuMemoryUtilization;
  const sum = memory ? `${gib(memory.totalBytes * share)} of the ${gib(memory.totalBytes)} the driver reports` : '';
  if (!safe) return `${defaultsOf(subject)}${sum === '' ? '' : `: ${sum}`}.`;
  const reason =
    share < limits.gpuMemoryUtilization
      ? 'A margin for what else uses the GPU'
      : 'No margin: with less the longest request would not fit';
  return `${reason}: ${sum}.`;
}

function dtypeWhy({ group, prepared }: CommandSubject): string {
  const { engine, model } = prepared.subject;
  if (engine.command?.bfloat16Architectures.includes(model.architecture) && group.precision !== 'bf16') {
    return `vLLM refuses to run ${model.architecture} in float16; bfloat16 takes the same 2 bytes a weight.`;
  }
  if (prepared.model.checkpoint.method !== null || (group.precision !== 'fp16' && group.precision !== 'bf16')) {
    return `${group.gpu.name} has no bf16, which is what most checkpoints name for the weights they leave at 16 bit.`;
  }
  return `The precision of the plan, ${group.precision}: 2 bytes a weight.`;
}

/** Why each flag has its value. */
const WHY: Record<FlagKind, (subject: CommandSubject) => string> = {
  tensorParallel: parallelWhy,
  pipelineParallel: ({ group, prepared }) =>
    `As asked: ${plural(group.pipelineParallel, 'stage')} share the ${formatFixed(prepared.subject.model.layers.length)} layers.`,
  dataParallel: replicasWhy,
  servedTokens: contextWhy,
  seats: seatsWhy,
  batchedTokens: (subject) =>
    `${defaultsOf(subject)} ${schedulerClass(subject)}: the most tokens in one step, so that long prompts are cut into pieces.`,
  memoryShare: memoryWhy,
  dtype: dtypeWhy,
  quantization: ({ group }) =>
    `The checkpoint holds 16-bit weights; vLLM makes ${group.precision} of them while loading.`,
  kvCacheDtype: () => 'As asked: one byte an element in place of two, so twice the tokens fit.',
  prefixCachingOn: () => 'The workload shares prefixes; without the flag this version caches none.',
  prefixCachingOff: () => 'As asked: without it vLLM caches prefixes.',
};

/** One row per flag of a command, in its order. */
export const commandFlags = (subject: CommandSubject, flags: readonly Flag[]): CommandFlag[] =>
  flags.map(({ kind, name, value }) => ({ flag: name, value, why: WHY[kind](subject) }));
