import { LIMITS, type ConfigFields } from '../fields.ts';
import type { Frame } from '../frame.ts';
import { sumOfParameters } from '../weight.ts';
import type { DecoderFamily } from './types.ts';

interface NextTokenOptions {
  /** Fields with the number of blocks. */
  count?: readonly string[];
  /** Blocks where the file does not say. */
  countIfAbsent?: number;
  /** Norms of the hidden size in the decoder layer of a block. */
  layerNorms?: number;
  /** Norms of the block itself: of the embedding, of the hidden state, and mostly one at the end. */
  ownNorms?: number;
}

/**
 * Parameters of the blocks for multi-token prediction that a checkpoint ships: each is one more layer like the last one of
 * the model (or with the parts given here), the projection of embedding and hidden state side by side (2h · h), and norms.
 * Copies of embedding and head that some checkpoints add are left out (COUNTING, section 2).
 */
export function nextTokenBlocks(
  { attention, ffn }: Pick<DecoderFamily, 'attention' | 'ffn'>,
  options: NextTokenOptions = {},
): NonNullable<DecoderFamily['mtpParameters']> {
  const {
    count = ['num_nextn_predict_layers', 'mtp_num_hidden_layers'],
    countIfAbsent = 0,
    layerNorms = 2,
    ownNorms = 3,
  } = options;
  return (fields: ConfigFields, frame: Frame) => {
    const blocks = fields.optionalCount(count, LIMITS.layers, 0) ?? countIfAbsent;
    if (blocks === 0) return 0;
    const { hiddenSize, numLayers } = frame;
    const last = numLayers - 1;
    const layer =
      sumOfParameters(attention(fields, frame)(last).weights) + sumOfParameters(ffn(fields, frame)(last).weights);
    return blocks * (layer + 2 * hiddenSize * hiddenSize + (layerNorms + ownNorms) * hiddenSize);
  };
}
