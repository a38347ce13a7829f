import { ATTENTION_KINDS } from '../attention/kinds.ts';
import type { ConfigFields } from '../fields.ts';

/** Kinds of models that are not read yet, with the words a refusal uses ("… uses <words>, which …"). */
const REASONS = {
  sparseAttention: 'attention over a compressed or selected context',
  stateSpace: 'state-space (Mamba) layers',
  linear: 'linear attention layers',
  recurrent: 'recurrent layers',
  sharedKv: 'layers that share keys and values',
  searched: 'layers of individually searched shapes',
  looped: 'layers that every token passes several times',
  multimodal: 'a vision or audio part beside the text decoder',
  encoderDecoder: 'an encoder beside the decoder',
  encoder: 'an encoder that does not generate text',
} as const;

export type UnsupportedReason = keyof typeof REASONS;

const MODEL_TYPES: Partial<Record<UnsupportedReason, readonly string[]>> = {
  recurrent: ['rwkv', 'rwkv5', 'rwkv6', 'rwkv7', 'xlstm'],
  looped: ['iquestloopcoder', 'ouro'],
  multimodal: [
    'aya_vision',
    'gemma3',
    'gemma3n',
    'gemma4',
    'idefics3',
    'internvl',
    'internvl_chat',
    'kimi_k25',
    'kimi_k3',
    'kimi_vl',
    'llama4',
    'llava',
    'llava_next',
    'minicpmv',
    'minimax_m3_vl',
    'mistral3',
    'mllama',
    'molmo',
    'paligemma',
    'phi3_v',
    'phi4mm',
    'pixtral',
    'qwen2_5_omni',
    'qwen2_5_vl',
    'qwen2_audio',
    'qwen2_vl',
    'qwen3_5',
    'qwen3_5_moe',
    'qwen3_vl',
    'qwen3_vl_moe',
    'smolvlm',
  ],
  encoder: [
    'albert',
    'bert',
    'camembert',
    'clip',
    'deberta',
    'deberta-v2',
    'distilbert',
    'electra',
    'modernbert',
    'mpnet',
    'nomic_bert',
    'roberta',
    'siglip',
    'vit',
    'wav2vec2',
    'xlm-roberta',
  ],
  encoderDecoder: ['bart', 'm2m_100', 'marian', 'mbart', 'mt5', 'pegasus', 't5', 'umt5', 'whisper'],
};

const REASON_BY_MODEL_TYPE = new Map(
  Object.entries(MODEL_TYPES).flatMap(([reason, types]) => types.map((type) => [type, reason as UnsupportedReason])),
) as ReadonlyMap<string, UnsupportedReason>;

/** Fields that betray a kind in a file whose model_type is not known. */
const TELLTALE_FIELDS: Partial<Record<UnsupportedReason, readonly string[]>> = {
  multimodal: ['text_config', 'llm_config', 'language_config', 'vision_config', 'audio_config', 'img_processor'],
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
  looped: ['total_ut_steps', 'loop_num'],
  sharedKv: ['num_kv_shared_layers', 'use_cla'],
  searched: ['block_configs'],
};

/** Fields of kinds that are read: an unknown file with them is estimated. */
const READ_FIELDS: ReadonlySet<string> = new Set(Object.values(ATTENTION_KINDS).flatMap(({ telltales }) => telltales));

/** Why this model_type is not read yet, or null when it may be. */
export const unsupportedModelType = (modelType: string): UnsupportedReason | null =>
  REASON_BY_MODEL_TYPE.get(modelType) ?? null;

/**
 * Why a file is not read, judged from its fields; null when nothing speaks against it. A known family is only looked at for
 * a vision or audio part: its own reader knows the rest.
 */
export function telltaleReason(fields: ConfigFields, isKnown: boolean): UnsupportedReason | null {
  for (const [reason, names] of Object.entries(TELLTALE_FIELDS)) {
    if (isKnown && reason !== 'multimodal') continue;
    if (fields.says(...names.filter((name) => !READ_FIELDS.has(name)))) return reason as UnsupportedReason;
  }
  return fields.flag(['is_encoder_decoder'], false) ? 'encoderDecoder' : null;
}

export const reasonWords = (reason: UnsupportedReason): string => REASONS[reason];
