import { describe, expect, test } from 'vitest';
import { priceDoubt } from '../../../src-worker/engine/sizing/offers.ts';
import type { RegionOffer } from '../../../src-worker/engine/hardware/types.ts';

/** Two zones ask what the region does, one asks more. */
const OFFER: RegionOffer = {
  region: 'r',
  onDemandUsdPerHour: 1,
  spotUsdPerHour: 0.1,
  priceAsOf: '2026-10-01',
  priceSource: 'a list',
  zones: ['r-a', 'r-b', 'r-c'],
  zonePrices: [{ zone: 'r-c', onDemandUsdPerHour: 4, spotUsdPerHour: 0.9 }],
  doubts: { onDemand: 'too cheap', spot: 'hardly anything' },
};

describe('doubts about the price of a region', () => {
  test('are those of the zones that ask the same', () => {
    for (const zone of [null, 'r-a', 'r-b']) {
      expect(priceDoubt(OFFER, 'ondemand', zone)).toBe('too cheap');
      expect(priceDoubt(OFFER, 'spot', zone)).toBe('hardly anything');
    }
  });

  test('are none of a zone that asks another', () => {
    expect(priceDoubt(OFFER, 'ondemand', 'r-c')).toBeNull();
    expect(priceDoubt(OFFER, 'spot', 'r-c')).toBeNull();
  });
});
