import { LIMITS } from '../fields.ts';
import { NAMES, type AttentionReader } from '../frame.ts';
import { linear, table, vector } from '../weight.ts';
import type { AttentionKindEntry } from './kind.ts';
import { convolutionState, recurrence, recurrentStateBytes } from './recurrence.ts';

/**
 * Real-gated linear recurrent unit (Griffin, arXiv 2402.19427): two projections in, one out, a short convolution, and two gates
 * whose matrices are block-diagonal, one block per head. Defaults of `RecurrentGemmaConfig`.
 */
export function rgLru(module = 'temporal_block'): AttentionReader {
  return (fields, { hiddenSize }) => {
    const width = fields.optionalCount(['lru_width'], LIMITS.width) ?? hiddenSize;
    const kernel = fields.optionalCount(['conv1d_width'], LIMITS.width) ?? 4;
    const numHeads = fields.count(NAMES.numHeads, LIMITS.heads, 'the number of heads');
    const block = width / numHeads;
    if (!Number.isInteger(block)) {
      throw fields.invalid('num_attention_heads', numHeads, `a divisor of the width ${width} of the recurrent layers`);
    }
    const splitUnits = numHeads;
    const own = (name: string, size: number) => vector('attention', `${module}.${name}`, size, splitUnits);
    const gate = (name: string) => [
      table('attention', `${module}.rg_lru.${name}_weight`, width, block, splitUnits),
      own(`rg_lru.${name}_bias`, width),
    ];
    const into = { hasBias: true, splitUnits };
    const attention = recurrence({
      kind: 'rgLru',
      label: `RG-LRU, ${width} channels`,
      weights: [
        ...linear('attention', `${module}.linear_y`, width, hiddenSize, into),
        ...linear('attention', `${module}.linear_x`, width, hiddenSize, into),
        table('attention', `${module}.conv_1d`, width, kernel, splitUnits),
        own('conv_1d.bias', width),
        own('rg_lru.recurrent_param', width),
        ...gate('input_gate'),
        ...gate('recurrent_gate'),
        ...linear('attention', `${module}.linear_out`, hiddenSize, width, { ...into, splitsInputs: true }),
      ],
      numHeads,
      state: [
        { elements: width, bytesPerElement: recurrentStateBytes(fields), splitUnits },
        convolutionState(width, kernel, splitUnits),
      ],
      // Per channel: the decay from its gate (3), root of 1 - decay² (3), input · gate · root (2), decay · state + input (2).
      flop: 10 * width,
    });
    return () => attention;
  };
}

export const RG_LRU: AttentionKindEntry = {
  words: 'recurrent (RG-LRU) layers',
  shortName: 'RG-LRU',
  isRecurrence: true,
  layerTypes: ['recurrent'],
  telltales: ['lru_width'],
  read: rgLru(),
};
