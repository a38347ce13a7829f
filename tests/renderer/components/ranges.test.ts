import { render, screen, within } from '@testing-library/svelte';
import { describe, expect, test } from 'vitest';
import Assumptions from '../../../src-renderer/components/Assumptions.svelte';
import KeyFigures from '../../../src-renderer/components/KeyFigures.svelte';
import MetricTable from '../../../src-renderer/components/MetricTable.svelte';
import { chanceSentence, costRangeSentence, rangeCell, speedRange } from '../../../src-renderer/format/ranges.ts';
import { resultsVerdict, verdictOf } from '../../../src-renderer/format/verdict.ts';
import CostTable from '../../../src-renderer/screens/detail/CostTable.svelte';
import type { DecisionDocument, Recommendation } from '../../../src-worker/protocol/documents.ts';
import { CHANCE_BESIDE_RANGES } from '../../../src-worker/protocol/chances.ts';
import { ROWS, sizeDocument } from '../fixtures/documents.ts';

const plain = ROWS[0] ?? expect.fail('The fixture has no rows.');
const ranged: Recommendation = {
  ...plain,
  interval: {
    ttft_ms_p95: [58.2, 87.4],
    tpot_ms_p50: [12.5, 25],
    capacity_requests_per_s: [25.1, 30.6],
    replicas: [1, 3],
    usd_per_hour: [1.861, 5.583],
  },
  interval_reason: null,
  interval_basis: {
    novelty: ['group_new', 'gpu_unseen'],
    traits: [],
    factors: { ttft: 1.6, tpot: 1.4, e2e: 1.2, throughput: 1.3 },
    sentence: 'NVIDIA L40S was never measured.',
  },
  meets_targets_probability: 0.86,
};
const decision: DecisionDocument = {
  meets_targets_probability: 0.86,
  cheapest_probability: 0.712,
  candidates: 12,
  sentence: 'It meets its targets with a chance of 86 %.',
};
const document = sizeDocument({
  recommendations: [ranged, ...ROWS.slice(1)],
  num_passing: 205,
  decision,
  decision_reason: null,
});

/** A row of an answer that an earlier version stored: it has none of the keys. */
function stored(): Recommendation {
  const { interval_basis, meets_targets_probability, ...old } = plain;
  expect([interval_basis, meets_targets_probability]).toEqual([null, null]);
  // What lies in a database has the shape of its time.
  return old as Recommendation;
}

describe('the table of targets', () => {
  test('has a column of ranges and a whisker, where there are ranges', () => {
    const { container } = render(MetricTable, { rows: ranged.sla, interval: ranged.interval });
    expect(screen.getByRole('columnheader', { name: /^80 % range/ }).title).toContain('four in five measured values');
    const row = screen.getByRole('row', { name: /TTFT P95/ });
    // Once in its column, once below the figure for where that finds no room.
    expect(within(row).getAllByText('58–87')).toHaveLength(2);
    expect(container.querySelectorAll('.bullet u')).toHaveLength(
      ranged.sla.filter(({ metric }) => ['ttft_p95', 'tpot_p50'].includes(metric)).length,
    );
  });

  test('has neither without', () => {
    const { container } = render(MetricTable, { rows: plain.sla, interval: plain.interval });
    expect(screen.queryByRole('columnheader', { name: /80 % range/ })).toBeNull();
    expect(container.querySelector('.bullet u')).toBeNull();
  });
});

describe('the key figures', () => {
  test('say what is likely below capacity, cost and speed', () => {
    render(KeyFigures, { row: ranged, document });
    expect(screen.getByText(/47 % used; 25\.1 to 30\.6 likely/)).not.toBeNull();
    expect(screen.getByText(/^\$1\.86 to \$5\.58\/h likely; \$[\d,]+ in 730 h$/)).not.toBeNull();
    // 1,000 ms / 25 ms and / 12.5 ms.
    expect(screen.getByText(/40 to 80 likely|40\.0 to 80\.0 likely/)).not.toBeNull();
  });

  test('are as before without a range', () => {
    render(KeyFigures, { row: plain, document: sizeDocument() });
    expect(screen.queryByText(/likely/)).toBeNull();
  });
});

describe('the chance', () => {
  const [, second = expect.fail('The fixture has one row.')] = ROWS;

  test('stands in the verdict of the first row, in words and numbers, above all results, too', () => {
    const sentence =
      'Meeting the targets as planned is likely (86 %); being the cheapest of the first 12 of 205 that pass, 71 %.';
    expect(verdictOf(document, ranged).why).toContain(sentence);
    expect(resultsVerdict(document, ranged).why).toContain(sentence);
  });

  test('of another row is that of its targets alone', () => {
    const row = { ...second, meets_targets_probability: 0.999 };
    expect(chanceSentence(document, row)).toBe(
      `Meeting the targets as planned is very likely (more than 99 %). ${CHANCE_BESIDE_RANGES}`,
    );
    expect(chanceSentence(document, second)).toBe('');
  });

  test('of the only configuration compares with none, of hardware without a price it counts GPUs', () => {
    expect(chanceSentence({ ...document, decision: { ...decision, candidates: 1 } }, ranged)).toBe(
      `Meeting the targets as planned is likely (86 %). ${CHANCE_BESIDE_RANGES}`,
    );
    expect(chanceSentence({ ...document, num_passing: 12 }, ranged)).toContain(
      'being the cheapest of the 12 that pass, ',
    );
    const own = { ...ranged, cost: { ...ranged.cost, usd_per_hour: null } };
    expect(chanceSentence(document, own)).toContain('taking the fewest GPUs of the first 12 of 205 that pass, 71 %.');
  });

  test('is not made up for answers of earlier versions', () => {
    expect(chanceSentence(sizeDocument(), stored())).toBe('');
    expect(verdictOf(sizeDocument(), stored()).why).not.toMatch(/NaN|undefined|chance/);
  });
});

describe('what the ranges rest on', () => {
  test('stands among the assumptions, or why there are none', () => {
    render(Assumptions, { document, row: ranged });
    expect(screen.getByText('NVIDIA L40S was never measured.')).not.toBeNull();
    expect(screen.getByText(decision.sentence)).not.toBeNull();
  });

  test('a profile that was never held against measurements says so', () => {
    const reason = 'Calibration profile "seed" was not held against measurements.';
    render(Assumptions, {
      document: sizeDocument({ decision_reason: reason }),
      row: { ...plain, interval_reason: reason },
    });
    expect(screen.getAllByText(reason)).toHaveLength(2);
  });
});

describe('ranges as text', () => {
  test('one figure where both ends read alike, an open end in words', () => {
    expect(rangeCell([58.2, 87.4])).toBe('58–87');
    expect(rangeCell([58.2, 58.3])).toBe('58');
    expect(rangeCell([2, null], String)).toBe('2 or more');
    expect(rangeCell(null)).toBe('');
  });

  test('speed runs the other way, and there is none of an unknown time', () => {
    expect(speedRange(ranged)).toEqual([40, 80]);
    expect(speedRange(plain)).toBeNull();
  });

  test('cost says the replicas it is for, and what an open end means', () => {
    expect(costRangeSentence(ranged)).toBe(
      'Likely $1.86–$5.58 an hour, planned with the true speed (replicas: 1 to 3).',
    );
    const open = { ...ranged, interval: { ...ranged.interval, replicas: [1, null], usd_per_hour: [1.861, null] } };
    expect(costRangeSentence(open as Recommendation)).toContain('even an idle replica misses a target');
    expect(costRangeSentence(plain)).toBe('');
  });

  test('stands below the costs of a configuration', () => {
    render(CostTable, { row: ranged });
    expect(screen.getByText(/Likely \$1\.86–\$5\.58 an hour/)).not.toBeNull();
  });
});
