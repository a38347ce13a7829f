import { describe, expect, test } from 'vitest';
import { applyRequest, formOfRequest } from '../../../src-renderer/state/apply-request.ts';
import { defaultFormValues, readForm } from '../../../src-renderer/state/form-reading.ts';
import { sizeInputSchema, type SizeInputDraft } from '../../../src-worker/protocol/requests.ts';

const base: SizeInputDraft = { model: 'meta-llama/Llama-3.1-8B-Instruct', users: 100, top: 100_000 };
const asked = (values: ReturnType<typeof defaultFormValues>) => {
  const reading = readForm(values);
  if (reading.kind !== 'ready') throw new Error(reading.sentence);
  return sizeInputSchema.parse(reading.request);
};

/** Every key a relaxation or a stored question may carry, with a value that is not the default. */
const CHANGES: Partial<SizeInputDraft>[] = [
  { users: 28 },
  { workload: 'rag' },
  { think_time: 12.5 },
  { headroom: 0 },
  { quantization: ['fp8', 'int4'] },
  { kv_cache_dtype: 'fp8' },
  { pricing: 'spot' },
  { zone: 'us-west1-a' },
  { region: 'europe-west4' },
  { provider: ['gcp', 'aws'] },
  { gpu: ['nvidia-l4'] },
  { instance: ['gcp/g2-standard-8', 'g6e.xlarge'] },
  { max_gpus: 16 },
  { tp: 4 },
  { include_retired: true },
  { input_tokens: 6300 },
  { output_tokens: 1.5 },
  { prefix_hit_rate: 0.55 },
  { cacheable_ratio: 0.7 },
  { prefix_cache: false },
  { strict_context: true },
  { sla: { ttft_p95: 640, e2e_p50: 2000 } },
  { method: 'mg1' },
  { router: 'round_robin' },
];

describe('laying keys of a question over the form', () => {
  test.each(CHANGES)('%o is what the form then asks, and nothing else changes', (change) => {
    const values = formOfRequest(base);
    applyRequest(values, change);
    expect(asked(values)).toEqual(sizeInputSchema.parse({ ...base, ...change }));
  });

  test('a rate instead of users', () => {
    const values = formOfRequest({ ...base, users: undefined, rate: 13.07 });
    expect(asked(values)).toMatchObject({ rate: 13.07 });
    expect(asked(values).users).toBeUndefined();
  });

  test('all of them at once survive the way into the form and back', () => {
    // A zone and a region contradict each other; without the prefix cache its shares ask for nothing.
    const changes = CHANGES.filter((change) => !('region' in change) && !('prefix_cache' in change));
    const whole = changes.reduce<SizeInputDraft>((sum, change) => ({ ...sum, ...change }), base);
    expect(asked(formOfRequest(whole))).toEqual(sizeInputSchema.parse(whole));
  });

  test('withdrawing a zone leads anywhere; withdrawing a region leaves a zone alone', () => {
    const values = formOfRequest({ ...base, zone: 'us-west1-a' });
    applyRequest(values, { region: null });
    expect(asked(values).zone).toBe('us-west1-a');
    applyRequest(values, { zone: null, region: null });
    expect(asked(values)).toMatchObject({ zone: null, region: null });
  });

  test('what is not named stays as it was typed', () => {
    const values = { ...defaultFormValues(), model: 'm' };
    values.texts.inputTokens = '8k';
    applyRequest(values, { users: 5 });
    expect(values.texts.inputTokens).toBe('8k');
  });

  test('what is no question is refused', () => {
    expect(() => formOfRequest({ users: 3 })).toThrow();
  });
});
