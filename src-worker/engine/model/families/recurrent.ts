import { CONVOLUTION_FAMILIES } from './convolution.ts';
import { DELTA_NET_FAMILIES } from './delta-net.ts';
import { KIMI_FAMILIES } from './kimi.ts';
import { LIGHTNING_FAMILIES } from './lightning.ts';
import { NEMOTRON_H_FAMILIES } from './nemotron-h.ts';
import { STATE_SPACE_FAMILIES } from './state-space.ts';
import type { DecoderFamily } from './types.ts';
import { XLSTM_FAMILIES } from './xlstm.ts';
import { ZAMBA_FAMILIES } from './zamba.ts';

/** Decoders with layers that keep a constant state: state-space, linear attention, short convolutions, alone or beside attention, by `model_type`. */
export const RECURRENT_FAMILIES: Record<string, DecoderFamily> = {
  ...CONVOLUTION_FAMILIES,
  ...DELTA_NET_FAMILIES,
  ...KIMI_FAMILIES,
  ...LIGHTNING_FAMILIES,
  ...NEMOTRON_H_FAMILIES,
  ...STATE_SPACE_FAMILIES,
  ...XLSTM_FAMILIES,
  ...ZAMBA_FAMILIES,
};
