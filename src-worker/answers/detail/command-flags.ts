import { servedContextTokens } from '../../engine/sizing/served-context.ts';
import { gpuGroup, replicaGpus, replicasPerInstance } from '../../engine/sizing/plan-groups.ts';
import { gibFromBytes } from '../../engine/units.ts';
import type { CommandFlag } from '../../protocol/documents.ts';
import { formatFixed, plural } from '../../protocol/numbers.ts';
import type { FoundPlan } from './find-plan.ts';

const gib = (bytes: number): string => `${formatFixed(gibFromBytes(bytes), 2)} GiB`;

function parallelWhy({ group, instance, prepared }: FoundPlan): string {
  const { memory, precision, gpu } = group;
  const needed = replicaGpus(group);
  const { gpus } = gpuGroup(instance);
  const weights = memory ? `${gib(memory.weightsBytes)} of weights in ${precision} on each` : `weights in ${precision}`;
  const asked = prepared.input.tp === null ? '' : ' as asked';
  const replicas = replicasPerInstance(instance, group);
  const whole =
    needed === 1
      ? `One ${gpu.name} is a replica${asked}`
      : `${needed} × ${gpu.name} are one replica${asked}`;
  return `${whole}: ${weights}; ${instance.name} has ${plural(gpus, 'GPU')}, room for ${plural(replicas, 'replica')}.`;
}

function contextWhy({ prepared }: FoundPlan): string {
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

function memoryWhy(plan: FoundPlan): string {
  const { memory } = plan.group;
  const sum = memory ? `: ${gib(memory.budgetBytes)} of the ${gib(memory.totalBytes)} the driver reports` : '';
  return `${defaultsOf(plan)}${sum}.`;
}

/** Why each flag has its value, by flag; the flags are those of engine/sizing/vllm-command.ts. */
const WHY: Record<string, (plan: FoundPlan) => string> = {
  '--tensor-parallel-size': parallelWhy,
  '--pipeline-parallel-size': ({ group, prepared }) =>
    `As asked: ${plural(group.pipelineParallel, 'stage')} share the ${formatFixed(prepared.subject.model.layers.length)} layers.`,
  '--max-model-len': contextWhy,
  '--max-num-seqs': (plan) => `${defaultsOf(plan)} ${schedulerClass(plan)}: the most sequences in one step.`,
  '--max-num-batched-tokens': (plan) =>
    `${defaultsOf(plan)} ${schedulerClass(plan)}: the most tokens in one step, so that long prompts are cut into pieces.`,
  '--gpu-memory-utilization': memoryWhy,
  '--dtype': ({ group }) => `The precision of the plan, ${group.precision}: 2 bytes a weight.`,
  '--quantization': ({ group }) =>
    `The checkpoint holds 16-bit weights; vLLM makes ${group.precision} of them while loading.`,
  '--kv-cache-dtype': () => 'As asked: one byte an element in place of two, so twice the tokens fit.',
  '--no-enable-prefix-caching': () => 'As asked: without it vLLM caches prefixes.',
};

/** One row per flag of the command, in its order. */
export function commandFlags(plan: FoundPlan, command: string): CommandFlag[] {
  return command
    .split(' --')
    .slice(1)
    .map((part) => {
      const [name = '', ...value] = part.split(' ');
      const flag = `--${name}`;
      const why = WHY[flag];
      if (!why) throw new Error(`the command has a flag ${flag} that nothing explains`);
      return { flag, value: value.length > 0 ? value.join(' ') : null, why: why(plan) };
    });
}
