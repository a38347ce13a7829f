import { analyzeModel } from '../engine/model/analyze.ts';
import { cacheBytesPerToken, kvBytesPerToken, kvLayout } from '../engine/model/kv.ts';
import { layerParameters, parameterBreakdown } from '../engine/model/parameters.ts';
import { checkSafetensors } from '../engine/model/safetensors-check.ts';
import type { ModelSource, SafetensorsSummary } from '../engine/model/source.ts';
import type { Layer, Model, WeightClass } from '../engine/model/types.ts';
import { classStorage, weightBytes } from '../engine/model/weights.ts';
import {
  SCHEMA_VERSION,
  type LayerSummary,
  type ModelDocument,
  type SafetensorsDocument,
} from '../protocol/documents.ts';
import { PRECISIONS } from '../protocol/requests.ts';

const KV_16_BIT_BYTES = 2;

function summary(layer: Layer): LayerSummary {
  return {
    count: 1,
    attention: layer.attention.label,
    ffn: layer.ffn.label,
    parameters: layerParameters(layer),
    kv_bytes_per_token_fp16: layer.attention.cache.reduce(
      (sum, share) => sum + cacheBytesPerToken(share, KV_16_BIT_BYTES, 1),
      0,
    ),
  };
}

const isAlike = (one: LayerSummary, other: LayerSummary): boolean =>
  one.attention === other.attention && one.ffn === other.ffn && one.parameters === other.parameters;

/** Consecutive equal layers as one line. */
function layerGroups(layers: readonly Layer[]): LayerSummary[] {
  const groups: LayerSummary[] = [];
  for (const layer of layers) {
    const next = summary(layer);
    const last = groups.at(-1);
    if (last && isAlike(last, next)) last.count += 1;
    else groups.push(next);
  }
  return groups;
}

/** Classes whose name in `components` is not their own. */
const COMPONENT_NAMES: Partial<Record<WeightClass, string>> = { denseFfn: 'ffn', sharedExperts: 'shared_experts' };

/** What a quantized checkpoint leaves at 16 bit; [] for one that is not quantized or whose format cannot be told. */
function kept16Bit(model: Model): ModelDocument['kept_16_bit'] {
  if (model.checkpoint.stored === undefined) return [];
  return Object.entries(classStorage(model, model.checkpoint.precision))
    .filter(([, { kept }]) => kept > 0)
    .map(([name, { kept }]) => ({ class: COMPONENT_NAMES[name as WeightClass] ?? name, parameters: kept }));
}

/** `model show`: what a config.json amounts to. Throws what `analyzeModel` throws. */
export function answerModel(source: ModelSource): ModelDocument {
  const model = analyzeModel(source);
  const parts = parameterBreakdown(model);
  const { embedding, attention, denseFfn, sharedExperts, experts, router, norms, head, vision, audio } = parts;
  return {
    schema_version: SCHEMA_VERSION,
    id: model.id,
    architecture: model.architecture,
    estimated: model.isEstimated,
    assumptions: model.assumptions,
    total_parameters: model.totalParameters,
    active_parameters: model.activeParameters,
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
    weight_bytes: Object.fromEntries(
      PRECISIONS.map((precision) => [precision, Math.round(weightBytes(model, precision))]),
    ),
    kept_16_bit: kept16Bit(model),
    kv_bytes_per_token: { fp16: kvBytesPerToken(model, KV_16_BIT_BYTES, 1), fp8: kvBytesPerToken(model, 1, 1) },
    state_bytes_per_sequence: kvLayout(model, KV_16_BIT_BYTES, 1).stateBytes,
    max_context_tokens: model.maxContextTokens,
    layers: layerGroups(model.layers),
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
