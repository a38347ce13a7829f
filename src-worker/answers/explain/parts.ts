import { firstTokenMean, type FirstTokenMean } from '../../engine/batching/first-token-parts.ts';
import { loadState } from '../../engine/batching/load-state.ts';
import { constantOf } from '../../engine/calibration/lookup.ts';
import { stageHoldings } from '../../engine/model/holdings.ts';
import type { WeightClass } from '../../engine/model/types.ts';
import { stepBreakdown, type StepPart } from '../../engine/roofline/step-time.ts';
import { oneAtATimeAt } from '../../engine/sizing/one-at-a-time.ts';
import { gibFromBytes } from '../../engine/units.ts';
import type { ExplanationPart } from '../../protocol/documents.ts';
import { rounded } from '../common.ts';
import type { Explained } from './subject.ts';

/** The terms a figure is the sum of. */

const MODEL = 'queueing model of one replica';
const STEPS = 'step time of the engine';

const part = (label: string, value: number, unit: string, source: string): ExplanationPart => ({
  label,
  value: rounded(value),
  unit,
  source,
});
const sumOf = (parts: readonly ExplanationPart[]): number => parts.reduce((sum, { value }) => sum + (value ?? 0), 0);
/** What is left of a total after its named parts, so that the parts add up to it. */
const rest = (
  label: string,
  total: number,
  parts: readonly ExplanationPart[],
  unit: string,
  source: string,
): ExplanationPart => part(label, total - sumOf(parts), unit, source);

const STEP_LABELS: Record<StepPart, string> = {
  projections: 'reading and multiplying weights',
  experts: 'reading and multiplying experts',
  kv_read: 'reading the KV cache',
  prompt_attention: 'attention over prompts',
  activations: 'moving activations',
  head: 'output head',
  communication: 'all-reduce between GPUs',
  all_to_all: 'tokens to experts on other GPUs and back',
  launch: 'launch and scheduling',
  sequences: 'per-sequence work of the engine',
};

/** Parts of a step as documents carry them, without those that are nothing. */
export const stepParts = (step: Record<string, number>): ExplanationPart[] =>
  Object.entries(step)
    .filter(([name, ms]) => name !== 'total' && ms !== 0)
    .map(([name, ms]) => part(STEP_LABELS[name as StepPart], ms, 'ms', STEPS));

/** A request alone in the system. */
const ALONE_PER_MS = 1e-12;

/** Mean TTFT where one request runs at a time: the wait for the replica and the request's own work. */
function oneAtATimeMean({ replica, chosen }: Explained): FirstTokenMean & { waitMs: number } {
  const { batching } = replica;
  const { outcome } = oneAtATimeAt(batching, ALONE_PER_MS);
  if (outcome.kind === 'saturated') throw new Error('a replica without load is saturated');
  const apiMs = batching.plan.ttftBaseMs;
  const tokenizeMs = batching.plan.tokenizeMsPerToken * batching.lengths.moments.promptMean;
  const prefillMs = outcome.ttftMs.mean - apiMs - tokenizeMs;
  const waitMs = chosen.latency.ttftMs.mean - outcome.ttftMs.mean;
  return { waitMs, roomMs: 0, apiMs, tokenizeMs, prefillMs, otherPromptsMs: 0, runningStepMs: 0, aheadMs: 0 };
}

export function ttftMeanParts(about: Explained): ExplanationPart[] {
  const { replica, chosen, plan } = about;
  const batched =
    plan.prepared.subject.method === 'mg1'
      ? null
      : firstTokenMean(replica.batching, chosen.ratePerReplicaPerMs / replica.streams);
  const terms = batched ? { ...batched, waitMs: 0 } : oneAtATimeMean(about);
  const rows: [string, number, string][] = [
    ['waiting for the replica', terms.waitMs, MODEL],
    ['waiting for room in the KV cache or for a seat', terms.roomMs, MODEL],
    ['prompts of others before and beside it', terms.otherPromptsMs, MODEL],
    ['rest of the step that runs on arrival', terms.runningStepMs, MODEL],
    ['step handed out ahead', terms.aheadMs, MODEL],
    ['computing the own prompt', terms.prefillMs, STEPS],
    ['reading the text into tokens', terms.tokenizeMs, 'calibration'],
    ['API and scheduling', terms.apiMs, 'calibration'],
  ];
  return rows.filter(([, ms]) => ms !== 0).map(([label, ms, source]) => part(label, ms, 'ms', source));
}

export function tpotMeanParts(about: Explained): ExplanationPart[] {
  const { replica, chosen, plan } = about;
  const { batching } = replica;
  const total = chosen.latency.tpotMs.mean;
  if (plan.prepared.subject.method === 'mg1') {
    const steps = stepParts(chosen.load.stepParts(1, chosen.ratePerReplicaPerMs, chosen.latency.meanStepMs).decode);
    return [...steps, rest('spread of the lengths', total, steps, 'ms', MODEL)];
  }
  const load = loadState(batching, chosen.ratePerReplicaPerMs / replica.streams);
  if (load.kind === 'saturated') throw new Error('a passing plan is saturated at its planned load');
  const { step } = load.state;
  const batch = { decodes: step.busyDecodes, contextTokens: step.contextTokens };
  const { partsMs, hiddenMs } = stepBreakdown(batching.plan, {
    ...batch,
    promptTokens: 0,
    promptPairs: 0,
    promptsEnding: 0,
  });
  const shown = stepParts({ ...partsMs, sequences: partsMs.sequences - hiddenMs });
  const prompts = part('prompts of others in the same steps', step.meanMs - step.decodeOnlyMs, 'ms', MODEL);
  const named = [...shown, prompts];
  return [...named, rest('steps a request meets are longer than the average', total, named, 'ms', MODEL)];
}

export function e2eMeanParts({ chosen }: Explained): ExplanationPart[] {
  const { ttftMs, e2eMs } = chosen.latency;
  const first = part('time to the first token, mean', ttftMs.mean, 'ms', MODEL);
  return [first, rest('tokens after the first', e2eMs.mean, [first], 'ms', MODEL)];
}

/** A percentile as the mean and its distance from it. */
export function percentileParts(mean: readonly ExplanationPart[], value: number, name: string): ExplanationPart[] {
  return [...mean, rest(`${name} beyond the mean: spread of lengths and of waiting`, value, mean, 'ms', MODEL)];
}

const gib = (label: string, bytes: number, source: string): ExplanationPart =>
  part(label, gibFromBytes(bytes), 'GiB', source);

const CLASS_LABELS: Record<WeightClass, string> = {
  attention: 'attention',
  denseFfn: 'feed-forward',
  sharedExperts: 'shared experts',
  experts: 'experts',
  router: 'router',
  embedding: 'embedding',
  head: 'output head',
  norms: 'norms',
  vision: 'vision part',
  audio: 'audio part',
};

export function weightParts({ replica, chosen, memory }: Explained): ExplanationPart[] {
  const { tensorParallel, pipelineParallel, precision } = chosen.group;
  const parallelism = { tensorParallel, pipelineParallel, expertParallel: 1 };
  const holding = stageHoldings(replica.step.model, precision, parallelism)[memory.stage];
  if (!holding) throw new Error(`no stage ${memory.stage} of ${pipelineParallel}`);
  const paddingBytes = memory.weightsBytes - holding.totalBytes;
  const parts = Object.entries(holding.bytes)
    .filter(([, bytes]) => bytes > 0)
    .map(([name, bytes]) => gib(CLASS_LABELS[name as WeightClass], bytes, 'config.json of the model'));
  return paddingBytes > 0 ? [...parts, gib('padding of the expert kernels', paddingBytes, 'kernels of vLLM')] : parts;
}

export function kvCacheParts({ memory }: Explained): ExplanationPart[] {
  const named = [
    gib('given to vLLM', memory.budgetBytes, 'memory of the GPU times gpu_memory_utilization'),
    gib('weights', -memory.weightsBytes, 'config.json of the model'),
    gib('activations', -memory.activationBytes, 'calibration'),
    gib('graphs and runtime', -memory.overheadBytes, 'calibration'),
  ];
  const left = rest(
    'rest that makes no whole block',
    gibFromBytes(memory.kvCacheBytes),
    named,
    'GiB',
    'blocks of the engine',
  );
  return [...named, left];
}

export function activationParts({ plan, chosen, memory }: Explained): ExplanationPart[] {
  const { calibration, model } = plan.prepared.subject;
  const { maxNumSeqs, maxNumBatchedTokens } = chosen.group.limits;
  const perSequence = constantOf(calibration, 'activationBytesPerSeqVocabulary') * model.vocabularySize;
  const perToken = constantOf(calibration, 'activationBytesPerTokenHidden') * model.hiddenSize;
  // Only the last stage of a pipeline makes logits.
  const hasLogits = memory.stage === chosen.group.pipelineParallel - 1;
  return [
    ...(hasLogits
      ? [gib('logits of every sequence', perSequence * maxNumSeqs, `calibration ${calibration.name}`)]
      : []),
    gib('hidden states of every token of a step', perToken * maxNumBatchedTokens, `calibration ${calibration.name}`),
  ];
}

export function overheadParts({ plan, chosen, memory }: Explained): ExplanationPart[] {
  const { calibration } = plan.prepared.subject;
  const source = `calibration ${calibration.name}`;
  const { hasCudaGraphsInBudget } = chosen.group.limits;
  const graphs = hasCudaGraphsInBudget
    ? [part('CUDA graphs', constantOf(calibration, 'cudaGraphGib'), 'GiB', source)]
    : [];
  const runtime = rest('CUDA context and communication', gibFromBytes(memory.overheadBytes), graphs, 'GiB', source);
  return [runtime, ...graphs];
}

export const freeParts = ({ memory }: Explained): ExplanationPart[] => [
  gib('memory of the GPU', memory.totalBytes, 'GPU catalog'),
  gib('given to vLLM', -memory.budgetBytes, 'gpu_memory_utilization'),
];
