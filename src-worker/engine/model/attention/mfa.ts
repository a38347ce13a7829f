import { LIMITS } from '../fields.ts';
import { NAMES, type AttentionReader } from '../frame.ts';
import { linear, vector } from '../weight.ts';
import { gqaLayer } from './gqa.ts';
import type { AttentionKindEntry } from './kind.ts';

/** Step3TextConfig's size of a head for files that give none. */
const HEAD_DIM = 256;

/**
 * Multi-matrix factorization attention (Step3): queries pass a shared vector of `share_q_dim` elements with a norm and are
 * then expanded to all heads; one head of keys and values serves them all. Weights h·r + r + r·H·d + 2·h·d + H·d·h.
 */
export const mfaAttention: AttentionReader = (fields, frame) => {
  const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of query heads');
  const headDim = fields.optionalCount(NAMES.headDim, LIMITS.heads) ?? HEAD_DIM;
  const shared = fields.optionalCount(['share_q_dim'], LIMITS.width) ?? headDim;
  const { hiddenSize } = frame;
  const attention = gqaLayer({
    heads: { numHeads, numKvHeads: 1, headDim, valueHeadDim: headDim },
    windowTokens: null,
    weights: [
      ...linear('attention', 'self_attn.q_proj', shared, hiddenSize),
      vector('attention', 'self_attn.inter_norm', shared),
      ...linear('attention', 'self_attn.wq', numHeads * headDim, shared, { splitUnits: numHeads }),
      ...linear('attention', 'self_attn.k_proj', headDim, hiddenSize),
      ...linear('attention', 'self_attn.v_proj', headDim, hiddenSize),
      ...linear('attention', 'self_attn.o_proj', hiddenSize, numHeads * headDim, { splitUnits: numHeads }),
    ],
  });
  const layer = {
    ...attention,
    kind: 'mfa',
    label: `MFA ${numHeads} query / 1 KV heads of ${headDim}, rank ${shared}`,
  };
  return () => layer;
};

export const MFA: AttentionKindEntry = {
  words: 'multi-matrix factorization attention (MFA)',
  shortName: 'MFA',
  layerTypes: [],
  telltales: ['share_q_dim'],
  read: mfaAttention,
};
