import { analyzeModel } from '../engine/model/analyze.ts';
import { attentionTraits } from '../engine/model/attention/kinds.ts';
import { tokenFlops, type TokenFlops } from '../engine/model/flops.ts';
import { kvBytesPerToken, kvLayout } from '../engine/model/kv.ts';
import { activeParameters, layerParameters, parameterBreakdown } from '../engine/model/parameters.ts';
import type { Ffn, Layer, Model, ModelSource } from '../engine/model/types.ts';
import { weightBytes } from '../engine/model/weights.ts';
import { dividesHeads } from '../engine/sizing/tensor-parallel.ts';
import { SCHEMA_VERSION, type LayerSummary, type ModelDocument } from '../protocol/documents.ts';
import { PRECISIONS } from '../protocol/requests.ts';
import { checkpointBytes, fullKvBytesPerToken, KV_16_BIT_BYTES, KV_8_BIT_BYTES } from './model-summary.ts';

/** Attended tokens that FLOPs are given for. */
const FLOPS_CONTEXT_TOKENS = 4096;

/** Degrees of tensor parallelism that groups of GPUs come in. */
const TENSOR_PARALLEL_DEGREES = [1, 2, 4, 8, 16, 32, 64];

function ffnLabel(ffn: Ffn): string {
  if (ffn.kind === 'dense') return `${ffn.isGated ? 'gated' : 'plain'} FFN of width ${ffn.intermediateSize}`;
  const shared = ffn.sharedParameters > 0 ? ' + shared' : '';
  return `MoE ${ffn.numExpertsPerToken} of ${ffn.numExperts} experts${shared}`;
}

function summary(model: Model, layer: Layer, first: number): LayerSummary {
  // What one layer adds to what is counted of a whole model.
  const [alone, none] = [
    { ...model, layers: [layer] },
    { ...model, layers: [] },
  ];
  const flops = (part: Model): number => tokenFlops(part, FLOPS_CONTEXT_TOKENS).total;
  return {
    count: 1,
    first,
    attention: attentionTraits(layer.attention).label(layer.attention),
    ffn: ffnLabel(layer.ffn),
    parameters: layerParameters(layer),
    active_parameters: activeParameters(alone) - activeParameters(none),
    kv_bytes_per_token_fp16: kvBytesPerToken(alone, KV_16_BIT_BYTES, 1),
    window_tokens: kvLayout(alone, KV_16_BIT_BYTES, 1).windowed[0]?.windowTokens ?? null,
    state_bytes_per_sequence: 0,
    flops_per_token: flops(alone) - flops(none),
  };
}

const isAlike = (one: LayerSummary, other: LayerSummary): boolean =>
  one.attention === other.attention && one.ffn === other.ffn && one.parameters === other.parameters;

/** Consecutive equal layers as one line. */
function layerGroups(model: Model): LayerSummary[] {
  const groups: LayerSummary[] = [];
  model.layers.forEach((layer, index) => {
    const next = summary(model, layer, index);
    const last = groups.at(-1);
    if (last && isAlike(last, next)) last.count += 1;
    else groups.push(next);
  });
  return groups;
}

/** Layers by their window, shortest first. */
function windows(model: Model): ModelDocument['windows'] {
  return kvLayout(model, KV_16_BIT_BYTES, 1).windowed.map(({ windowTokens, bytesPerToken }) => ({
    window_tokens: windowTokens,
    kv_bytes_per_token_fp16: bytesPerToken,
    layers: model.layers.filter(({ attention }) => attention.windowTokens === windowTokens).length,
  }));
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function flopsDocument(flops: TokenFlops): ModelDocument['flops_per_token'] {
  const named = Object.entries(flops).filter(([name]) => name !== 'total');
  const components = Object.fromEntries(
    named.map(([name, flop]): [string, number] => [snakeCase(name), flop as number]),
  );
  return { context_tokens: FLOPS_CONTEXT_TOKENS, components, total: flops.total };
}

/** `model show`: what a config.json amounts to. Throws what `analyzeModel` throws. */
export function answerModel(source: ModelSource): ModelDocument {
  const model = analyzeModel(source);
  const { embedding, attention, denseFfn, sharedExperts, experts, router, norms, head } = parameterBreakdown(model);
  const { precision, method, problem = null } = model.checkpoint;
  return {
    schema_version: SCHEMA_VERSION,
    id: model.id,
    architecture: model.architecture,
    estimated: model.isEstimated,
    assumptions: model.assumptions,
    hidden_size: model.hiddenSize,
    vocabulary_size: model.vocabularySize,
    num_layers: model.layers.length,
    total_parameters: model.totalParameters,
    active_parameters: model.activeParameters,
    mtp_parameters: 0,
    tower_parameters: 0,
    components: { embedding, attention, ffn: denseFfn, shared_experts: sharedExperts, experts, router, norms, head },
    weight_bytes: Object.fromEntries(PRECISIONS.map((name) => [name, Math.round(weightBytes(model, name))])),
    checkpoint: { precision, method, bytes: checkpointBytes(model), problem },
    kv_bytes_per_token: {
      fp16: kvBytesPerToken(model, KV_16_BIT_BYTES, 1),
      fp8: kvBytesPerToken(model, KV_8_BIT_BYTES, 1),
    },
    kv_bytes_per_token_full: {
      fp16: fullKvBytesPerToken(model, KV_16_BIT_BYTES),
      fp8: fullKvBytesPerToken(model, KV_8_BIT_BYTES),
    },
    windows: windows(model),
    state_bytes_per_sequence: 0,
    flops_per_token: flopsDocument(tokenFlops(model, FLOPS_CONTEXT_TOKENS)),
    tensor_parallel: TENSOR_PARALLEL_DEGREES.filter((degree) => dividesHeads(model, degree)),
    max_context_tokens: model.maxContextTokens,
    layers: layerGroups(model),
    safetensors: null,
    origin: source.origin,
    source: source.source,
    revision: source.revision,
    added_at: null,
  };
}
