import { gqaAttention } from '../attention/gqa.ts';
import { MLA } from '../attention/mla.ts';
import { slidingWindow } from '../attention/window.ts';
import { denseFfn, ffnWeights } from '../ffn/dense.ts';
import { afterDenseLayers, moeFfn, sharedOfExpertWidth } from '../ffn/moe.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { NAMES, type AttentionReader, type FfnReader, type Frame } from '../frame.ts';
import { attentionBias, mlpBias, RMS_NORMS } from './shared.ts';
import type { Weight } from '../weight.ts';
import type { DecoderFamily } from './types.ts';

function sharedExperts(fields: ConfigFields, frame: Frame, expertWidth: number): Weight[] {
  const ownWidth = fields.optionalCount(['shared_expert_intermediate_size', 'share_expert_dim'], LIMITS.width, 0);
  const { hiddenSize } = frame;
  if (ownWidth !== null && ownWidth > 0) {
    return ffnWeights('sharedExperts', 'mlp.shared_experts', { hiddenSize, width: ownWidth });
  }
  return sharedOfExpertWidth('n_shared_experts')(fields, frame, expertWidth);
}

const dense = denseFfn({ bias: mlpBias });
const moe = moeFfn({ sparse: afterDenseLayers, shared: sharedExperts, dense });
const hasExperts = (fields: ConfigFields): boolean => fields.has(...NAMES.numExperts);
const ffn: FfnReader = (fields, frame) => (hasExperts(fields) ? moe : dense)(fields, frame);

const isLatent = (fields: ConfigFields): boolean => fields.has(...MLA.telltales);

const grouped = gqaAttention({
  qkvBias: attentionBias,
  outBias: attentionBias,
  // Only a file that has the switch can turn its window off.
  window: (fields, frame) =>
    slidingWindow(fields.has('use_sliding_window') ? { enabledBy: 'use_sliding_window' } : {})(fields, frame),
});
const attention: AttentionReader = (fields, frame) => (isLatent(fields) ? MLA.read : grouped)(fields, frame);

function assumptions(fields: ConfigFields): string[] {
  const modelType = fields.optionalText(['model_type']) ?? 'unknown';
  const bias = (name: string): string => (fields.has(name) ? `as ${name} says` : 'without biases');
  const list = [
    `model_type "${modelType}" is not known: its size follows from the fields of config.json alone.`,
    isLatent(fields)
      ? `Attention is assumed to be multi-head latent attention as DeepSeek has it, ${bias('attention_bias')}.`
      : `Attention is assumed to be grouped-query with four projections, ${bias('attention_bias')}, without norms on queries and keys.`,
    `The feed-forward networks are assumed to be gated (three matrices), ${bias('mlp_bias')}.`,
    'Two RMSNorms per layer and one before the head are assumed.',
  ];
  if (hasExperts(fields)) {
    list.push('Expert layers are assumed to be those first_k_dense_replace and moe_layer_freq name, else all.');
  }
  if (fields.has('sliding_window')) {
    list.push('sliding_window is assumed to hold for the layers layer_types names, else for every layer.');
  }
  if (!fields.has('tie_word_embeddings')) list.push('The output head is assumed to have its own weights.');
  return list;
}

/** A decoder whose model_type is unknown but whose file has the standard fields: Llama's layout is assumed. */
export const GENERIC_FAMILY: DecoderFamily = {
  attention,
  ffn,
  norms: RMS_NORMS,
  isHeadTied: false,
  assumptions,
};
