import { analyzeModel } from '../engine/model/analyze.ts';
import { tokenFlops, layerFlops, type TokenFlops } from '../engine/model/flops.ts';
import { undividedHeads } from '../engine/model/heads.ts';
import { cacheBytesPerToken, kvBytesPerToken, kvLayout, stateBytes } from '../engine/model/kv.ts';
import { activeLayerParameters, layerParameters, parameterBreakdown } from '../engine/model/parameters.ts';
import { checkSafetensors } from '../engine/model/safetensors-check.ts';
import type { ModelSource, SafetensorsSummary } from '../engine/model/source.ts';
import type { Layer, Model } from '../engine/model/types.ts';
import { classStorage, weightBytes } from '../engine/model/weights.ts';
import {
  SCHEMA_VERSION,
  type LayerSummary,
  type ModelDocument,
  type SafetensorsDocument,
} from '../protocol/documents.ts';
import { PRECISIONS } from '../protocol/requests.ts';
import {
  checkpointBytes,
  componentName,
  fullKvBytesPerToken,
  KV_16_BIT_BYTES,
  KV_8_BIT_BYTES,
} from './model-summary.ts';

/** Attended tokens that FLOPs are given for. */
const FLOPS_CONTEXT_TOKENS = 4096;

/** Degrees of tensor parallelism that groups of GPUs come in. */
const TENSOR_PARALLEL_DEGREES = [1, 2, 4, 8, 16, 32, 64];

const sum = <Item>(items: readonly Item[], of: (item: Item) => number): number =>
  items.reduce((total, item) => total + of(item), 0);

function summary(layer: Layer, first: number, contextTokens: number): LayerSummary {
  const { cache, state, label } = layer.attention;
  const windows = cache.flatMap(({ windowTokens }) => windowTokens ?? []);
  return {
    count: 1,
    first,
    attention: label,
    ffn: layer.ffn.label,
    parameters: layerParameters(layer),
    active_parameters: activeLayerParameters(layer),
    kv_bytes_per_token_fp16: sum(cache, (share) => cacheBytesPerToken(share, KV_16_BIT_BYTES, 1)),
    window_tokens: windows.length === 0 ? null : Math.min(...windows),
    state_bytes_per_sequence: sum(state, (share) => stateBytes(share, 1)),
    flops_per_token: layerFlops(layer, contextTokens),
  };
}

const isAlike = (one: LayerSummary, other: LayerSummary): boolean =>
  one.attention === other.attention && one.ffn === other.ffn && one.parameters === other.parameters;

/** Consecutive equal layers as one line. */
function layerGroups(model: Model): LayerSummary[] {
  const groups: LayerSummary[] = [];
  model.layers.forEach((layer, index) => {
    const next = summary(layer, index, flopsContext(model));
    const last = groups.at(-1);
    if (last && isAlike(last, next)) last.count += 1;
    else groups.push(next);
  });
  return groups;
}

/** What a quantized checkpoint leaves at 16 bit; [] for one that is not quantized or whose format cannot be told. */
function kept16Bit(model: Model): ModelDocument['kept_16_bit'] {
  if (model.checkpoint.stored === undefined) return [];
  return Object.entries(classStorage(model, model.checkpoint.precision))
    .filter(([, { kept }]) => kept > 0)
    .map(([name, { kept }]) => ({ class: componentName(name), parameters: kept }));
}

/** Layers by their window, shortest first. */
function windows(model: Model): ModelDocument['windows'] {
  return kvLayout(model, KV_16_BIT_BYTES, 1).windowed.map(({ windowTokens, bytesPerToken }) => ({
    window_tokens: windowTokens,
    kv_bytes_per_token_fp16: bytesPerToken,
    layers: model.layers.filter(({ attention }) => attention.cache.some((share) => share.windowTokens === windowTokens))
      .length,
  }));
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Tokens of context that FLOPs are given for: a middling length, or all the model reads. */
const flopsContext = ({ maxContextTokens }: Model): number => Math.min(FLOPS_CONTEXT_TOKENS, maxContextTokens);

function flopsDocument(flops: TokenFlops, contextTokens: number): ModelDocument['flops_per_token'] {
  const named = Object.entries(flops).filter(([name]) => name !== 'total');
  const components = Object.fromEntries(
    named.map(([name, flop]): [string, number] => [snakeCase(name), flop as number]),
  );
  return { context_tokens: contextTokens, components, total: flops.total };
}

/** `model show`: what a config.json amounts to. Throws what `analyzeModel` throws. */
export function answerModel(source: ModelSource): ModelDocument {
  const model = analyzeModel(source);
  const parts = parameterBreakdown(model);
  const { embedding, attention, denseFfn, sharedExperts, experts, router, norms, head, vision, audio } = parts;
  const { precision, method, problem = null } = model.checkpoint;
  return {
    schema_version: SCHEMA_VERSION,
    id: model.factsOf?.differs.length === 0 ? model.factsOf.id : model.id,
    facts_of: model.factsOf?.id ?? null,
    architecture: model.architecture,
    estimated: model.isEstimated,
    assumptions: model.assumptions,
    hidden_size: model.hiddenSize,
    vocabulary_size: model.vocabularySize,
    num_layers: model.layers.length,
    total_parameters: model.totalParameters,
    active_parameters: model.activeParameters,
    mtp_parameters: model.mtpParameters,
    tower_parameters: vision + audio,
    components: {
      embedding,
      attention,
      ffn: denseFfn,
      shared_experts: sharedExperts,
      experts,
      router,
      norms,
      head,
      vision,
      audio,
    },
    weight_bytes: Object.fromEntries(PRECISIONS.map((name) => [name, Math.round(weightBytes(model, name))])),
    kept_16_bit: kept16Bit(model),
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
    state_bytes_per_sequence: kvLayout(model, KV_16_BIT_BYTES, 1).stateBytes,
    flops_per_token: flopsDocument(tokenFlops(model, flopsContext(model)), flopsContext(model)),
    tensor_parallel: TENSOR_PARALLEL_DEGREES.filter((degree) => undividedHeads(model, degree) === null),
    max_context_tokens: model.maxContextTokens,
    layers: layerGroups(model),
    origin: source.origin,
    source: source.source,
    revision: source.revision,
    added_at: source.addedAt,
    safetensors: source.safetensors && safetensorsDocument(model, source.safetensors),
  };
}

function safetensorsDocument(model: Model, summary: SafetensorsSummary): SafetensorsDocument {
  const { storedParameters, countedParameters, differenceFraction, sentence } = checkSafetensors(model, summary);
  return {
    elements_by_dtype: summary.elementsByDtype,
    stored_parameters: storedParameters,
    counted_parameters: countedParameters,
    difference_fraction: differenceFraction,
    sentence,
  };
}
