import { describe, expect, it } from 'vitest';
import { bundledCounts, countRow, isWithin } from '../../../scripts/report-models.ts';

/**
 * The counts in catalogs/models/index.json are facts with their source (hub metadata for `exact`, tensors enumerated from
 * the modelling code for `derived`); none was computed by this project.
 */
describe('parameter counts of the bundled configs', () => {
  const known = bundledCounts();

  it('are known for most of them', () => {
    expect(known.filter(({ basis }) => basis === 'exact').length).toBeGreaterThan(110);
    expect(known.filter(({ basis }) => basis === 'derived').length).toBeGreaterThan(60);
  });

  it.each(known.map((counts) => [counts.id, counts] as const))('%s is counted exactly, not estimated', (_, counts) => {
    const row = countRow(counts);
    expect(row).toMatchObject({ refusal: null, isEstimated: false, counted: row.known });
    expect(isWithin(row)).toBe(true);
    // null = no figure is known to compare with.
    expect(row.activeDifference ?? 0).toBe(0);
    expect(row.mtpDifference ?? 0).toBe(0);
  });
});
