import { expect, test } from 'vitest';
import { didYouMean, nearestNames } from '../../src-main/services/nearest.ts';

const MODELS = [
  'meta-llama/Llama-2-7b-hf',
  'meta-llama/Llama-2-70b-hf',
  'meta-llama/Llama-3.1-8B-Instruct',
  'mistralai/Mistral-7B-v0.1',
  'Qwen/Qwen2.5-7B-Instruct',
];

test.each([
  ['meta-llama/Llama-2-7b-hg', 'meta-llama/Llama-2-7b-hf'],
  ['llama-2-7b', 'meta-llama/Llama-2-7b-hf'],
  ['LLAMA-2-70B', 'meta-llama/Llama-2-70b-hf'],
  ['mistral-7b', 'mistralai/Mistral-7B-v0.1'],
  ['qwen2.5', 'Qwen/Qwen2.5-7B-Instruct'],
  ['Llama-3.1-8B', 'meta-llama/Llama-3.1-8B-Instruct'],
])('%s is nearest to %s', (given, meant) => {
  expect(nearestNames(given, MODELS)[0]).toBe(meant);
});

test('what resembles nothing has no near names', () => {
  expect(nearestNames('zzzzzzzzzzzz', MODELS)).toEqual([]);
  expect(nearestNames('', MODELS)).toEqual([]);
});

test('near names come without repeats and at most as many as asked for', () => {
  expect(nearestNames('llama', [...MODELS, ...MODELS], 2)).toHaveLength(2);
  expect(new Set(nearestNames('llama', [...MODELS, ...MODELS], 9)).size).toBe(3);
});

test('near names read as a question', () => {
  expect(didYouMean([])).toBe('');
  expect(didYouMean(['a'])).toBe(' Did you mean a?');
  expect(didYouMean(['a', 'b', 'c'])).toBe(' Did you mean a, b or c?');
});
