import { LIMITS, type ConfigFields } from '../fields.ts';
import type { AttentionReader, FfnReader, Frame } from '../frame.ts';
import { sumOfParameters } from '../weight.ts';

export interface TokenPredictionOptions {
  /** Layers when the file names no number. */
  otherwise?: number;
  attention: AttentionReader;
  ffn: FfnReader;
  /** Norms of the hidden size in each layer and beside them. */
  normsPerLayer?: number;
  normsBeside: number;
}

const NAMES = ['mtp_num_hidden_layers', 'num_nextn_predict_layers'];

/**
 * Parameters of the blocks for multi-token prediction that share embedding and head with the model: decoder layers behind one
 * projection of hidden state and next token's embedding (2·h·h) with its norms.
 */
export const tokenPredictionParameters =
  (options: TokenPredictionOptions) =>
  (fields: ConfigFields, frame: Frame): number => {
    const numLayers = fields.optionalCount(NAMES, LIMITS.layers, 0) ?? options.otherwise ?? 0;
    if (numLayers === 0) return 0;
    const { attention, ffn, normsPerLayer = 2, normsBeside } = options;
    const { hiddenSize } = frame;
    const layer =
      sumOfParameters(attention(fields, frame)(0).weights) +
      sumOfParameters(ffn(fields, frame)(0).weights) +
      normsPerLayer * hiddenSize;
    return numLayers * layer + 2 * hiddenSize * hiddenSize + normsBeside * hiddenSize;
  };
