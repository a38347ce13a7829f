import { describe, expect, test } from 'vitest';
import { facts, first, known, LLAMA_2_7B, LLAMA_3_70B, LLAMA_3_8B, rowOf, size } from './asked.ts';

// Cost, catalogs and places: bugs 29 to 33.

const relaxed = { ttft_p50: 1e4, ttft_p95: 2e4, ttft_p99: 4e4, tpot_p50: 100, tpot_p95: 200, tpot_p99: 300 };

test('bug 29: a request costs the rent over the requests, however many instances share them', () => {
  const at = (headroom: number) =>
    first(size({ model: LLAMA_2_7B, users: 4000, headroom, provider: ['lambda'], gpu: ['nvidia-h100-80gb'], tp: 1 }));
  const [low, high] = [at(0), at(50)];
  for (const { cost, instances, throughput } of [low, high]) {
    expect(known(cost.usd_per_request) * known(throughput.requests_per_s) * 3600).toBeCloseTo(
      known(cost.usd_per_hour),
      6,
    );
    expect(known(cost.usd_per_hour)).toBeCloseTo(instances * known(cost.usd_per_hour_instance), 9);
    expect(known(cost.usd_per_1k_tokens) * known(throughput.total_tokens_per_s) * 3.6).toBeCloseTo(
      known(cost.usd_per_hour),
      4,
    );
  }
  // Twice the reserve costs twice as much, not four times.
  expect(known(high.cost.usd_per_request) / known(low.cost.usd_per_request)).toBeLessThan(2.2);
});

describe('bug 30: every instance has its own price', () => {
  test('the same GPU in larger hosts costs more', () => {
    const answer = size({
      model: LLAMA_2_7B,
      users: 10,
      provider: ['gcp'],
      gpu: ['nvidia-l4'],
      sla: relaxed,
      top: 100,
    });
    const prices = ['g2-standard-4', 'g2-standard-8', 'g2-standard-16'].map((name) =>
      known(rowOf(answer, name).cost.usd_per_hour_instance),
    );
    expect(prices).toEqual([...new Set(prices)].sort((a, b) => a - b));
  });

  test('spot is asked for, or not there: never the on-demand price in its place', () => {
    const answer = size({ model: LLAMA_2_7B, users: 10, pricing: 'spot', sla: relaxed, top: 500 });
    for (const { provider, instance, region, cost } of answer.recommendations) {
      const offer = facts.instances
        .find((entry) => entry.provider === provider && entry.name === instance)
        ?.offers.find((entry) => entry.region === region);
      expect(cost.usd_per_hour_instance, instance).toBe(offer?.spotUsdPerHour);
    }
    expect(answer.excluded.some(({ reason }) => reason === 'spot_unknown')).toBe(true);
  });

  test('the list is in the order of the figure that it shows first', () => {
    const costs = size({ model: LLAMA_2_7B, users: 100, top: 500 }).recommendations.map(({ cost }) =>
      known(cost.usd_per_request),
    );
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
  });
});

describe('bug 31: a zone that is not there', () => {
  test('is refused with those near it, never answered with the whole catalog', () => {
    const ask = () => size({ model: LLAMA_2_7B, users: 10, zone: 'us-centra1-a' });
    expect(ask).toThrow(/us-centra1-a.*us-central1-a/);
    expect(() => size({ model: LLAMA_2_7B, users: 10, region: 'us-wset1' })).toThrow(/us-west1/);
  });

  test('and one that sells too little answers with what it lacks', () => {
    const zone = 'us-central1-a';
    const answer = size({ model: LLAMA_2_7B, users: 10, zone, sla: relaxed, top: 500 });
    for (const { provider, zones } of answer.recommendations) expect([provider, zones]).toEqual(['gcp', [zone]]);
    expect(answer.recommendations.length + answer.excluded.length).toBe(facts.instances.length);
    expect(
      answer.excluded.filter(({ reason }) => reason === 'not_in_zone' || reason === 'zone_unknown').length,
    ).toBeGreaterThan(100);
  });
});

test('bug 32: prices are those of the region, and spot is no fixed share of them', () => {
  const ask = (region: string) =>
    size({ model: LLAMA_2_7B, users: 10, region, provider: ['gcp'], gpu: ['nvidia-l4'], sla: relaxed, top: 100 });
  const [there, here] = ['us-central1', 'europe-west4'].map((region) =>
    known(rowOf(ask(region), 'g2-standard-8').cost.usd_per_hour_instance),
  );
  expect(there).not.toBe(here);
  const shares = facts.instances.flatMap(({ offers }) =>
    offers.flatMap(({ spotUsdPerHour: spot, onDemandUsdPerHour: full }) =>
      spot === null || full === null ? [] : [Math.round((100 * spot) / full)],
    ),
  );
  expect(new Set(shares).size).toBeGreaterThan(20);
});

test('bug 33: a host too small to load the weights is excluded or warned of', () => {
  const answer = size({ model: LLAMA_3_70B, users: 5, quantization: ['int4'], sla: relaxed, top: 500 });
  const hosts = new Map(facts.instances.map((entry) => [`${entry.provider}/${entry.name}`, entry.hostMemoryBytes]));
  // 70.6 billion weights at 0.52 bytes, and 4 GiB.
  const needed = 39e9 + 4 * 2 ** 30;
  for (const row of answer.recommendations) {
    const bytes = hosts.get(`${row.provider}/${row.instance}`);
    if (bytes === null || bytes === undefined || Math.abs(bytes / needed - 1) < 0.1) continue;
    expect(
      row.warnings.some(({ code }) => code === 'host_memory_tight'),
      row.instance,
    ).toBe(bytes < needed);
  }
  const tight = answer.recommendations.filter(({ warnings }) =>
    warnings.some(({ code }) => code === 'host_memory_tight'),
  );
  const excluded = size({ model: LLAMA_3_8B, users: 5, top: 1 }).excluded.filter(
    ({ reason }) => reason === 'host_memory',
  );
  expect(tight.length + excluded.length).toBeGreaterThan(0);
});
