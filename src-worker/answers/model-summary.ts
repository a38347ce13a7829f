import { shortAttentionName } from '../engine/model/attention/names.ts';
import { kvBytesPerToken, kvLayout } from '../engine/model/kv.ts';
import { parameterBreakdown } from '../engine/model/parameters.ts';
import type { Model } from '../engine/model/types.ts';
import { weightBytes } from '../engine/model/weights.ts';
import type { ModelListEntry } from '../protocol/documents.ts';

/** Bytes of one element of the KV cache. */
export const KV_16_BIT_BYTES = 2 as const;
export const KV_8_BIT_BYTES = 1 as const;

/** `GQA 32/8`, `MHA 32`, `MQA`, `MLA`; layers that differ are all named, and `, sliding` says that some have a window. */
export function shortAttention(model: Pick<Model, 'layers'>): string {
  const attentions = model.layers.map(({ attention }) => attention).filter(({ kind }) => kind !== 'none');
  const names = new Set(attentions.map(shortAttentionName));
  const isSliding = attentions.some(({ cache }) => cache.some(({ windowTokens }) => windowTokens !== null));
  return `${[...names].join(' + ')}${isSliding ? ', sliding' : ''}`;
}

/** Classes whose name in documents is not their own. */
const COMPONENT_NAMES: Readonly<Record<string, string>> = { denseFfn: 'ffn', sharedExperts: 'shared_experts' };

/** The name of a class of weights in documents: `shared_experts`. */
export const componentName = (weightClass: string): string => COMPONENT_NAMES[weightClass] ?? weightClass;

/** Bytes of the weights as the checkpoint stores them; null where its format cannot be told. */
export function checkpointBytes(model: Model): number | null {
  const { precision, problem } = model.checkpoint;
  return problem === undefined ? Math.round(weightBytes(model, precision)) : null;
}

/** KV bytes a token adds to the layers that keep the whole context. */
export const fullKvBytesPerToken = (model: Model, kvBytes: 1 | 2): number =>
  kvLayout(model, kvBytes, 1).fullBytesPerToken;

type AnalyzedPart = Pick<
  ModelListEntry,
  | 'architecture'
  | 'total_parameters'
  | 'active_parameters'
  | 'max_context_tokens'
  | 'estimated'
  | 'attention'
  | 'kv_bytes_per_token_fp16'
  | 'state_bytes_per_sequence'
  | 'weight_bytes'
  | 'checkpoint_precision'
  | 'is_moe'
  | 'modalities'
>;

/** What a line of a list says of a model that was analyzed; null = of one that could not be. */
export function listedFacts(model: Model | null): AnalyzedPart {
  return {
    architecture: model?.architecture ?? null,
    total_parameters: model?.totalParameters ?? null,
    active_parameters: model?.activeParameters ?? null,
    max_context_tokens: model?.maxContextTokens ?? null,
    estimated: model?.isEstimated ?? false,
    attention: model && shortAttention(model),
    kv_bytes_per_token_fp16: model && kvBytesPerToken(model, KV_16_BIT_BYTES, 1),
    state_bytes_per_sequence: model && kvLayout(model, KV_16_BIT_BYTES, 1).stateBytes,
    weight_bytes: model && checkpointBytes(model),
    checkpoint_precision: model && model.checkpoint.problem === undefined ? model.checkpoint.precision : null,
    is_moe: model && parameterBreakdown(model).experts > 0,
    modalities: ['text', ...new Set(model?.towers.map(({ modality }) => modality))],
  };
}
