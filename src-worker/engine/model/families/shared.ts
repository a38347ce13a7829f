import { perHeadNorm, type HeadShape } from '../attention/gqa.ts';
import { slidingWindow } from '../attention/window.ts';
import type { ConfigFields } from '../fields.ts';
import { flag } from '../frame.ts';

/** Two RMSNorms per layer. */
export const RMS_NORMS = { kind: 'weight', perLayer: 2 } as const;

/** Two LayerNorms with bias per layer. */
export const LAYER_NORMS = { kind: 'weight_and_bias', perLayer: 2 } as const;

export const attentionBias = flag('attention_bias', false);
export const mlpBias = flag('mlp_bias', false);

/** Qwen slides only with `use_sliding_window`, and only from layer `max_window_layers` on (4,096 tokens in Qwen2Config). */
export const qwenWindow = slidingWindow({
  tokens: 4096,
  enabledBy: 'use_sliding_window',
  fullLayersField: 'max_window_layers',
});

/** Norm weights per head that a file asks for by `use_qk_norm`. */
export const optionalPerHeadNorm = (heads: HeadShape, fields: ConfigFields): number =>
  fields.flag(['use_qk_norm'], false) ? perHeadNorm(heads) : 0;
