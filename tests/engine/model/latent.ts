import { analyze } from './bundled.ts';
import type { Model } from '../../../src-worker/engine/model/types.ts';

/** A small decoder with latent attention, of round sizes that a reader can check by hand. */
export const tinyLatentConfig = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  architectures: ['DeepseekV3ForCausalLM'],
  model_type: 'deepseek_v3',
  hidden_size: 1000,
  intermediate_size: 3000,
  num_hidden_layers: 4,
  num_attention_heads: 10,
  num_key_value_heads: 10,
  q_lora_rank: 300,
  kv_lora_rank: 200,
  qk_nope_head_dim: 40,
  qk_rope_head_dim: 20,
  v_head_dim: 50,
  n_routed_experts: 16,
  n_shared_experts: 1,
  num_experts_per_tok: 2,
  moe_intermediate_size: 100,
  first_k_dense_replace: 1,
  topk_method: 'noaux_tc',
  vocab_size: 6400,
  max_position_embeddings: 8192,
  tie_word_embeddings: false,
  ...changes,
});

export const tinyLatent = (changes: Record<string, unknown> = {}): Model => analyze(tinyLatentConfig(changes));
