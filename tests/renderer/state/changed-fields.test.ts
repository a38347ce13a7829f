import { expect, test } from 'vitest';
import { changedFields } from '../../../src-renderer/state/changed-fields.ts';
import { defaultFormValues, type FormValues } from '../../../src-renderer/state/form-reading.ts';

const words = (form: FormValues): string[] => changedFields(form).map((field) => field.words);

test('a form at its defaults holds its load beside what is always named', () => {
  expect(changedFields(defaultFormValues())).toEqual([{ axis: 'users', words: '100 users' }]);
});

test('every changed field that a sweep holds is named', () => {
  const form = defaultFormValues();
  form.texts = { ...form.texts, users: '3000', inputTokens: '4k', maxGpus: '16' };
  form.targets = { ttft_p95: '700' };
  form.tensorParallel = 2;
  form.gpus = ['nvidia-l4'];
  form.instances = ['gcp/g2-standard-4', 'g2-standard-8'];
  form.usesPrefixCache = false;
  expect(words(form)).toEqual([
    '3000 users',
    'prompt 4k tokens',
    'at most 16 GPUs',
    'TTFT P95 700 ms',
    'TP 2',
    'L4',
    'gcp/g2-standard-4, g2-standard-8',
    'no prefix cache',
  ]);
});

test('a rate counts only where it is what was asked', () => {
  const form = defaultFormValues();
  form.texts = { ...form.texts, rate: '5' };
  expect(words(form)).toEqual(['100 users']);
  form.loadKind = 'rate';
  expect(words(form)).toEqual(['5 requests/s']);
});
