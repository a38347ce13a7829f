import { expect, test } from 'vitest';
import { sizeInputSchema, sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import { answerWords, runQuestion } from '../../src-main/services/run-question.ts';

const sized = (draft: object) => runQuestion({ kind: 'size', input: sizeInputSchema.parse({ model: 'm', ...draft }) });
const swept = (axes: object, base: object = {}) =>
  runQuestion({ kind: 'sweep', input: sweepSpecSchema.parse({ base: { model: 'm', ...base }, axes }) });

test('a size question is its workload and its load', () => {
  expect(sized({ users: 100 })).toBe('chat, 100 users');
  expect(sized({ users: 1, workload: 'rag' })).toBe('rag, 1 user');
  expect(sized({ rate: 1234.5 })).toBe('chat, 1,234.5 requests/s');
  expect(sized({ users: 5, instance: ['g6e.xlarge'] })).toBe('chat, 5 users, only g6e.xlarge');
  expect(sized({ users: 5, instance: ['a', 'b'] })).toBe('chat, 5 users, only 2 instances');
  expect(sized({ rate: 0.25 })).toBe('chat, 0.25 requests/s');
});

test('a sweep is its axes', () => {
  const users = { from: 10, to: 1000, step: 10 };
  expect(swept({ users, quantization: ['fp16', 'fp8', 'int4'] })).toBe('users 10 to 1,000, 3 precisions');
  expect(swept({ users: [10, 2000] })).toBe('users 10, 2,000');
  expect(swept({ users: [50, 10, 2000, 100] })).toBe('users 10 to 2,000');
  expect(swept({ zone: ['*'], gpu: ['*'], tp: [1, 2, 4], quantization: ['fp8'] }, { users: 5 })).toBe(
    'FP8, every GPU, TP 1, 2, 4, every zone',
  );
  expect(swept({ zone: ['a', 'b'], gpu: ['l4'], tp: [1, 2, 4, 8] }, { users: 5 })).toBe('l4, TP 1 to 8, 2 zones');
  expect(swept({ instance: ['*'], headroom: [0, 50] }, { users: 5 })).toBe('every instance, headroom 0, 50');
  expect(swept({ instance: ['gcp/a', 'gcp/b'] }, { users: 5 })).toBe('2 instances');
  expect(swept({}, { users: 5 })).toBe('chat, 5 users');
  expect(
    swept(
      {
        pricing: ['ondemand', 'spot'],
        region: ['*'],
        headroom: { from: 0, to: 50, step: 25 },
        prefix_hit_rate: [0.25, 0.5],
      },
      { users: 5 },
    ),
  ).toBe('on-demand and spot, every region, hit rate 0.25, 0.5, headroom 0 to 50');
  expect(swept({ model: ['a', 'b'], sla: { ttft_p95: [300, 500] }, rate: [0.5, 2] }, { model: undefined })).toBe(
    '2 models, TTFT P95 targets, requests/s 0.5, 2',
  );
});

test('a list of a million users is read, not spread over a call', () => {
  expect(swept({ users: Array.from({ length: 1_000_000 }, (_, index) => index + 1) })).toBe('users 1 to 1,000,000');
});

test('a stored question that is none says nothing', () => {
  expect(runQuestion({ kind: 'size', input: { model: 7 } })).toBe('');
});

test('a configuration in words', () => {
  expect(answerWords(1200, 'g6e.xlarge')).toBe('1,200 × g6e.xlarge');
});
