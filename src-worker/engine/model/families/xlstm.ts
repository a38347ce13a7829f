import { mlstm } from '../attention/mlstm.ts';
import { denseFfn } from '../ffn/dense.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import { flag, type Frame } from '../frame.ts';
import type { DecoderFamily } from './types.ts';

const useBias = flag('use_bias', false);

/** The inner width is a share of the hidden size, rounded up (xLSTMConfig, `ffn_proj_factor`). */
function width(fields: ConfigFields, { hiddenSize }: Frame): number {
  const factor = fields.optionalPositive(['ffn_proj_factor'], LIMITS.heads) ?? 2.667;
  const step = fields.optionalCount(['ffn_round_up_to_multiple_of'], LIMITS.width) ?? 64;
  return Math.ceil(Math.trunc(hiddenSize * factor) / step) * step;
}

/** xLSTM: a matrix LSTM and a gated network in every layer. Defaults of `xLSTMConfig`. */
const xlstm: DecoderFamily = {
  defaults: { hidden_size: 4096, num_hidden_layers: 32, vocab_size: 50_304 },
  attention: mlstm,
  ffn: denseFfn({ module: 'ffn', width, bias: useBias }),
  norms: {
    kind: (fields) => (useBias(fields) ? 'weight_and_bias' : 'weight'),
    perLayer: 2,
    hasFinal: flag('add_out_norm', true),
  },
  isHeadTied: false,
};

export const XLSTM_FAMILIES: Record<string, DecoderFamily> = { xlstm };
