import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import { numberIn, type TraceFormat } from './format.ts';

/** The plain form for traces of one's own: `arrival_s,input_tokens,output_tokens`. */
export const ownFormat: TraceFormat = {
  format: 'configiq',
  words: 'a CSV of your own',
  container: 'csv',
  arrival: { field: 'arrival_s', msPerUnit: MS_PER_S, reader: () => numberIn, wanted: 'seconds from 0' },
  promptTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  // The second is what measurement files call it.
  cachedTokens: ['cached_tokens', 'prefix_tokens'],
  content: null,
  withoutOutput: 'one_token',
  remarks: {},
};
