import { describe, expect, test } from 'vitest';
import type { BreakEvenLine, Comparison, LineChoice, Place } from '../../src-worker/protocol/run-analysis.ts';
import {
  betterWords,
  changeWords,
  comparisonSentences,
  comparisonWords,
  metSentence,
  metWords,
  noGoodputWords,
  placeWords,
  unchangedWords,
} from '../../src-worker/protocol/run-analysis-words.ts';

const pair = (more: Partial<Comparison>): Comparison => ({
  ...{ a: 'lambda', b: 'runpod', a_cheaper: 0, b_cheaper: 0, equal: 0, only_a: 0, only_b: 0, neither: 0 },
  ...{ ratio: { least: 0.25, most: 0.4 }, break_even_price_factor: { least: 2.5, most: 4 }, lines: [] },
  ...more,
});

describe('two values in a sentence', () => {
  test('name the one that is cheaper and the one that is dearer', () => {
    expect(comparisonWords('provider', pair({ b_cheaper: 4 }))).toBe(
      'runpod is cheaper than lambda throughout, by 60 % to 75 %: they break even where runpod costs 2.50 to 4.00 times what it does.',
    );
    const dearer = { ratio: { least: 2, most: 4 }, break_even_price_factor: { least: 0.25, most: 0.5 } };
    expect(comparisonWords('provider', pair({ ...dearer, a_cheaper: 4 }))).toBe(
      'lambda is cheaper than runpod throughout, by 50 % to 75 %: they break even where runpod costs 0.250 to 0.500 times what it does.',
    );
    expect(comparisonWords('provider', pair({ b_cheaper: 3, equal: 1 }))).toMatch(
      /^runpod is cheaper than lambda in 3 of 4 situations and never dearer, by /,
    );
    expect(comparisonWords('provider', pair({ a_cheaper: 1, b_cheaper: 3 }))).toMatch(
      /^lambda is cheaper in 1, runpod in 3 of 4 situations: /,
    );
  });

  test('say where nothing compares, and where both cost the same', () => {
    expect(comparisonWords('provider', pair({ ratio: null, break_even_price_factor: null, only_a: 2 }))).toBe(
      'lambda and runpod are never both possible with a price, so nothing compares.',
    );
    expect(comparisonWords('provider', pair({ ratio: { least: 1, most: 1 }, equal: 2 }))).toBe(
      'lambda and runpod cost the same throughout (2 situations).',
    );
  });
});

test('many values are a sentence each, the cheapest twelve of them', () => {
  const value = (index: number) => ({
    ...{ value: `z${index}`, situations: 7, alone: 2, cheapest: index === 0 ? 4 : 0 },
    ...{ usd_per_hour: { least: 1, most: 2 }, times_cheapest: { least: 1, mean: 1.5, most: 2 } },
  });
  const values = Array.from({ length: 14 }, (_, index) => value(index));
  const document = { kind: 'comparison' as const, run_id: 1, at: {}, between: 'zone', along: null, pairs: [] };
  const told = comparisonSentences({ ...document, situations: 8, values, points: 112, points_left_out: 0 });
  expect(told).toHaveLength(13);
  expect([told[0], told.at(-1)]).toEqual([
    'z0: 1.50 times the cheapest on average, $1.00 to $2.00/h; cheapest in 4 of 5 situations, alone in 2 more, without a cost in 1.',
    'And 2 values that cost more or do not compare.',
  ]);
  const lonely = { ...value(1), situations: 2, cheapest: 0, times_cheapest: null };
  const compared = { ...value(0), situations: 8, alone: 0 };
  const few = { ...document, situations: 8, values: [compared, lonely], points: 16, points_left_out: 0 };
  expect(comparisonSentences(few)).toEqual([
    'z0: 1.50 times the cheapest on average, $1.00 to $2.00/h; cheapest in 4 of 8 situations.',
    'z1: $1.00 to $2.00/h; alone in 2 situations, so nothing compares, without a cost in 6.',
  ]);
  const only = comparisonSentences({ ...document, situations: 4, values: [value(0)], points: 4, points_left_out: 0 });
  expect(only).toEqual(['Only one value of zone has points here: nothing compares.']);
});

const choice = (provider: string, instance: string, chosen: Place = {}): LineChoice => ({
  ...{ provider, instance, gpu: 'g', quantization: 'fp8', tensor_parallel: 2, pipeline_parallel: 1, chosen },
});

describe('break-evens in a sentence', () => {
  const desk = choice('own', 'desk');
  const steps = [10, 1000].map((value) => ({ value, choice: 0, cost: null, reason: null }));

  test('do not call cheapest what has no price', () => {
    const line: BreakEvenLine = { at: {}, choices: [desk], steps, changes: [], reason: null };
    expect(unchangedWords(line, 'users')).toBe(
      'desk, TP 2, FP8 (own) meets the targets with the fewest GPUs from users 10 to 1,000. It has no price, so nothing is known of its cost.',
    );
    const cost = { instances: 1, usd_per_hour: 2, usd_per_request: 1e-4 };
    const priced = { ...line, choices: [choice('gcp', 'g2')], steps: steps.map((step) => ({ ...step, cost })) };
    expect(unchangedWords(priced, 'users')).toBe(
      'g2, TP 2, FP8 (gcp) is cheapest from users 10 to 1,000: nothing changes.',
    );
  });

  test('say the cloud of both sides, and which has no price', () => {
    const cost = { instances: 3, usd_per_hour: 2, usd_per_request: 1e-4 };
    const choices = [choice('gcp', 'g2'), desk];
    const line: BreakEvenLine = { at: {}, choices, steps: [], changes: [], reason: null };
    const change = { from: 10, to: 20, before: 0, after: 1, cost_before: cost, cost_after: null };
    const told = (excluded: string | null) => {
      const staying = { staying: null, staying_reason: 'not_possible' as const, staying_excluded: excluded };
      return changeWords(line, 'users', { ...change, ...staying });
    };
    expect(told('sla_missed')).toBe(
      'users 10 to 20: from 3 × g2, TP 2, FP8 (gcp) at $2.00/h to desk, TP 2, FP8 (own) without a price. g2 no longer meets the targets.',
    );
    expect(told('max_gpus')).toMatch(/g2 does not pass there: it takes more GPUs than are allowed\.$/);
    expect(told(null)).toMatch(/g2 is not offered there\.$/);
  });

  test('name the values of chosen axes that a configuration does not tell', () => {
    const choices = [
      choice('gcp', 'g2', { pricing: 'spot', quantization: 'fp8', provider: 'gcp' }),
      choice('gcp', 'g2', { pricing: 'ondemand', zone: 'us-east1-b' }),
    ];
    const line: BreakEvenLine = { at: {}, choices, steps: [], changes: [], reason: null };
    const [cheap, dear, same] = [2.5512, 2.5536, 2.5512].map((usd) => ({
      ...{ instances: 1, usd_per_hour: usd, usd_per_request: 1 },
    }));
    const change = { from: 10, to: 20, before: 0, after: 1, cost_before: cheap ?? null, cost_after: cheap ?? null };
    const told = (staying: typeof cheap) =>
      changeWords(line, 'users', { ...change, staying: staying ?? null, staying_reason: null, staying_excluded: null });
    expect(told(same)).toBe(
      'users 10 to 20: from 1 × g2, TP 2, FP8 (gcp), pricing spot at $2.55/h to 1 × g2, TP 2, FP8 (gcp), pricing on-demand, zone us-east1-b at $2.55/h. Staying would cost the same.',
    );
    // What is shown of both prices would read as the same.
    expect(told(dear)).toMatch(/Staying would cost \$0\.0024\/h more\.$/);
  });

  test('say why there is no answer where it is not the targets', () => {
    const none = (reason: string | null): BreakEvenLine => ({
      ...{ at: {}, choices: [desk], changes: [], reason },
      steps: [10, 640].map((value) => ({ value, choice: null, cost: null, reason })),
    });
    expect(unchangedWords(none('sla_missed'), 'users')).toBe('Nothing meets the targets from users 10 to 640.');
    expect(unchangedWords(none(null), 'users')).toBe('Nothing meets the targets from users 10 to 640.');
    expect(unchangedWords(none('spot_unknown'), 'users')).toBe(
      'No answer from users 10 to 640, most often because no spot price is known.',
    );
    const change = { from: 10, to: 640, before: 0, after: null, cost_before: null, cost_after: null };
    expect(
      changeWords(none('max_gpus'), 'users', {
        ...change,
        staying: null,
        staying_reason: null,
        staying_excluded: null,
      }),
    ).toBe(
      'users 10 to 640: from desk, TP 2, FP8 (own) without a price to nothing (it takes more GPUs than are allowed).',
    );
  });
});

test('points that something passes at, and why the others have no answer', () => {
  const points = (points_met: number, reason: string | null) => ({ points: 16, points_met, reason });
  expect(metSentence(points(16, null))).toBe('all 16 points met');
  expect(metSentence(points(12, 'sla_missed'))).toBe('12 of 16 points met');
  expect(metSentence(points(12, 'spot_unknown'))).toBe(
    '12 of 16 points met, the others most often because no spot price is known',
  );
  expect(noGoodputWords([points(0, 'spot_unknown')])).toBe(
    'No point has an answer, most often because no spot price is known, so there is no goodput.',
  );
  expect(noGoodputWords([points(0, 'sla_missed')])).toMatch(/^Nothing meets the targets/);
});

test('values of axes have their units', () => {
  expect(placeWords({ sla_ttft_p95_ms: 200, think_time: 5, headroom: 20, users: 1000, rate: 2.5 })).toBe(
    'TTFT P95 target 200 ms, think time 5 s, headroom 20 %, users 1,000, requests/s 2.5',
  );
});

test('what is better is a sentence of its own', () => {
  const metric = (label: string, better: 'lower' | 'higher') => ({ id: label, label, unit: '', better });
  expect(betterWords(metric('Cost', 'lower'), metric('TTFT P95', 'lower'))).toBe(
    'Lower cost and lower TTFT P95 are better.',
  );
  expect(betterWords(metric('Speed per user', 'higher'), metric('KV tokens that fit', 'higher'))).toBe(
    'Higher speed per user and higher KV tokens that fit are better.',
  );
});

test('one point is not all points', () => {
  expect(
    [
      [1, 1],
      [12, 12],
      [12, 9],
      [1, 0],
    ].map(([points = 0, points_met = 0]) => metWords({ points, points_met })),
  ).toEqual(['the one point', 'all 12 points', '9 of 12 points', '0 of 1 point']);
});
