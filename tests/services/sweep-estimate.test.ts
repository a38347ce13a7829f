import { expect, test } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { estimateSweepMs } from '../../src-main/services/sweep-estimate.ts';
import { surveySearches } from '../../src-worker/answers/sweep/survey.ts';
import type { Pace, SearchSample } from '../../src-worker/pool/pool.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';

const facts = loadFacts(bundledCatalogsFolder());
const id = 'meta-llama/Llama-2-7b-hf';
const model = readBundledModel(bundledCatalogsFolder(), id) ?? expect.fail(`${id} is not bundled`);
const input = sizeInputSchema.parse({ model: id, users: 1, gpu: ['l4'] });
const anywhere = [{ pricing: input.pricing, region: null, zone: null }];
const { searches } = surveySearches([input], anywhere, new Map([[id, model]]), facts);

/** A call that took `msPerSearch` for each search and 1 ms for each of ten rows. */
const sample = (msPerSearch: number, isCold = false): SearchSample => ({
  input,
  model,
  ms: searches * msPerSearch + 10,
  rows: 10,
  share: 1,
  isCold,
});
const pace = (...samples: SearchSample[]): Pace => ({ searches: samples, msPerSizing: 1 });
const work = { searches: 100, inputs: 1, rows: 1000, sizings: 1000 };

test('searches of one input take one thread, rows are shared by all', () => {
  expect(searches).toBeGreaterThan(1);
  // 100 searches of 2 ms, and 1000 rows of 1 ms.
  expect(estimateSweepMs(work, pace(sample(2)), 1, facts, null)).toBe(1200);
  expect(estimateSweepMs(work, pace(sample(2)), 4, facts, null)).toBe(200 + 250);
  expect(estimateSweepMs({ ...work, inputs: 2 }, pace(sample(2)), 4, facts, null)).toBe(100 + 250);
  expect(estimateSweepMs({ ...work, inputs: 50 }, pace(sample(2)), 4, facts, null)).toBe(50 + 250);
});

test('cold and disturbed samples count only where there are no others', () => {
  expect(estimateSweepMs(work, pace(sample(20, true), sample(2)), 1, facts, null)).toBe(1200);
  expect(estimateSweepMs(work, pace(sample(20, true)), 1, facts, null)).toBe(3000);
  expect(estimateSweepMs(work, pace(sample(9), sample(2), sample(30), sample(8)), 1, facts, null)).toBe(1800);
});

test('nothing is guessed from nothing, nor from searches alone', () => {
  expect(estimateSweepMs(work, { searches: [], msPerSizing: null }, 1, facts, null)).toBeNull();
  expect(estimateSweepMs(work, { searches: [sample(2)], msPerSizing: null }, 1, facts, null)).toBeNull();
});

test('before anything was timed, what the last sweep of the machine was timed at counts', () => {
  const kept = { msPerSearch: 2, msPerSizing: 1 };
  expect(estimateSweepMs(work, { searches: [], msPerSizing: null }, 1, facts, kept)).toBe(1200);
  expect(estimateSweepMs(work, { searches: [sample(50, true)], msPerSizing: null }, 1, facts, kept)).toBe(1200);
  expect(estimateSweepMs(work, pace(sample(9)), 1, facts, kept)).toBe(1900);
});
