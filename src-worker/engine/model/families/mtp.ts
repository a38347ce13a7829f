import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, FfnReader, Frame } from '../frame.ts';
import { sumOfParameters } from '../weight.ts';

/** Fields that count the blocks for multi-token prediction. */
const NAMES = ['num_nextn_predict_layers', 'mtp_num_hidden_layers'];

/**
 * Parameters of the blocks for multi-token prediction that a checkpoint ships beside the model: for each a layer like the
 * last one, a projection 2h·h of its two inputs and three norms more than the layer's two. Copies of embedding and head,
 * which some checkpoints add, are those of the model and not counted again.
 */
export const mtpBlocks =
  (attention: AttentionReader, ffn: FfnReader) =>
  (fields: ConfigFields, frame: Frame): number => {
    const blocks = fields.optionalCount(NAMES, LIMITS.layers, 0) ?? 0;
    if (blocks === 0) return 0;
    const last = frame.numLayers - 1;
    const layer = sumOfParameters([...attention(fields, frame)(last).weights, ...ffn(fields, frame)(last).weights]);
    const { hiddenSize } = frame;
    return blocks * (layer + 2 * hiddenSize * hiddenSize + 5 * hiddenSize);
  };
