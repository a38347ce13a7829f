import { describe, expect, test } from 'vitest';
import type { Relaxation } from '../../../src-worker/protocol/documents.ts';
import { mostUsers } from '../../../src-worker/answers/no-answer/load.ts';
import { roundedUp } from '../../../src-worker/answers/no-answer/targets.ts';
import { size } from '../ask.ts';
import { answerTo, CASES, change, sizeWith, type CaseName } from './cases.ts';

const names = Object.keys(CASES) as CaseName[];

describe.each(names)('relaxations: %s', (name) => {
  const document = answerTo(name);

  test('nothing passes, and at least one change helps', () => {
    expect(document.num_passing).toBe(0);
    expect(document.relaxations.length).toBeGreaterThan(0);
    expect(document.relaxations.length).toBeLessThanOrEqual(8);
  });

  test('each change, laid over the question, brings exactly the answer it promises', () => {
    for (const { change: text, set, ...promised } of document.relaxations) {
      const changed = sizeWith(name, set);
      const [first] = changed.recommendations;
      if (!first) throw new Error(`${text} brings nothing`);
      const { id, instance, instances, gpu, tensor_parallel, quantization, capacity_share, cost, ttft_ms, sla } = first;
      expect({ text, id, instance, instances, gpu, tensor_parallel, quantization, capacity_share }).toEqual({
        text,
        id: promised.id,
        instance: promised.instance,
        instances: promised.instances,
        gpu: promised.gpu,
        tensor_parallel: promised.tensor_parallel,
        quantization: promised.quantization,
        capacity_share: promised.capacity_share,
      });
      expect(cost.usd_per_hour).toBe(promised.usd_per_hour);
      expect(ttft_ms.p95).toBe(promised.ttft_p95_ms);
      expect(sla.filter(({ gating }) => gating).length).toBe(promised.targets);
    }
  });

  test('cheapest first, what is withdrawn from sale last, and each only once', () => {
    const { relaxations } = document;
    const sold = relaxations.filter(({ set }) => set['include_retired'] !== true);
    const costs = sold.map(({ usd_per_hour }) => usd_per_hour ?? Infinity);
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    expect(relaxations.slice(0, sold.length)).toEqual(sold);
    expect(new Set(relaxations.map(({ change: text }) => text)).size).toBe(relaxations.length);
  });
});

describe('relaxations: the load', () => {
  test('the users offered are the most that are served as asked', () => {
    for (const name of ['few GPUs in one zone', 'one GPU for a 70B model', 'the prefix cache off'] as const) {
      const users = Number(change(name, /^Serve/).set['users']);
      expect(sizeWith(name, { users }).num_passing).toBeGreaterThan(0);
      expect(sizeWith(name, { users: users + 1 }).num_passing).toBe(0);
    }
  });

  test('the rate offered is within a hundredth of the most that is served', () => {
    const name = 'far more requests than the GPUs carry';
    const rate = Number(change(name, /^Serve/).set['rate']);
    expect(sizeWith(name, { rate: rate * 1.01 }).num_passing).toBe(0);
  });

  test('the GPUs offered first are the fewest that work', () => {
    for (const name of ['few GPUs in one zone', 'one GPU for a 70B model', 'the prefix cache off'] as const) {
      const offered = answerTo(name).relaxations.flatMap(({ set }) =>
        set['max_gpus'] ? [Number(set['max_gpus'])] : [],
      );
      const fewest = Math.min(...offered);
      expect(sizeWith(name, { max_gpus: fewest }).num_passing).toBeGreaterThan(0);
      expect(sizeWith(name, { max_gpus: fewest - 1 }).num_passing).toBe(0);
    }
  });

  test('more GPUs are offered twice only where the larger number costs less', () => {
    let twice = 0;
    for (const users of [50, 60, 70, 80, 90, 110]) {
      const { relaxations } = size({ ...CASES['few GPUs in one zone'], users });
      const [cheap, few, ...others] = relaxations.filter(({ set }) => 'max_gpus' in set);
      // The question allows eight.
      expect(Number(cheap?.set['max_gpus']), `${users} users`).toBeGreaterThan(8);
      expect(others).toEqual([]);
      if (!few) continue;
      twice += 1;
      expect(Number(cheap?.set['max_gpus'])).toBeGreaterThan(Number(few.set['max_gpus']));
      expect(cheap?.usd_per_hour ?? 0).toBeLessThan(few.usd_per_hour ?? 0);
    }
    expect(twice).toBeGreaterThan(0);
  });

  test('without headroom as much of the capacity is used as the rule at 0 % allows', () => {
    const { set, capacity_share: share, note } = change('no headroom to spare', /^Headroom 50 -> 0 %/);
    expect(set).toEqual({ headroom: 0 });
    expect(share).toBeGreaterThan(0.5);
    expect(share).toBeLessThanOrEqual(0.95 + 1e-9);
    expect(note).toBe('Nothing is left for bursts.');
  });

  test('the search for users finds the edge from any guess, and none where nothing is served', () => {
    const upTo = (edge: number) => (users: number) => users <= edge;
    for (const guess of [0, 1, 27, 28, 29, 50, 400]) expect(mostUsers(guess, 50, upTo(28))).toBe(28);
    expect(mostUsers(7, 50, upTo(0))).toBeNull();
    expect(mostUsers(49, 50, upTo(49))).toBe(49);
  });
});

describe('relaxations: targets', () => {
  const moved = (relaxation: Relaxation): Record<string, number> => relaxation.set['sla'] as Record<string, number>;

  test('rounding goes up to two digits and leaves what has no more', () => {
    expect([431, 440, 0.0123, 9.91, 99.1, 1000].map(roundedUp)).toEqual([440, 440, 0.013, 10, 100, 1000]);
  });

  test('a target that binds moves to the next value of two digits; the one before it serves nobody as cheaply', () => {
    const question = { model: 'meta-llama/Llama-2-70b-hf', users: 10, gpu: ['nvidia-l4'], provider: ['gcp'] };
    const document = size(question);
    // Several may be offered, of which looser ones cost less; the tightest is as near as it gets.
    const offered = document.relaxations.filter(({ change: text }) => text.startsWith('TPOT P50'));
    const value = Math.min(...offered.map((relaxation) => moved(relaxation)['tpot_p50'] ?? Infinity));
    const target = offered.find((relaxation) => moved(relaxation)['tpot_p50'] === value);
    if (!target) throw new Error('TPOT P50 does not move');
    // What an idle replica takes (the nearest exclusion) is the floor.
    const idle = document.no_answer?.nearest?.margin;
    expect(idle).toMatchObject({ metric: 'tpot_p50', limit: 50 });
    expect(value).toBe(roundedUp(idle?.value ?? 0));
    expect(size({ ...question, sla: { tpot_p50: value - 1 } }).num_passing).toBe(0);
    expect(target.note).toMatch(/slower pace of the target: 0\.\d+ instead of 1\.31 requests\/s/);
  });

  test('targets of one kind move together where none is enough alone', () => {
    const together = change('every first token within 5 ms', /TTFT P50 5 -> .*TTFT P95 5 -> .*TTFT P99 5 -> /);
    const { ttft_p50: p50 = 0, ttft_p95: p95 = 0, ttft_p99: p99 = 0 } = moved(together);
    expect(p50).toBeGreaterThan(5);
    expect(p95).toBeGreaterThanOrEqual(p50);
    expect(p99).toBeGreaterThanOrEqual(p95);
    // Any one of them by itself is indeed not enough.
    for (const metric of ['ttft_p50', 'ttft_p95', 'ttft_p99'] as const) {
      const { sla } = CASES['every first token within 5 ms'];
      expect(sizeWith('every first token within 5 ms', { sla: { ...sla, [metric]: 10_000 } }).num_passing).toBe(0);
    }
  });

  test('a tighter value is offered beside the cheap one, for more money', () => {
    const values = answerTo('a first token within 1 ms').relaxations.filter(({ change: text }) =>
      text.startsWith('TTFT'),
    );
    const [cheap, tight] = values;
    if (!cheap || !tight) throw new Error('two values expected');
    expect(moved(tight)['ttft_p50']).toBeLessThan(moved(cheap)['ttft_p50'] ?? 0);
    expect(tight.usd_per_hour ?? 0).toBeGreaterThan(cheap.usd_per_hour ?? 0);
  });

  test('the other targets of the question stay as they were given', () => {
    const document = size({ model: 'meta-llama/Llama-2-7b-hf', users: 10, sla: { ttft_p50: 1, e2e_p99: 60_000 } });
    const target = document.relaxations.find(({ change: text }) => text.startsWith('TTFT P50'));
    expect(target?.set['sla']).toMatchObject({ e2e_p99: 60_000 });
  });
});

describe('relaxations: place, price and filters', () => {
  test('the zone offered is another one of the same region where one works', () => {
    const { set, from, to } = change('few GPUs in one zone', /^Zone europe-west4-a -> /);
    expect(to).toBe(set['zone']);
    expect(from).toBe('europe-west4-a');
    expect(to).toMatch(/^europe-west4-[bc]$/);
  });

  test('no zone of the region is cheaper than the one offered', () => {
    const { usd_per_hour: offered } = change('few GPUs in one zone', /^Zone/);
    for (const zone of ['europe-west4-b', 'europe-west4-c']) {
      const [row] = sizeWith('few GPUs in one zone', { zone }).recommendations;
      expect(row?.cost.usd_per_hour ?? Infinity).toBeGreaterThanOrEqual(offered ?? 0);
    }
  });

  test('a region moves to the cheapest of the same provider that sells what is needed', () => {
    const question = { model: 'meta-llama/Llama-2-7b-hf', users: 10, provider: ['gcp'], gpu: ['nvidia-b200'] };
    const spot = { ...question, pricing: 'spot' } as const;
    const [sold] = size(spot).recommendations;
    const document = size({ ...spot, region: 'europe-west9' });
    expect(document.num_passing).toBe(0);
    const { set } = document.relaxations.find(({ change: text }) => text.startsWith('Region')) ?? {};
    expect(set).toEqual({ region: sold?.region });
  });

  test('spot says that it can be taken back, and of when its price is', () => {
    for (const name of ['few GPUs in one zone', 'on demand without a price'] as const) {
      expect(change(name, /^Use spot/).note).toMatch(
        /taken back at short notice\. (Spot price of|The price is of) .*20\d\d/,
      );
    }
    expect(change('spot where none is sold', /^Pay on demand/).set).toEqual({ pricing: 'ondemand' });
  });

  test('filters are dropped one at a time, and only those that are set', () => {
    const dropped = answerTo('nothing matches the filters').relaxations.map(({ set }) => set);
    expect(dropped).toEqual(expect.arrayContaining([{ gpu: [] }, { provider: [] }]));
    const open = answerTo('one GPU for a 70B model').relaxations.flatMap(({ set }) => Object.keys(set));
    expect(open.filter((key) => ['gpu', 'provider', 'tp', 'zone', 'region'].includes(key))).toEqual([]);
  });

  test('what is withdrawn from sale comes last, with a word about it', () => {
    const { relaxations } = answerTo('retired instances that cost less');
    const last = relaxations.at(-1);
    expect(last).toMatchObject({ set: { include_retired: true } });
    expect(last?.note).toMatch(/withdrawn from sale/);
    expect(relaxations.at(-2)?.usd_per_hour ?? 0).toBeGreaterThan(last?.usd_per_hour ?? Infinity);
  });
});

describe('relaxations: precision and cache', () => {
  test('weights of another format are offered for 16-bit checkpoints only', () => {
    const awq = size({ model: 'Qwen/Qwen2.5-32B-Instruct-AWQ', workload: 'rag', users: 300, max_gpus: 2 });
    expect(awq.num_passing).toBe(0);
    const texts = [...awq.relaxations, ...(awq.no_answer?.unhelpful ?? [])].map(({ change: text }) => text).join('; ');
    expect(texts).not.toMatch(/weights/);
    expect(change('one GPU for a 70B model', /^FP8 weights/).quantization).toBe('fp8');
  });

  test('a prefix cache that was switched off is offered, one that is on is not', () => {
    expect(change('the prefix cache off', /^Prefix cache on/).set).toEqual({ prefix_cache: true });
    expect(answerTo('no headroom to spare').relaxations.some(({ set }) => 'prefix_cache' in set)).toBe(false);
  });
});
