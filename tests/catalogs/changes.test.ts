import { expect, test } from 'vitest';
import { changesBetween } from '../../src-main/catalogs/changes.ts';
import { stack } from '../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, loadBundled } from '../../src-main/catalogs/load.ts';

test('an offer without a price adds none; one with a price does, with its figure', () => {
  const before = stack(loadBundled(bundledCatalogsFolder()).layers);
  const [instance] = before.instances;
  const [offer] = instance?.offers ?? [];
  if (!instance || !offer) throw new Error('no offers');
  const at = (region: string, usdPerHour: number | null) => ({
    ...offer,
    facts: { ...offer.facts, region, on_demand_usd_per_hour: usdPerHour, spot_usd_per_hour: null },
  });
  const grown = { ...instance, offers: [...instance.offers, at('here', 7), at('there', null)] };
  const after = { ...before, instances: [grown, ...before.instances.slice(1)] };
  expect(changesBetween(before, after)).toMatchObject([
    { kind: 'price', change: 'added', name: expect.stringMatching(/\/here$/) as string, after: 7 },
  ]);
});
