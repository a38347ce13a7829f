import { describe, expect, test } from 'vitest';
import { RULES } from '../../../src-main/catalogs/rules/registry.ts';
import { newIssues } from './breaks.ts';
import { GPUS } from './broken-gpus.ts';
import { INSTANCES } from './broken-instances.ts';
import { NAMES } from './broken-names.ts';
import { PRICES } from './broken-prices.ts';

const TABLES = { names: NAMES, GPUs: GPUS, instances: INSTANCES, prices: PRICES };

test('every rule is broken by one of the cases at least', () => {
  const broken = Object.values(TABLES).flatMap((table) => table.map(({ rule }) => rule));
  expect(new Set(broken)).toEqual(new Set(RULES.map(({ name }) => name)));
});

describe.each(Object.entries(TABLES))('one place of the bundled files broken by hand: %s', (_, breaks) => {
  test.each(breaks)('$rule: $what', ({ rule, entry, field, severity = 'error', says, change }) => {
    const issues = newIssues(change);
    expect(issues).toMatchObject([{ rule, severity, entry, field, sentence: expect.stringMatching(says) as string }]);
    expect(issues[0]?.sentence).toContain(`${entry}: ${field} is `);
    expect(issues[0]?.sentence).toMatch(/[.?]$/);
    expect(issues[0]?.sentence.length).toBeLessThan(300);
  });
});
