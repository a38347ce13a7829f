import { expect, test } from 'vitest';
import { namedComparison, namedPlace } from '../../../src-renderer/format/place-names.ts';
import { cheapestLine, cheapestRow } from '../../../src-renderer/state/cheapest.ts';
import { COMPARISON, LINE } from '../fixtures/answers.ts';

const dearer = {
  ...LINE,
  steps: LINE.steps.map((step) => ({ ...step, cost: step.cost && { ...step.cost, usd_per_hour: 9 } })),
};
const unpriced = { ...LINE, steps: LINE.steps.map((step) => ({ ...step, cost: null })) };

test('answers open on the line that holds the cheapest answer', () => {
  expect(cheapestLine([dearer, unpriced, LINE, LINE])).toBe(2);
  expect(cheapestLine([unpriced, unpriced])).toBe(0);
  expect(cheapestLine([])).toBe(0);
});

test('and on the cheapest point', () => {
  const rows = [
    { cost_usd_per_hour: null },
    { cost_usd_per_hour: 3 },
    { cost_usd_per_hour: 2, n: 1 },
    { cost_usd_per_hour: 2 },
  ];
  expect(cheapestRow(rows)).toBe(rows[2]);
  expect(cheapestRow([{ n: 1 }])).toEqual({ n: 1 });
  expect(cheapestRow([])).toBeNull();
});

test('GPUs and clouds read as everywhere in the window', () => {
  expect(namedPlace({ gpu: 'nvidia-l4', provider: 'gcp', users: 10, zone: 'us-central1-a' })).toEqual({
    gpu: 'L4',
    provider: 'GCP',
    users: 10,
    zone: 'us-central1-a',
  });
  const [pair] = COMPARISON.pairs;
  const compared = (between: string, a: string, b: string) =>
    namedComparison({
      ...COMPARISON,
      between,
      values: [{ ...COMPARISON.values[0]!, value: a }],
      pairs: [{ ...pair!, a, b }],
    });
  expect(compared('gpu', 'nvidia-l4', 'nvidia-h100-80gb')).toMatchObject({
    values: [{ value: 'L4' }],
    pairs: [{ a: 'L4', b: 'H100 80GB' }],
  });
  expect(namedComparison(COMPARISON)).toEqual(COMPARISON);
});
