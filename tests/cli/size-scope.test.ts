import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import { facts } from '../engine/world.ts';
import { askConfigiq } from './command.ts';

// What the answer is about: every provider, the prices of the catalog, and places that exist.
const home = mkdtempSync(join(tmpdir(), 'configiq-scope-'));
const QUESTION = ['size', '--model', 'meta-llama/Llama-3.1-8B-Instruct', '--users', '50'];
const configiq = (...args: string[]) => askConfigiq([...QUESTION, ...args], home);

afterAll(() => rmSync(home, { recursive: true, force: true }));

async function answered(...args: string[]): Promise<SizeDocument> {
  const { code, stdout, stderr } = await configiq('--top', '500', '--json', ...args);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as SizeDocument;
}

const offersOf = (provider: string, name: string) =>
  facts.instances.find((entry) => entry.provider === provider && entry.name === name)?.offers ?? [];

describe('every instance of every provider is judged', () => {
  it('at its on-demand price in the cheapest region, equal to the catalog', async () => {
    const { recommendations, excluded, num_passing: passing } = await answered();
    expect(recommendations).toHaveLength(passing);
    const judged = [...recommendations, ...excluded];
    expect(new Set(judged.map(({ provider }) => provider)).size).toBeGreaterThanOrEqual(5);
    expect(new Set(judged.map(({ provider, instance }) => `${provider}/${instance}`)).size).toBe(
      facts.instances.length,
    );
    expect(judged.length).toBeGreaterThanOrEqual(150);
    for (const { provider, instance, region, cost } of recommendations) {
      const prices = offersOf(provider, instance).flatMap(({ onDemandUsdPerHour: price }) => price ?? []);
      const here = offersOf(provider, instance).find((offer) => offer.region === region)?.onDemandUsdPerHour;
      expect([instance, cost.usd_per_hour_instance]).toEqual([instance, here]);
      expect(cost.usd_per_hour_instance).toBe(Math.min(...prices));
    }
  });

  it('with --zone at the price of the region of that zone', async () => {
    const zone = 'europe-west4-a';
    const { recommendations } = await answered('--zone', zone);
    expect(recommendations.length).toBeGreaterThan(5);
    for (const { provider, instance, region, zone: where, cost } of recommendations) {
      const offer = offersOf(provider, instance).find(({ zones }) => zones.includes(zone));
      expect([where, region, cost.usd_per_hour_instance]).toEqual([zone, offer?.region, offer?.onDemandUsdPerHour]);
    }
  });

  it('spot is never mixed in: with it every price is a spot price, and what has none says so', async () => {
    const { recommendations, excluded } = await answered('--pricing', 'spot');
    expect(recommendations.length).toBeGreaterThan(5);
    for (const { provider, instance, region, cost } of recommendations) {
      const offer = offersOf(provider, instance).find((entry) => entry.region === region);
      expect([instance, cost.usd_per_hour_instance]).toEqual([instance, offer?.spotUsdPerHour]);
    }
    const without = facts.instances.filter(
      ({ offers, status }) => status !== 'retired' && offers.every(({ spotUsdPerHour: spot }) => spot === null),
    );
    const unknown = excluded.filter(({ reason }) => reason === 'spot_unknown');
    expect(unknown.length).toBeGreaterThan(0);
    expect(unknown.length).toBeLessThanOrEqual(without.length);
  });
});

describe('places that do not exist', () => {
  it.each([
    [['--zone', 'us-central1-q'], /us-central1-a/],
    [['--region', 'us-centrall1'], /us-central1/],
    [['--zone', 'us-east5'], /"us-east5": that is a region, give it with --region \(its zones are us-east5-a, us-/],
    [['--zone', 'eastus'], /that is a region, give it with --region \(its zones are not known\)/],
    [['--region', 'us-central1-a'], /that is a zone of us-central1, give it with --zone/],
    [['--zone', 'us-central1-a', '--region', 'us-central1'], /give only one of them/],
  ])('%j: exit 2, in at most three lines', async (place, cure) => {
    const { code, stdout, stderr } = await configiq(...place);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(cure);
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  });
});
