import type { ConfigFields } from './fields.ts';
import type { Attention, Ffn } from './types.ts';

/** What every part of a decoder is sized from. */
export interface Frame {
  hiddenSize: number;
  numLayers: number;
  vocabularySize: number;
  maxContextTokens: number;
}

/** A property some families fix and others write into the file. */
export type FlagRule = (fields: ConfigFields) => boolean;

export const always: FlagRule = () => true;
export const never: FlagRule = () => false;

/** What field `name` says, `otherwise` when it is absent (the default of the family's Transformers class). */
export const flag =
  (name: string, otherwise: boolean): FlagRule =>
  (fields) =>
    fields.flag([name], otherwise);

/** Reads one kind of attention: the fields once, then the attention of each layer (0-based). */
export type AttentionReader = (fields: ConfigFields, frame: Frame) => (layer: number) => Attention;

/** Reads one kind of feed-forward network: the fields once, then that of each layer (0-based). */
export type FfnReader = (fields: ConfigFields, frame: Frame) => (layer: number) => Ffn;

/** The names families give to the same thing. */
export const NAMES = {
  hiddenSize: ['hidden_size', 'n_embd', 'n_embed', 'd_model', 'model_dim'],
  numLayers: ['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers', 'num_transformer_layers'],
  vocabularySize: ['vocab_size', 'padded_vocab_size'],
  numHeads: ['num_attention_heads', 'n_head', 'n_heads', 'num_heads', 'attention_heads'],
  numKvHeads: ['num_key_value_heads', 'num_kv_heads', 'n_head_kv', 'attn_config.kv_n_heads', 'num_attention_groups'],
  headDim: ['head_dim', 'attention_head_dim', 'kv_channels'],
  ffnWidth: ['intermediate_size', 'ffn_hidden_size', 'ff_intermediate_size', 'ffn_dim', 'n_inner'],
  numExperts: ['num_local_experts', 'num_experts', 'n_routed_experts', 'moe_num_experts', 'ffn_config.moe_num_experts'],
  expertsPerToken: [
    'num_experts_per_tok',
    'num_experts_per_token',
    'experts_per_token',
    'top_k_experts',
    'moe_top_k',
    'moe_k',
    'moe_topk',
    'ffn_config.moe_top_k',
  ],
  expertWidth: ['moe_intermediate_size', 'ffn_config.ffn_hidden_size', 'intermediate_size'],
  /** Does the head share the embedding? */
  tied: ['tie_word_embeddings', 'share_input_output_layers'],
} as const;
