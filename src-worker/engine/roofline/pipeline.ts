import type { Fabric } from '../communication/fabric.ts';
import { stageHoldings } from '../model/holdings.ts';
import { sublayersOf } from '../model/parameters.ts';
import type { Layer, Model, Precision } from '../model/types.ts';
import { SIXTEEN_BIT_BYTES } from '../model/weights.ts';
import { msFromMicroseconds, msFromSeconds } from '../units.ts';

/** What a stage does of each part of a step, as shares of the whole step's part. */
export interface StageShares {
  projections: number;
  experts: number;
  /** KV reads and states. */
  context: number;
  promptAttention: number;
  /** What every layer takes alike: activations, messages between its GPUs, launches. */
  layers: number;
  /** The output head: 1 on the last stage. */
  head: number;
}

/** The stages of a replica's pipeline, and what it takes to hand a step from one to the next. */
export interface Pipeline {
  stages: StageShares[];
  /** ms of one hand-over whatever its size, and of one token in it. */
  sendLatencyMs: number;
  sendMsPerToken: number;
}

/** Parts of a step in ms, all stages together. */
export interface PipelinedParts {
  projections: number;
  experts: number;
  context: number;
  promptAttention: number;
  layers: number;
  head: number;
}

/** vLLM hands over the hidden states and the residual (`IntermediateTensors`), each in 16 bit. */
const TENSORS_HANDED_OVER = 2;

/** What a replica's pipeline asks of a deployment. */
export interface PipelineSubject {
  model: Model;
  precision: Precision;
  kvBytesPerElement: 1 | 2;
  tensorParallel: number;
  dataParallel?: { ranks: number } | null;
  expertParallel?: number;
  /** Stages and what they talk over; absent = one stage. */
  pipeline?: { stages: number; fabric: Fabric } | null;
}

/** A pipeline before anything is known of its speed. */
export interface PipelineWork {
  stages: StageShares[];
  fabric: Fabric;
  /** Bytes of a hand-over for each token of the step. */
  bytesPerToken: number;
}

const share = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

const promptFlopOf = ({ attention }: Layer): number =>
  attention.context.reduce((sum, { promptFlop }) => sum + promptFlop, attention.recurrenceFlop);

/** Shares of the stages: layers as vLLM splits them, each part by what the stage holds of it. */
function stageShares(subject: PipelineSubject, pipelineParallel: number): StageShares[] {
  const { model, precision, kvBytesPerElement, tensorParallel, expertParallel = 1 } = subject;
  const dataParallel = subject.dataParallel?.ranks ?? 1;
  const parallelism = { tensorParallel, pipelineParallel, expertParallel, dataParallel };
  const held = stageHoldings(model, precision, parallelism, kvBytesPerElement).map(
    ({ bytes, kv, firstLayer, numLayers }) => {
      const layers = model.layers.slice(firstLayer, firstLayer + numLayers);
      return {
        projections: bytes.attention + bytes.denseFfn + bytes.sharedExperts + bytes.router,
        experts: bytes.experts,
        context: sumOf([kv.fullBytesPerToken, kv.stateBytes, ...kv.windowed.map((window) => window.bytesPerToken)]),
        promptAttention: sumOf(layers.map(promptFlopOf)),
        layers: sumOf(layers.map(sublayersOf)),
      };
    },
  );
  const whole = (part: keyof (typeof held)[number]): number => sumOf(held.map((stage) => stage[part]));
  return held.map((stage, index) => ({
    projections: share(stage.projections, whole('projections')),
    experts: share(stage.experts, whole('experts')),
    context: share(stage.context, whole('context')),
    promptAttention: share(stage.promptAttention, whole('promptAttention')),
    layers: share(stage.layers, whole('layers')),
    head: index === pipelineParallel - 1 ? 1 : 0,
  }));
}

/** The stages of a deployment and what they hand over; null where all layers stand on the same GPUs. */
export function pipelineWork(subject: PipelineSubject): PipelineWork | null {
  const { pipeline, model } = subject;
  if (!pipeline || pipeline.stages === 1) return null;
  const bytesPerToken = TENSORS_HANDED_OVER * model.hiddenSize * SIXTEEN_BIT_BYTES;
  return { stages: stageShares(subject, pipeline.stages), fabric: pipeline.fabric, bytesPerToken };
}

/**
 * Compiles the stages of a pipeline. A hand-over has the latency of the smallest all-reduce of the fabric between two GPUs
 * (`pairLatencyUs`, engine factor included), and its bytes over one direction of the link: with tensor parallelism each GPU
 * sends its part and the next stage gathers the rest, which is as many bytes for every link.
 */
export function compilePipeline(work: PipelineWork, pairLatencyUs: number, linkEfficiency: number): Pipeline {
  const bytesPerS = work.fabric.bandwidthPerDirectionBytesPerS * linkEfficiency;
  return {
    stages: work.stages,
    sendLatencyMs: msFromMicroseconds(pairLatencyUs),
    sendMsPerToken: msFromSeconds(work.bytesPerToken / bytesPerS),
  };
}

/**
 * ms that a step of a pipeline takes beyond the work of its stages: the hand-overs, and the wait for the slowest stage.
 *
 * vLLM V1 keeps as many batches in flight as there are stages. A batch comes round when it has been through all of them, and
 * not before the slowest one has served all the others: the longer of the sum of the stages and of stages x slowest. A
 * single token has the pipeline to itself; from two on the others are taken to be full (cautious at low load, exact where
 * throughput is set).
 */
export function pipelineExtraMs(pipeline: Pipeline, tokens: number, parts: PipelinedParts): number {
  if (tokens <= 0) return 0;
  const { stages } = pipeline;
  const sendMs = pipeline.sendLatencyMs + pipeline.sendMsPerToken * tokens;
  const last = stages.length - 1;
  let slowestMs = 0;
  let totalMs = 0;
  for (let i = 0; i <= last; i += 1) {
    const stage = stages[i] as StageShares;
    const stageMs =
      stage.projections * parts.projections +
      stage.experts * parts.experts +
      stage.context * parts.context +
      stage.promptAttention * parts.promptAttention +
      stage.layers * parts.layers +
      stage.head * parts.head +
      (i < last ? sendMs : 0);
    totalMs += stageMs;
    if (stageMs > slowestMs) slowestMs = stageMs;
  }
  const sharedFraction = Math.min(1, Math.max(0, tokens - 1));
  return last * sendMs + sharedFraction * Math.max(0, stages.length * slowestMs - totalMs);
}
