import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import { numberIn, type TraceFormat } from './format.ts';

/** BurstGPT (github.com/HPMLL/BurstGPT): a university's requests to OpenAI models, seconds from midnight of the first day. */
export const burstgptFormat: TraceFormat = {
  format: 'burstgpt',
  words: 'a trace of BurstGPT',
  container: 'csv',
  arrival: { field: 'Timestamp', msPerUnit: MS_PER_S, reader: () => numberIn, wanted: 'seconds from 0' },
  promptTokens: 'Request tokens',
  outputTokens: 'Response tokens',
  cachedTokens: [],
  content: null,
  // As its authors say; they publish the same files without these rows, too.
  withoutOutput: 'failed',
  remarks: {
    Model: 'Requests to all models of the trace (Model) are replayed to the one that is asked about.',
    'Session ID':
      'Session ID is not followed: requests are sent at their times, not after the answer to the one before.',
    'Elapsed time': 'Elapsed time is what was measured elsewhere and is not replayed.',
  },
};
