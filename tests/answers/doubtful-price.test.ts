import { describe, expect, it } from 'vitest';
import { size } from './ask.ts';

describe('a price the catalog rules call doubtful', () => {
  const warningsIn = (region: string, pricing: 'spot' | 'ondemand'): string[] =>
    size({ model: 'meta-llama/Llama-3.1-8B-Instruct', users: 50, region, pricing, gpu: ['h100'], top: 100 })
      .recommendations.filter(({ instance }) => instance === 'a3-highgpu-1g')
      .flatMap(({ warnings }) => warnings)
      .filter(({ code }) => code === 'doubtful_price')
      .map(({ sentence }) => sentence);

  it('is said beside the answer that rests on it: spot of a3-highgpu in europe-north1', () => {
    const [sentence] = warningsIn('europe-north1', 'spot');
    expect(sentence).toBe(
      'The spot price of 1.275685 USD per hour is doubtful: it is 10 % of on-demand, and 39 % is usual for nvidia-h100-80gb at gcp: treat it as unverified or read it again.',
    );
  });

  it('is not said of the on-demand price beside it, nor of spot elsewhere', () => {
    expect(warningsIn('europe-north1', 'ondemand')).toEqual([]);
    expect(warningsIn('us-central1', 'spot')).toEqual([]);
  });
});
