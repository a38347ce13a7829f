import { describe, expect, test } from 'vitest';
import { stepPlanOf } from '../world.ts';

const attentionOf = (model: string, tensorParallel: number) =>
  stepPlanOf(model, 'nvidia-h200', { tensorParallel, precision: 'fp8', generation: 'vllm-v1-late' }).attention;

const groupOf = (model: string, tensorParallel: number, windowTokens: number | null) => {
  const found = attentionOf(model, tensorParallel).find((group) => group.windowTokens === windowTokens);
  if (!found) throw new Error(`${model} has no layers that attend to ${windowTokens}`);
  return found;
};

describe('attention that every GPU of a group does in full', () => {
  test('the heads of latent attention are divided, its cache is read whole by every GPU', () => {
    const one = groupOf('deepseek-ai/DeepSeek-V3', 1, null);
    const eight = groupOf('deepseek-ai/DeepSeek-V3', 8, null);
    expect(eight.computeMsPerContextToken).toBeCloseTo(one.computeMsPerContextToken / 8, 15);
    expect(eight.promptMsPerPair).toBeCloseTo(one.promptMsPerPair / 8, 15);
    expect(eight.readMsPerContextToken).toBe(one.readMsPerContextToken);
  });

  test('an indexer is not divided, what it chooses is', () => {
    const [scores, scoresOfEight] = [1, 8].map((gpus) => groupOf('deepseek-ai/DeepSeek-V3.2', gpus, null));
    expect(scoresOfEight).toEqual(scores);
    const [chosen, chosenOfEight] = [1, 8].map((gpus) => groupOf('deepseek-ai/DeepSeek-V3.2', gpus, 2048));
    expect(chosenOfEight!.computeMsPerContextToken).toBeCloseTo(chosen!.computeMsPerContextToken / 8, 15);
  });

  test('a decode reads the 2,048 chosen vectors and all keys of the indexer', () => {
    const latent = groupOf('deepseek-ai/DeepSeek-V3.2', 8, 2048).readMsPerContextToken;
    const keys = groupOf('deepseek-ai/DeepSeek-V3.2', 8, null).readMsPerContextToken;
    expect(latent / keys).toBeCloseTo((576 * 2) / 132, 12);
  });
});
