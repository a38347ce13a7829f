import { expect, test } from 'vitest';
import { bestOf } from '../../../src-renderer/format/best-of.ts';
import { placeLabel } from '../../../src-renderer/format/names.ts';
import { defaultsInForce, verdictOf } from '../../../src-renderer/format/verdict.ts';
import { solutionWords } from '../../../src-renderer/screens/start/solution-words.ts';
import type { Recommendation } from '../../../src-worker/protocol/documents.ts';
import { exclusion, ROWS, sizeDocument } from '../fixtures/documents.ts';

const NO_COST: Recommendation['cost'] = {
  usd_per_hour_instance: null,
  usd_per_hour: null,
  usd_per_month: null,
  usd_per_request: null,
  usd_per_1k_tokens: null,
  usd_per_1m_output_tokens: null,
  price_as_of: null,
  price_source: null,
  price_zones: null,
};
const atHome = (row: Recommendation): Recommendation => ({
  ...row,
  id: `own/${row.instance}/own/tp1pp1/fp16`,
  provider: 'own',
  region: 'own',
  cost: NO_COST,
  cost_reason: 'own_hardware',
});
const rows = ROWS.map(atHome);
const document = sizeDocument({ recommendations: rows, num_passing: rows.length });
const [first, second] = rows;
if (!first || !second) throw new Error('the fixtures have fewer than two rows');
document.input['own_hardware'] = [{ name: 'box' }];

test('the verdict names own hardware, and no price', () => {
  const verdict = verdictOf(document, first);
  expect(verdict.sentence).not.toMatch(/\$|unknown/);
  expect(verdict.why).toMatch(/own hardware, no price\./);
  expect(verdictOf(document, second).why).toContain('The one with the fewest GPUs is');
  expect(defaultsInForce(document).join()).not.toContain('on demand');
});

test('what the load leaves free of own machines stands in the line of why; of rented ones it does not', () => {
  const sentence = 'The load needs 1 replica of the 8 that 1 × box can hold: 7 GPUs are free.';
  const roomy = { ...first, warnings: [{ code: 'spare_replicas', sentence }] };
  expect(verdictOf(document, roomy).why).toContain(sentence);
  const rented = { ...roomy, provider: 'aws' };
  expect(verdictOf(document, rented).why).not.toContain(sentence);
});

test('a no speaks of the own hardware, not of a catalog or of how it is paid for', () => {
  const none = sizeDocument({
    recommendations: [],
    num_passing: 0,
    excluded: [exclusion('box', 'max_gpus', { metric: 'gpus', value: 8, limit: 2, unit: 'GPUs' })],
  });
  none.input['own_hardware'] = [{ name: 'box' }];
  expect(verdictOf(none, null).sentence).toMatch(/^Nothing of the own hardware serves \d+ users?$/);
});

test('the best of them are told by GPUs, within twice as many', () => {
  const cards = bestOf(rows);
  expect(cards[0]).toMatchObject({ criterion: 'Fewest GPUs', figure: expect.stringMatching(/^\d+ GPUs?$/) as string });
  expect(cards.at(-1)?.criterion).toBe('Most headroom, GPUs ≤ 2×');
  expect(JSON.stringify(cards.map(({ figure, detail }) => [figure, detail]))).not.toMatch(/\$|–|NaN|unknown/);
  const most = 2 * first.instances * first.gpu_count;
  const room = cards.at(-1)?.row;
  expect((room?.instances ?? 0) * (room?.gpu_count ?? 0)).toBeLessThanOrEqual(most);
});

test('places and cards say it in words', () => {
  expect(placeLabel(first)).toBe('own hardware');
  expect(placeLabel({ provider: 'gcp', region: 'us-central1', zone: null })).toBe('GCP, us-central1');
  expect(solutionWords(document).price).toBe('no price');
});
