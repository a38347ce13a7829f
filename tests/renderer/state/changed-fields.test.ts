import { expect, test } from 'vitest';
import { changedFields } from '../../../src-renderer/state/changed-fields.ts';
import { defaultFormValues } from '../../../src-renderer/state/form-reading.ts';

test('a form at its defaults holds nothing beside what is always named', () => {
  expect(changedFields(defaultFormValues())).toEqual([]);
});

test('every changed field that a sweep holds is named; users are its axis', () => {
  const form = defaultFormValues();
  form.texts = { ...form.texts, users: '3000', inputTokens: '4k', maxGpus: '16' };
  form.targets = { ttft_p95: '700' };
  form.tensorParallel = 2;
  form.usesPrefixCache = false;
  expect(changedFields(form)).toEqual([
    'prompt 4k tokens',
    'at most 16 GPUs',
    'TTFT P95 700 ms',
    'TP 2',
    'no prefix cache',
  ]);
});

test('a rate counts only where it is what was asked', () => {
  const form = defaultFormValues();
  form.texts = { ...form.texts, rate: '5' };
  expect(changedFields(form)).toEqual([]);
  form.loadKind = 'rate';
  expect(changedFields(form)).toEqual(['5 requests/s']);
});
