import { expect, test } from 'vitest';
import { bottleneckOf, type BottleneckQuestion } from '../../../src-worker/engine/sizing/bottleneck.ts';

const STEP: BottleneckQuestion['step'] = {
  roofsMs: { memory_bandwidth: 3, compute: 1, communication: 0, overhead: 0.5 },
  decode: { total: 12_345.6, kv_read: 9_876.5, launch: 4 },
  prefill: { total: 20 },
};
const question = (fields: Partial<BottleneckQuestion>): BottleneckQuestion => ({
  saturation: null,
  ttftP95Ms: 100,
  unhinderedTtftP95Ms: 100,
  meanRunning: 1234.4,
  step: STEP,
  ...fields,
});

test('large figures have thousands marks, small ones two digits', () => {
  expect(bottleneckOf(question({ ttftP95Ms: 7_654_321, unhinderedTtftP95Ms: 4_321 })).sentence).toBe(
    'Waiting sets TTFT P95: 7,650,000 of 7,654,321 ms are spent behind other requests.',
  );
  expect(bottleneckOf(question({})).sentence).toBe(
    'The step is limited by memory bandwidth; its largest part is reading the KV cache, 9,877 of the 12,346 ms of a decode step with 1,234 sequences running.',
  );
  const small = { ...STEP, decode: { total: 8.04, kv_read: 0.456 } };
  expect(bottleneckOf(question({ step: small, meanRunning: 1 })).sentence).toContain(
    '0.46 of the 8.0 ms of a decode step with 1 sequence running',
  );
});
