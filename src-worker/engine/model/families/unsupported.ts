import type { ConfigFields } from '../fields.ts';

/** Kinds of models that are not read yet, with the words a refusal uses ("… uses <words>, which …"). */
const REASONS = {
  mla: 'multi-head latent attention (MLA)',
  sparseAttention: 'attention over a compressed or selected context',
  stateSpace: 'state-space (Mamba) layers',
  linear: 'linear attention layers',
  recurrent: 'recurrent layers',
  sharedKv: 'layers that share keys and values or add per-layer embeddings',
  searched: 'layers of individually searched shapes',
  perLayerLists: 'expert counts that differ by layer',
  multimodal: 'a vision or audio part beside the text decoder',
  encoderDecoder: 'an encoder beside the decoder',
  encoder: 'an encoder that does not generate text',
} as const;

export type UnsupportedReason = keyof typeof REASONS;

const MODEL_TYPES: Record<UnsupportedReason, readonly string[]> = {
  mla: [
    'deepseek_v2',
    'deepseek_v3',
    'deepseek_v32',
    'glm4_moe_lite',
    'glm_moe_dsa',
    'kimi_k2',
    'longcat_flash',
    'minicpm3',
  ],
  sparseAttention: ['deepseek_v4', 'minicpm4', 'minimax_m3'],
  stateSpace: [
    'bamba',
    'falcon_h1',
    'falcon_mamba',
    'granitemoehybrid',
    'jamba',
    'mamba',
    'mamba2',
    'nemotron_h',
    'plamo2',
    'zamba',
    'zamba2',
  ],
  linear: ['kimi_linear', 'lfm2', 'lfm2_moe', 'minimax', 'minimax_m1', 'minimax_text_01', 'qwen3_next', 'ring_linear'],
  recurrent: ['recurrent_gemma', 'rwkv', 'rwkv5', 'rwkv6', 'rwkv7', 'xlstm'],
  sharedKv: ['gemma3n_text', 'gemma4_text'],
  searched: ['deci', 'nemotron-nas', 'openelm'],
  perLayerLists: ['hunyuan', 'hunyuan_v1_moe'],
  multimodal: ['chameleon', 'emu3', 'fuyu', 'molmo'],
  encoder: [
    'albert',
    'bert',
    'camembert',
    'blip',
    'chinese_clip',
    'clap',
    'clip',
    'clipseg',
    'colpali',
    'colqwen2',
    'deberta',
    'deberta-v2',
    'distilbert',
    'electra',
    'modernbert',
    'mpnet',
    'nomic_bert',
    'roberta',
    'siglip',
    'siglip2',
    'vit',
    'wav2vec2',
    'xlm-roberta',
  ],
  encoderDecoder: [
    'bart',
    'florence2',
    'm2m_100',
    'marian',
    'mbart',
    'moonshine',
    'mt5',
    'pegasus',
    't5',
    't5gemma',
    'umt5',
    'whisper',
  ],
};

const REASON_BY_MODEL_TYPE = new Map(
  Object.entries(MODEL_TYPES).flatMap(([reason, types]) => types.map((type) => [type, reason as UnsupportedReason])),
) as ReadonlyMap<string, UnsupportedReason>;

/** Fields that betray a kind in a file whose model_type is not known. */
const TELLTALE_FIELDS: Partial<Record<UnsupportedReason, readonly string[]>> = {
  multimodal: ['text_config', 'llm_config', 'language_config', 'vision_config', 'audio_config', 'img_processor'],
  mla: ['kv_lora_rank'],
  sparseAttention: ['sparse_attention_config', 'index_topk'],
  stateSpace: [
    'ssm_cfg',
    'ssm_state_size',
    'state_size',
    'mamba_d_state',
    'mamba_num_heads',
    'hybrid_override_pattern',
  ],
  linear: ['linear_num_value_heads', 'linear_attn_config', 'full_attention_interval', 'attn_type_list'],
  sharedKv: ['num_kv_shared_layers'],
  searched: ['block_configs'],
};

/** Why this model_type is not read yet, or null when it may be. */
export const unsupportedModelType = (modelType: string): UnsupportedReason | null =>
  REASON_BY_MODEL_TYPE.get(modelType) ?? null;

/**
 * Why a file is not read, judged from its fields; null when nothing speaks against it. A known family is only looked at for
 * a vision or audio part, unless the file is `around` a decoder: its own reader knows the rest.
 */
export function telltaleReason(fields: ConfigFields, isKnown: boolean, isAround: boolean): UnsupportedReason | null {
  for (const [reason, names] of Object.entries(TELLTALE_FIELDS)) {
    const counts = reason === 'multimodal' ? !isAround : !isKnown;
    if (counts && fields.has(...names)) return reason as UnsupportedReason;
  }
  return fields.flag(['is_encoder_decoder'], false) ? 'encoderDecoder' : null;
}

export const reasonWords = (reason: UnsupportedReason): string => REASONS[reason];
