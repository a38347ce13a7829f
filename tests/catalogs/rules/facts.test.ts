import { describe, expect, test } from 'vitest';
import { checkedCatalog } from '../../../src-main/catalogs/judge.ts';
import { stack } from '../../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, loadBundled } from '../../../src-main/catalogs/load.ts';
import { checkFacts } from '../../../src-main/catalogs/rules/check.ts';
import type { CatalogIssue } from '../../../src-main/catalogs/rules/types.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import { found, KNOWN_WARNINGS, keyOf } from './breaks.ts';

const layers = loadBundled(bundledCatalogsFolder());
const { facts: bundled, gpus } = checkedCatalog(layers, stack(layers.layers));

describe('rules over facts, whatever layers they came from', () => {
  const changed = (change: (facts: Facts) => void): CatalogIssue[] => {
    const facts = structuredClone(bundled);
    change(facts);
    return checkFacts({ facts, gpus }).filter((issue) => !(keyOf(issue) in KNOWN_WARNINGS));
  };
  const offerOf = (facts: Facts, instance: string) =>
    found(facts.instances, ({ name }) => name === instance).offers[0] ?? expect.fail('no offer');

  test('nothing known of anything is no issue', () => {
    expect(checkFacts({ facts: { ...bundled, gpus: [], instances: [], providers: [] }, gpus: [] })).toEqual([]);
  });

  test('an instance of an unknown provider', () => {
    const issues = changed(
      ({ instances }) => (found(instances, ({ name }) => name === 'gpu_1x_gh200').provider = 'lamda'),
    );
    expect(issues).toMatchObject([{ rule: 'references', entry: 'lamda', field: 'provider' }]);
    expect(issues[0]?.sentence).toContain('did you mean "lambda"');
  });

  test('a zone that another region has, where names say nothing', () => {
    const zones = ['room-1'];
    const issues = changed((facts) => {
      const provider = found(facts.providers ?? [], ({ id }) => id === 'lambda');
      provider.hasZones = true;
      offerOf(facts, 'gpu_1x_gh200').zones = zones;
      Object.assign(offerOf(facts, 'gpu_1x_a10'), { region: 'elsewhere', zones });
    });
    expect(issues).toMatchObject([{ rule: 'zones-in-region', field: 'zones', value: 'room-1' }]);
    expect(issues[0]?.sentence).toMatch(/is a zone of (global|elsewhere) elsewhere/);
  });

  test('ids of zones say no region: as newer lists of Amazon have them', () => {
    const issues = changed((facts) => {
      found(facts.providers ?? [], ({ id }) => id === 'aws').hasZones = true;
      offerOf(facts, 'p5.48xlarge').zones = ['use1-az2', 'use1-az4'];
    });
    expect(issues).toEqual([]);
  });

  test('a price that a person brought along needs no date: a warning', () => {
    const issues = changed((facts) => {
      found(facts.instances, ({ name }) => name === 'gpu_1x_gh200').layer = 'file';
      Object.assign(offerOf(facts, 'gpu_1x_gh200'), { priceAsOf: null, priceSource: 'my quote' });
    });
    expect(issues).toMatchObject([
      { rule: 'price-sources', severity: 'warning', entry: 'lambda/gpu_1x_gh200/global', field: 'as_of', value: null },
    ]);
  });
});
