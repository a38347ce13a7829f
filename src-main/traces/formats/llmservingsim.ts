import { MS_PER_S } from '../../../src-worker/engine/units.ts';
import { numberIn, type TraceFormat } from './format.ts';

const MS_PER_NS = 1e-6;

/** LLMServingSim (github.com/casys-kaist/LLMServingSim): what its client noted of requests to a real server. */
export const llmservingsimRequests: TraceFormat = {
  format: 'llmservingsim',
  words: 'requests of LLMServingSim',
  container: 'json_lines',
  // Unix time. The other times of a row are of another clock.
  arrival: { field: 'arrival_time', msPerUnit: MS_PER_S, reader: () => numberIn, wanted: 'seconds from 0' },
  promptTokens: 'input_toks',
  outputTokens: 'output_toks',
  cachedTokens: [],
  content: { field: 'input_tok_ids', kind: 'token_ids' },
  withoutOutput: 'one_token',
  remarks: {},
};

/** The workloads that LLMServingSim simulates. */
export const llmservingsimWorkload: TraceFormat = {
  ...llmservingsimRequests,
  words: 'a workload of LLMServingSim',
  arrival: { field: 'arrival_time_ns', msPerUnit: MS_PER_NS, reader: () => numberIn, wanted: 'nanoseconds from 0' },
};
