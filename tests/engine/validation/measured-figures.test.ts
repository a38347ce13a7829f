import { expect, test } from 'vitest';
import {
  meanOrMedianMs,
  outputTokensPerS,
  requestsPerSByRate,
  requestsServedPerS,
} from '../../../src-worker/engine/validation/measured-figures.ts';

test('a latency is its mean, else its median, never another percentile', () => {
  expect(meanOrMedianMs({ ttft_ms_mean: 60, ttft_ms_p50: 50 }, 'ttft')).toBe(60);
  expect(meanOrMedianMs({ ttft_ms_p50: 50, tpot_ms_mean: 9 }, 'ttft')).toBe(50);
  expect(meanOrMedianMs({ ttft_ms_p99: 150 }, 'ttft')).toBeUndefined();
});

test('rates are those that were counted, else worked out from the output tokens', () => {
  // 128 tokens a request: 4 requests/s are 512 tokens/s.
  expect(requestsServedPerS({ req_s: 4, output_tok_s: 500 }, 128)).toBe(4);
  expect(requestsServedPerS({ output_tok_s: 512 }, 128)).toBe(4);
  expect(outputTokensPerS({ req_s: 4, output_tok_s: 500 }, 128)).toBe(500);
  expect(outputTokensPerS({ req_s: 4 }, 128)).toBe(512);
  expect([requestsServedPerS({ total_tok_s: 9 }, 128), outputTokensPerS({ total_tok_s: 9 }, 128)]).toEqual([
    undefined,
    undefined,
  ]);
});

test('each rate by the tokens of a request; one whose tokens are not known says nothing', () => {
  const measured = { req_s: 4, output_tok_s: 512, total_tok_s: 4608 };
  expect(requestsPerSByRate(measured, { inputTokens: 1024, outputTokens: 128 })).toEqual([
    { column: 'output_tok_s', perS: 4 },
    { column: 'total_tok_s', perS: 4 },
    { column: 'req_s', perS: 4 },
  ]);
  expect(requestsPerSByRate(measured, { inputTokens: null, outputTokens: 128 }).map(({ column }) => column)).toEqual([
    'output_tok_s',
    'req_s',
  ]);
});
