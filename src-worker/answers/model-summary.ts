import { kvBytesPerToken, kvLayout } from '../engine/model/kv.ts';
import { parameterBreakdown } from '../engine/model/parameters.ts';
import type { Model } from '../engine/model/types.ts';
import { weightBytes } from '../engine/model/weights.ts';
import type { ModelListEntry } from '../protocol/documents.ts';

/** Bytes of one element of the KV cache. */
export const KV_16_BIT_BYTES = 2 as const;
export const KV_8_BIT_BYTES = 1 as const;

/** What a short name of an attention is made of; other kinds than grouped queries are called by their kind. */
interface NamedAttention {
  kind: string;
  numHeads?: number;
  numKvHeads?: number;
}

function shortName({ kind, numHeads, numKvHeads }: NamedAttention): string {
  if (kind !== 'gqa' || numHeads === undefined || numKvHeads === undefined) return kind.toUpperCase();
  if (numKvHeads === numHeads) return `MHA ${numHeads}`;
  return numKvHeads === 1 ? 'MQA' : `GQA ${numHeads}/${numKvHeads}`;
}

/** `GQA 32/8`, `MHA 32`, `MQA`; layers that differ are all named, and `, sliding` says that some have a window. */
export function shortAttention(model: Pick<Model, 'layers'>): string {
  const names = new Set(model.layers.map(({ attention }) => shortName(attention)));
  const isSliding = model.layers.some(({ attention }) => attention.windowTokens !== null);
  return `${[...names].join(' + ')}${isSliding ? ', sliding' : ''}`;
}

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
    // None of the kinds of layers that are read keeps a state of constant size.
    state_bytes_per_sequence: model && 0,
    weight_bytes: model && checkpointBytes(model),
    checkpoint_precision: model && model.checkpoint.problem === undefined ? model.checkpoint.precision : null,
    is_moe: model && parameterBreakdown(model).experts > 0,
    modalities: ['text'],
  };
}
