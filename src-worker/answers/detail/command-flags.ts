import type { SafeLimits } from '../../engine/sizing/safe-limits.ts';
import { seatLimit } from '../../engine/sizing/seat-limit.ts';
import { servedContextTokens } from '../../engine/sizing/served-context.ts';
import { gpuGroup, replicaGpus, replicasPerInstance } from '../../engine/sizing/plan-groups.ts';
import { gibFromBytes } from '../../engine/units.ts';
import type { CommandFlag } from '../../protocol/documents.ts';
import { formatFixed, formatSignificant, plural } from '../../protocol/numbers.ts';
import { isPassing, type FoundPlan } from './find-plan.ts';
import type { PlannedReplica } from './planned-load.ts';

const gib = (bytes: number): string => `${formatFixed(gibFromBytes(bytes), 2)} GiB`;

/** A plan as a command starts it. */
export interface CommandSubject {
  plan: FoundPlan;
  /** Replicas that one start serves. */
  replicas: number;
  /** Limits of the safe command; null = the plan as it was sized. */
  safe: SafeLimits | null;
  replica: PlannedReplica | null;
}

function parallelWhy({ plan: { group, prepared } }: CommandSubject): string {
  const { memory, precision, gpu } = group;
  const needed = replicaGpus(group);
  const weights = memory ? `${gib(memory.weightsBytes)} of weights in ${precision} on each` : `weights in ${precision}`;
  const asked = prepared.input.tp === null ? '' : ' as asked';
  const whole =
    needed === 1 ? `One ${gpu.name} is a replica${asked}` : `${needed} × ${gpu.name} are one replica${asked}`;
  return `${whole}: ${weights}.`;
}

function replicasWhy({ plan: { instance, group, row }, replicas }: CommandSubject): string {
  const { gpus } = gpuGroup(instance);
  const room = `${instance.name} has ${plural(gpus, 'GPU')}, room for ${plural(replicasPerInstance(instance, group), 'replica')}`;
  if (!isPassing(row)) return `${room}.`;
  const { replicas: all, instances } = row.chosen;
  const sum = instances === 1 ? '' : ` (${all} / ${instances}, rounded up)`;
  return `${room}; the plan has ${plural(all, 'replica')} on ${plural(instances, 'instance')}, ${replicas} on each${sum}. vLLM shares requests out among them.`;
}

function contextWhy({ plan: { prepared } }: CommandSubject): string {
  const { lengths, model } = prepared.subject;
  const { promptP99Tokens: prompt, outputP99Tokens: output } = lengths;
  const served = servedContextTokens(prepared.subject);
  const end =
    served === model.maxContextTokens
      ? `held to the ${formatFixed(served)} tokens of ${model.id}`
      : 'rounded up to whole 256';
  return `P99 of the prompt, ${formatFixed(prompt)}, plus P99 of the answer, ${formatFixed(output)}, ${end}. Longer requests are refused.`;
}

const defaultsOf = ({ prepared }: FoundPlan): string =>
  `Default of ${prepared.subject.engine.engine} ${prepared.subject.engine.version}`;

function schedulerClass({ prepared, group }: FoundPlan): string {
  const { engine } = prepared.subject;
  const memory = gib(group.gpu.usableMemoryBytes * group.gpuShare);
  const limit = `${formatFixed(gibFromBytes(engine.largeGpuMemoryBytes))} GiB`;
  if (engine.smallGpuIds.includes(group.gpu.id)) return `for ${group.gpu.name}, which takes the smaller batches`;
  const isLarge = group.gpu.usableMemoryBytes * group.gpuShare >= engine.largeGpuMemoryBytes;
  return `for a GPU with ${memory}, ${isLarge ? 'at least' : 'below'} ${limit}`;
}

/** What a limit on seats means at the planned load. */
function waitsAt(seats: number, replica: PlannedReplica | null): string {
  const running = replica?.planned?.meanRunning;
  if (running === undefined) return '';
  const mean = formatSignificant(running, 3);
  return running > seats
    ? ` The planned load runs ${mean} on average: requests would wait, so the figures of the answer do not hold.`
    : ` The planned load runs ${mean} on average.`;
}

function seatsWhy({ plan, safe, replica }: CommandSubject): string {
  const byDefault = `${defaultsOf(plan)} ${schedulerClass(plan)}`;
  if (!safe) {
    const limit = seatLimit(plan.group);
    if (!limit) return `${byDefault}: the most sequences in one step.${waitsAt(plan.group.limits.maxNumSeqs, replica)}`;
    const { cacheBytes, stateBytes, seats } = limit;
    return `${gib(cacheBytes)} of cache / ${gib(stateBytes)} of state a sequence = ${formatFixed(seats)}: with more seats than states fit vLLM does not start.${waitsAt(seats, replica)}`;
  }
  const { roomBytes, bytesPerSeat, seatsHeld, limits } = safe;
  const served = formatFixed(servedContextTokens(plan.prepared.subject));
  const sum = `${gib(roomBytes)} of room / ${gib(bytesPerSeat)} for a request of ${served} tokens = ${formatFixed(seatsHeld)}, so none is ever preempted`;
  const held = seatsHeld > limits.maxNumSeqs ? `; held to ${formatFixed(limits.maxNumSeqs)}, the default` : '';
  return `${sum}${held}.${waitsAt(limits.maxNumSeqs, replica)}`;
}

function memoryWhy({ plan, safe }: CommandSubject): string {
  const { memory, limits } = plan.group;
  const share = safe ? safe.limits.gpuMemoryUtilization : limits.gpuMemoryUtilization;
  const sum = memory ? `${gib(memory.totalBytes * share)} of the ${gib(memory.totalBytes)} the driver reports` : '';
  if (!safe) return `${defaultsOf(plan)}${sum === '' ? '' : `: ${sum}`}.`;
  const reason =
    share < limits.gpuMemoryUtilization
      ? 'A margin for what else uses the GPU'
      : 'No margin: with less the longest request would not fit';
  return `${reason}: ${sum}.`;
}

function dtypeWhy({ plan: { group, prepared } }: CommandSubject): string {
  const { engine, model } = prepared.subject;
  if (engine.command.bfloat16Architectures.includes(model.architecture) && group.precision !== 'bf16') {
    return `vLLM refuses to run ${model.architecture} in float16; bfloat16 takes the same 2 bytes a weight.`;
  }
  return `The precision of the plan, ${group.precision}: 2 bytes a weight.`;
}

/** Why each flag has its value, by flag; the flags are those of engine/sizing/vllm-command.ts. */
const WHY: Record<string, (subject: CommandSubject) => string> = {
  '--tensor-parallel-size': parallelWhy,
  '--pipeline-parallel-size': ({ plan: { group, prepared } }) =>
    `As asked: ${plural(group.pipelineParallel, 'stage')} share the ${formatFixed(prepared.subject.model.layers.length)} layers.`,
  '--data-parallel-size': replicasWhy,
  '--max-model-len': contextWhy,
  '--max-num-seqs': seatsWhy,
  '--max-num-batched-tokens': ({ plan }) =>
    `${defaultsOf(plan)} ${schedulerClass(plan)}: the most tokens in one step, so that long prompts are cut into pieces.`,
  '--gpu-memory-utilization': memoryWhy,
  '--dtype': dtypeWhy,
  '--quantization': ({ plan: { group } }) =>
    `The checkpoint holds 16-bit weights; vLLM makes ${group.precision} of them while loading.`,
  '--kv-cache-dtype': () => 'As asked: one byte an element in place of two, so twice the tokens fit.',
  '--enable-prefix-caching': () => 'The workload shares prefixes; without the flag this version caches none.',
  '--no-enable-prefix-caching': () => 'As asked: without it vLLM caches prefixes.',
};

/** One row per flag of the command, in its order. */
export function commandFlags(subject: CommandSubject, command: string): CommandFlag[] {
  return command
    .split(' --')
    .slice(1)
    .map((part) => {
      const [name = '', ...value] = part.split(' ');
      const flag = `--${name}`;
      const why = WHY[flag];
      if (!why) throw new Error(`the command has a flag ${flag} that nothing explains`);
      return { flag, value: value.length > 0 ? value.join(' ') : null, why: why(subject) };
    });
}
