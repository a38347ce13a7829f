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
  routedHeads: 'attention whose heads a router chooses',
} as const;

export type UnsupportedReason = keyof typeof REASONS;

const MODEL_TYPES: Partial<Record<UnsupportedReason, readonly string[]>> = {
  recurrent: ['rwkv', 'rwkv5', 'rwkv6', 'rwkv7'],
  // The kinds of the flash-linear-attention library, which vLLM does not serve.
  linear: [
    'comba',
    'delta_net',
    'gated_deltanet',
    'gla',
    'gsa',
    'hgrn',
    'hgrn2',
    'lightnet',
    'linear_attn',
    'mesa_net',
    'retnet',
  ],
  looped: ['hrm_text', 'iquestloopcoder', 'ouro'],
  multimodal: ['moshi', 'musicgen', 'musicgen_melody'],
  routedHeads: ['jetmoe'],
  encoder: [
    'albert',
    'bert',
    'big_bird',
    'camembert',
    'blip',
    'chinese_clip',
    'clap',
    'clip',
    'clipseg',
    'colpali',
    'colqwen2',
    'data2vec-text',
    'deberta',
    'deberta-v2',
    'distilbert',
    'electra',
    'ernie',
    'megatron-bert',
    'modernbert',
    'mpnet',
    'nomic_bert',
    'rembert',
    'roberta',
    'roberta-prelayernorm',
    'roc_bert',
    'roformer',
    'siglip',
    'siglip2',
    'vit',
    'wav2vec2',
    'xlm-roberta',
    'xlm-roberta-xl',
    'xlnet',
    'xmod',
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
  looped: ['total_ut_steps', 'loop_num', 'H_cycles'],
  sharedKv: ['num_kv_shared_layers', 'use_cla'],
  searched: ['block_configs'],
};

/** Reasons that speak of how a layer mixes tokens. */
const KINDS_OF_MIXERS: ReadonlySet<string> = new Set<UnsupportedReason>([
  'sparseAttention',
  'stateSpace',
  'linear',
  'recurrent',
]);

/** Fields of kinds that are read: an unknown file with them is estimated. */
const READ_FIELDS: ReadonlySet<string> = new Set(Object.values(ATTENTION_KINDS).flatMap(({ telltales }) => telltales));

/** Why this model_type is not read yet, or null when it may be. */
export const unsupportedModelType = (modelType: string): UnsupportedReason | null =>
  REASON_BY_MODEL_TYPE.get(modelType) ?? null;

/**
 * Why a file is not read, judged from its fields; null when nothing speaks against it. A known family is only looked at for
 * a vision or audio part, unless the file is `around` a decoder: its own reader knows the rest.
 */
export function telltaleReason(
  fields: ConfigFields,
  isKnown: boolean,
  isAround: boolean,
  isBetrayed = false,
): UnsupportedReason | null {
  for (const [reason, names] of Object.entries(TELLTALE_FIELDS)) {
    // What a kind that is read betrays itself by decides before the fields it shares with kinds that are not.
    if (isBetrayed && KINDS_OF_MIXERS.has(reason)) continue;
    const counts = reason === 'multimodal' ? !isAround : !isKnown;
    if (counts && fields.says(...names.filter((name) => !READ_FIELDS.has(name)))) return reason as UnsupportedReason;
  }
  return fields.flag(['is_encoder_decoder'], false) || fields.flag(['add_cross_attention'], false)
    ? 'encoderDecoder'
    : null;
}

export const reasonWords = (reason: UnsupportedReason): string => REASONS[reason];
