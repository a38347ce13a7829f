/** Qwen's vision-language models: their own encoders, whose output a merger joins two by two. */

import type { ConfigFields } from '../../fields.ts';
import { qwen25VlEncoder, qwen2VlEncoder, qwen3VlLike } from '../encoders/qwen.ts';
import type { Encoder } from '../parts.ts';
import type { MultimodalFamily } from '../types.ts';
import { visionTower } from '../vision.ts';

const own = (textModelType: string, encoder: (config: ConfigFields, module: string) => Encoder): MultimodalFamily => ({
  text: ['text_config'],
  textModelType,
  towers: [visionTower({ encoder, module: 'visual' })],
});

/** Exaone4_5_VisionConfig: Qwen2.5-VL's encoder with eight KV heads. */
const exaone45Encoder = (config: ConfigFields, module: string): Encoder =>
  qwen25VlEncoder(config.withDefaults({ num_key_value_heads: 8 }), module);

export const QWEN_VL_FAMILIES: Record<string, MultimodalFamily> = {
  exaone4_5: own('exaone4_5_text', exaone45Encoder),
  opencua: own('qwen2', qwen25VlEncoder),
  qwen2_vl: own('qwen2_vl_text', qwen2VlEncoder),
  qwen2_5_vl: own('qwen2_5_vl_text', qwen25VlEncoder),
  qwen3_vl: own('qwen3_vl_text', qwen3VlLike(true)),
  qwen3_vl_moe: own('qwen3_vl_moe_text', qwen3VlLike(true)),
  qwen3_5: own('qwen3_5_text', qwen3VlLike(false)),
  qwen3_5_moe: own('qwen3_5_moe_text', qwen3VlLike(false)),
};
