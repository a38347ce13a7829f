import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ASKED, compare, differenceRows, isUnpressed } from '../../../scripts/closed-form/compare.ts';
import type { PredictInputDraft } from '../../../src-worker/protocol/requests.ts';

const file = new URL('../../../scripts/closed-form/scenarios.json', import.meta.url);
const drafts = JSON.parse(readFileSync(file, 'utf8')) as PredictInputDraft[];
/** Every third of the stored scenarios: all deployments, each with several loads. `npm run report:closed-form` takes all. */
const EVERY = 3;
/** Few enough to be quick; what they are off by themselves is allowed for below. */
const REQUESTS = 60_000;
const MOST_MORE = 1.25;

const compared = drafts.flatMap((draft, i) => (i % EVERY === 0 ? [compare(draft, i, REQUESTS, 1 + i)] : []));
const judged = compared.filter(isUnpressed);

test('the stored scenarios hold experts, tensor parallelism, prefix mixtures, constant arrivals and loads of 0.2 to 0.9', () => {
  expect(drafts.length).toBeGreaterThanOrEqual(150);
  expect(judged.length).toBeGreaterThanOrEqual(40);
  for (const belongs of [
    ({ model }: PredictInputDraft) => /A3B|Mixtral|DeepSeek/.test(model),
    ({ tp = 1 }: PredictInputDraft) => tp > 1,
    ({ prefix_tokens = 0 }: PredictInputDraft) => prefix_tokens > 0,
    ({ arrival }: PredictInputDraft) => arrival === 'constant',
  ]) {
    expect(drafts.filter(belongs).length).toBeGreaterThan(20);
  }
});

test.each(Object.entries(ASKED))(
  'closed form and simulation: %s differs by %o per cent in the median and at 90 %%, at most',
  (metric, [median, p90]) => {
    const row = differenceRows(judged).find((one) => one.metric === metric);
    expect(row?.median).toBeLessThanOrEqual(median * MOST_MORE);
    expect(row?.p90).toBeLessThanOrEqual(p90 * MOST_MORE);
  },
);

test('no mean is off by more than its noise, on the whole: TPOT and E2E add up', () => {
  for (const metric of ['tpot mean', 'e2e mean']) {
    const row = differenceRows(judged).find((one) => one.metric === metric);
    expect(Math.abs(row?.signed ?? NaN)).toBeLessThan(0.5);
  }
});
