import { expect, test } from 'vitest';
import { lifeLaw } from '../../../src-worker/engine/batching/life-law.ts';
import { requestLengths } from '../../../src-worker/engine/workload/lengths.ts';

const exactly = (tokens: number) => ({ mean: tokens, std: 0, min: tokens, max: tokens });
const answers = (mean: number, std: number, maxContextTokens: number | null = null) =>
  requestLengths({
    promptParts: [exactly(10)],
    output: { mean, std, min: 1, max: mean * 20 },
    cache: null,
    maxContextTokens,
  });

const momentsOf = ({ chances, cellSteps }: ReturnType<typeof lifeLaw>) => {
  const mean = chances.reduce((sum, chance, cell) => sum + chance * cell * cellSteps, 0);
  const second = chances.reduce((sum, chance, cell) => sum + chance * (cell * cellSteps) ** 2, 0);
  return { total: chances.reduce((sum, chance) => sum + chance, 0), mean, variance: second - mean ** 2 };
};

test.each([
  [200, 0, 3, 0],
  [200, 12, 3, 0],
  [200, 160, 3, 0],
  [50, 20, 40, 0],
  [200, 100, 3, 500],
])(
  'answers of %i tokens, deviation %i, held %i steps, pauses of %i: their mean, and their variance but for the cells',
  (mean, std, held, pause) => {
    const { question, moments } = answers(mean, std);
    const law = lifeLaw(question, moments.outputMean, held, pause);
    const of = momentsOf(law);
    const wanted = moments.outputMean - 1 + held + pause;
    expect(of.total).toBeCloseTo(1, 6);
    expect(of.mean / wanted).toBeCloseTo(1, 2);
    // An exponential pause has the square of its mean; a cell of the lattice adds less than half of its width squared and what it shortens a pause by.
    const variance = std ** 2 + pause ** 2;
    expect(Math.abs(of.variance - variance)).toBeLessThan(
      0.06 * variance + law.cellSteps ** 2 / 2 + pause * law.cellSteps,
    );
  },
);

test('answers of one length are one cell', () => {
  const { question, moments } = answers(200, 0);
  const { chances } = lifeLaw(question, moments.outputMean, 3, 0);
  expect(chances[64]).toBeCloseTo(1, 9);
});

test('answers that the context cuts last as long as what is left of them', () => {
  const { question, moments } = answers(200, 200, 250);
  const of = momentsOf(lifeLaw(question, moments.outputMean, 0, 0));
  expect(of.mean / (moments.outputMean - 1)).toBeCloseTo(1, 2);
});
