import { describe, expect, test } from 'vitest';
import { defaultFormValues, readForm, type FormValues } from '../../../src-renderer/state/form-reading.ts';
import { countAdvanced, resetAdvanced } from '../../../src-renderer/state/form-rows.ts';
import { sizeInputSchema } from '../../../src-worker/protocol/requests.ts';

const filled = (change: (values: FormValues) => void = () => undefined): FormValues => {
  const values = { ...defaultFormValues(), model: 'meta-llama/Llama-3.1-8B-Instruct' };
  change(values);
  return values;
};
const request = (change?: (values: FormValues) => void) => {
  const reading = readForm(filled(change));
  if (reading.kind !== 'ready') throw new Error(reading.sentence);
  return sizeInputSchema.parse(reading.request);
};

describe('what the form asks', () => {
  test('untouched, it asks exactly what the defaults of the schema mean, for every row', () => {
    const defaults = sizeInputSchema.parse({ model: 'meta-llama/Llama-3.1-8B-Instruct', users: 100, top: 100_000 });
    expect(request()).toEqual(defaults);
  });

  test('every field reaches the request in the unit of the protocol', () => {
    expect(
      request((values) => {
        Object.assign(values.texts, { users: '1.5k', thinkTime: '10', inputTokens: '8k', outputTokens: '300' });
        Object.assign(values.texts, { hitPercent: '75 %', cacheablePercent: '70', maxGpus: '16' });
        Object.assign(values, { providers: ['gcp'], place: 'zone', placeName: ' us-central1-a ', pricing: 'spot' });
        Object.assign(values, { quantization: ['fp8'], headroom: 50, kvCacheDtype: 'fp8', tensorParallel: 4 });
        Object.assign(values, { gpus: ['nvidia-l4'], method: 'mg1', router: 'round_robin' });
        values.targets = { ttft_p95: '300', e2e_p50: '' };
      }),
    ).toMatchObject({
      users: 1500,
      think_time: 10,
      input_tokens: 8000,
      output_tokens: 300,
      prefix_hit_rate: 0.75,
      cacheable_ratio: 0.7,
      max_gpus: 16,
      provider: ['gcp'],
      zone: 'us-central1-a',
      region: null,
      pricing: 'spot',
      quantization: ['fp8'],
      headroom: 50,
      kv_cache_dtype: 'fp8',
      tp: 4,
      gpu: ['nvidia-l4'],
      method: 'mg1',
      router: 'round_robin',
      prefix_cache: true,
      sla: { ttft_p95: 300 },
    });
  });

  test('without the prefix cache its shares are kept in the form but not asked for', () => {
    const asked = request((values) => {
      Object.assign(values.texts, { hitPercent: '75', cacheablePercent: '70' });
      values.usesPrefixCache = false;
    });
    expect(asked).toMatchObject({ prefix_cache: false, prefix_hit_rate: null, cacheable_ratio: null });
  });

  test('a rate takes the place of users and of their pauses', () => {
    const asked = request((values) => {
      values.loadKind = 'rate';
      Object.assign(values.texts, { rate: '12.5', thinkTime: '30' });
    });
    expect(asked).toMatchObject({ rate: 12.5, think_time: 0 });
    expect(asked.users).toBeUndefined();
  });
});

describe('what it waits for', () => {
  test('a router that looks at the replicas is asked of a simulation only', () => {
    const least = { router: 'least_loaded', model: 'some/model' } as const;
    const read = (method: FormValues['method']) => {
      const values = { ...defaultFormValues(), ...least, method };
      values.texts.users = '100';
      return readForm(values);
    };
    const reading = read('batching');
    expect(reading.kind === 'waiting' && reading.sentence).toContain('method Simulation');
    expect(read('simulation')).toMatchObject({ kind: 'ready', request: { router: 'least_loaded' } });
  });

  const sentence = (change: (values: FormValues) => void) => {
    const reading = readForm(filled(change));
    return reading.kind === 'waiting' ? reading.sentence : 'ready';
  };

  test.each<[string, (values: FormValues) => void, RegExp]>([
    ['a model', (values) => void (values.model = ''), /Choose a model/],
    ['users', (values) => void (values.texts.users = ''), /how many users/],
    ['a number', (values) => void (values.texts.users = 'many'), /Users takes whole numbers/],
    ['a place', (values) => void (values.place = 'zone'), /Name a zone/],
    ['a target', (values) => void (values.targets = { ttft_p50: 'fast' }), /TTFT P50 takes/],
  ])('%s', (_what, change, expected) => expect(sentence(change)).toMatch(expected));

  test.each<[string, (values: FormValues) => void, string]>([
    ['the rate of users', (values) => void (values.texts.rate = 'many'), 'ready'],
    ['the pauses of users', (values) => void (values.texts.thinkTime = 'long'), 'Think time takes'],
    [
      'users and pauses of a rate',
      (values) => {
        values.loadKind = 'rate';
        Object.assign(values.texts, { rate: '5', users: 'many', thinkTime: 'long' });
      },
      'ready',
    ],
    ['the hits of a cache', (values) => void (values.texts.hitPercent = 'most'), 'Hits takes'],
    [
      'shares without a cache',
      (values) => {
        values.usesPrefixCache = false;
        Object.assign(values.texts, { hitPercent: 'most', cacheablePercent: 'all' });
      },
      'ready',
    ],
  ])('what is bad stands in the way only where it is asked for: %s', (_what, change, expected) =>
    expect(sentence(change)).toMatch(new RegExp(`^${expected}`)),
  );
});

describe('Advanced', () => {
  test('counts what differs from the defaults, and reset leaves nothing', () => {
    const values = filled((form) => {
      Object.assign(form, { tensorParallel: 2, gpus: ['nvidia-l4'], isContextStrict: true });
      form.texts.maxGpus = '8';
      form.targets = { ttft_p50: '150', tpot_p50: ' ' };
    });
    expect(countAdvanced(filled())).toBe(0);
    expect(countAdvanced(values)).toBe(5);
    resetAdvanced(values);
    expect(values).toEqual(filled());
  });
});
