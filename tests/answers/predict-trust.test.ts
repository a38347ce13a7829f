import { expect, test } from 'vitest';
import { predict, size } from './ask.ts';

const llama = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  input_tokens: 1000,
  output_tokens: 200,
};

test('an engine whose prefills have steps of their own is trusted as long as it has little to do', () => {
  const trustAt = (rate: number) => predict({ ...llama, output_cv: 0.5, engine: 'sglang', rate }).trust?.kind;
  expect(trustAt(2)).toBe('ok');
  expect(trustAt(14)).toBe('critical');
  expect(predict({ ...llama, output_cv: 0.5, rate: 14 }).trust?.kind).toBe('ok');
});

test('a batch of uneven lengths says that only a simulation knows how long it takes', () => {
  expect(predict({ ...llama, batch: 64 }).trust?.kind).toBe('ok');
  for (const uneven of [{ output_cv: 0.5 }, { input_cv: 0.5 }]) {
    const { trust } = predict({ ...llama, ...uneven, batch: 64 });
    expect(trust?.kind).toBe('critical');
    expect(trust?.sentence).toMatch(/longest answers keep the batch.*--method simulation/);
  }
});

test('bursts: gamma gaps are likely underestimated, those that excite each other may be off either way', () => {
  const trustOf = (arrival: 'gamma' | 'hawkes') => predict({ ...llama, rate: 5, arrival, arrival_cv: 2 }).trust;
  expect([trustOf('gamma')?.kind, trustOf('hawkes')?.kind]).toEqual(['bursty', 'bursty']);
  expect(trustOf('gamma')?.sentence).toMatch(/likely too low.*simulate/);
  expect(trustOf('hawkes')?.sentence).toMatch(/too high.*too low.*simulate/);
  // The workload of a code assistant has such bursts.
  const [row] = size({ model: llama.model, workload: 'code', users: 200, gpu: ['h100'] }).recommendations;
  expect(row?.trust.sentence).toBe(trustOf('hawkes')?.sentence);
});
