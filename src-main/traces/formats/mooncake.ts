import { numberIn, type TraceFormat } from './format.ts';

/** Mooncake (github.com/kvcache-ai/Mooncake): JSON lines with milliseconds from the start and ids of 512-token prefix blocks. */
export const mooncakeFormat: TraceFormat = {
  format: 'mooncake',
  words: 'a trace of Mooncake',
  container: 'json_lines',
  arrival: { field: 'timestamp', msPerUnit: 1, reader: () => numberIn, wanted: 'milliseconds from 0' },
  promptTokens: 'input_length',
  outputTokens: 'output_length',
  cachedTokens: [],
  content: { field: 'hash_ids', kind: 'block_ids' },
  withoutOutput: 'one_token',
  remarks: {
    timestamp: 'timestamp counts milliseconds, as Mooncake writes it.',
    session_id: 'session_id is not followed: requests are sent at their times, not after the answer to the one before.',
  },
};
