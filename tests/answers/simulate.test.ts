import { describe, expect, test } from 'vitest';
import { answerSimulate } from '../../src-worker/answers/simulate.ts';
import type { RequestTrace } from '../../src-worker/engine/workload/trace.ts';
import { documentText, type PredictDocument } from '../../src-worker/protocol/documents.ts';
import { simulateInputSchema, type SimulateInputDraft } from '../../src-worker/protocol/requests.ts';
import type { TraceToReplay } from '../../src-worker/protocol/worker-api.ts';
import { facts, modelSource } from '../engine/world.ts';
import { predict } from './ask.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const deployment = { model: MODEL, gpu: 'nvidia-h100-80gb' };
const chat = { ...deployment, input_tokens: 250, output_tokens: 150, input_cv: 0.5, output_cv: 0.5 };
const simulation = { ...chat, method: 'simulation' as const };

const simulate = (draft: Omit<SimulateInputDraft, 'model' | 'gpu'>, trace: TraceToReplay | null = null) =>
  answerSimulate(simulateInputSchema.parse({ ...deployment, ...draft }), trace, modelSource(MODEL), facts);

function traceOf(
  rows: readonly (readonly [arrivalMs: number, prompt: number, output: number])[],
  more: Partial<RequestTrace> = {},
): TraceToReplay {
  const trace: RequestTrace = {
    arrivalMs: Float64Array.from(rows, ([arrival]) => arrival),
    promptTokens: Float64Array.from(rows, ([, prompt]) => prompt),
    outputTokens: Float64Array.from(rows, ([, , output]) => output),
    cachedTokens: null,
    prefixBlocks: null,
    ...more,
  };
  return { trace, file: 'some.csv', format: 'configiq', notes: [], skippedRows: 0, skipped: [] };
}

const everySecond = (count: number, prompt = 300, output = 50) =>
  Array.from({ length: count }, (_, i) => [1000 * i, prompt, output] as const);

const codes = ({ warnings }: PredictDocument): string[] => warnings.map(({ code }) => code);

test('a few long prompts of a trace are no waiting: each takes what its own steps take', () => {
  const rows = Array.from({ length: 100 }, (_, i) => [20_000 * i, i % 14 === 0 ? 60_000 : 300, 50] as const);
  const { bottleneck, ttft_ms: ttft } = simulate({}, traceOf(rows));
  expect(ttft.p95 ?? 0).toBeGreaterThan(1000);
  expect(bottleneck?.kind).not.toBe('queueing');
  // The same prompts all at once do wait, for those before them: the sentence says how long.
  const together = simulate({}, traceOf(rows.map(([, prompt, output]) => [0, prompt, output] as const)));
  expect(together.bottleneck?.kind).toBe('queueing');
  const [waited, whole] = (together.bottleneck?.sentence.match(/[\d,]+(?= (of|ms))/g) ?? []).map((text) =>
    Number(text.replaceAll(',', '')),
  );
  expect((whole ?? 0) - (waited ?? 0)).toBeGreaterThan(0.8 * (ttft.p95 ?? 0));
  expect((whole ?? 0) - (waited ?? 0)).toBeLessThan(1.5 * (ttft.p95 ?? 0));
});

describe('schedulers of a replica', () => {
  test.each<[string, Partial<SimulateInputDraft>]>([
    ['stages, bursts', { pp: 2, rate: 20, arrival: 'gamma', arrival_cv: 3 }],
    ['stages, constant', { pp: 2, rate: 25, arrival: 'constant' }],
    ['ranks, bursts', { dp: 4, rate: 40, arrival: 'gamma', arrival_cv: 3 }],
    ['stages behind a router that takes turns', { pp: 2, replicas: 4, router: 'round_robin', rate: 100 }],
  ])('a steady state is where a long run of all of them goes: %s', (_, draft) => {
    const lengths = { input_tokens: 500, output_tokens: 200, input_cv: 0.5, output_cv: 0.5 };
    const steady = simulate({ ...lengths, ...draft });
    const run = simulate({ ...lengths, ...draft, num_prompts: 60_000 });
    for (const statistic of ['mean', 'p95'] as const) {
      const [one, all] = [steady.ttft_ms[statistic] ?? NaN, run.ttft_ms[statistic] ?? NaN];
      const width = (of: PredictDocument) => of.simulation?.half_width?.ttft_ms[statistic] ?? NaN;
      expect(Math.abs(one - all), statistic).toBeLessThan(width(steady) + (width(run) || 0) + 0.01 * all);
    }
  });
});

describe('predict --method simulation', () => {
  test('a steady state agrees with the closed form at moderate load, within its own intervals and those of the form', () => {
    const simulated = predict({ ...simulation, rate: 20 });
    const closed = predict({ ...chat, rate: 20 });
    for (const kind of ['ttft_ms', 'tpot_ms', 'e2e_ms'] as const) {
      expect((simulated[kind].p50 ?? NaN) / (closed[kind].p50 ?? NaN)).toBeCloseTo(1, 1);
      expect(Math.abs((simulated[kind].p95 ?? NaN) / (closed[kind].p95 ?? NaN) - 1)).toBeLessThan(0.1);
    }
    expect(simulated.batch.mean_running ?? 0).toBeCloseTo(closed.batch.mean_running ?? NaN, 0);
    expect(simulated.utilization).toBe(closed.utilization);
    expect(simulated.simulation).toMatchObject({ kind: 'steady', seed: 1, is_precise: true, rejected_requests: 0 });
    const width = simulated.simulation?.half_width?.ttft_ms.p95 ?? NaN;
    expect(width / (simulated.ttft_ms.p95 ?? NaN)).toBeLessThanOrEqual(0.03);
    expect(simulated.interval?.ttft_ms_p95?.[0] ?? NaN).toBeLessThan(simulated.ttft_ms.p95 ?? NaN);
    expect(simulated.timeline).toBeNull();
  });

  test('the same seed gives the same bytes, another one other figures of the same size', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => predict({ ...simulation, rate: 20, seed }));
    expect(documentText(again as PredictDocument)).toBe(documentText(first as PredictDocument));
    expect(other?.ttft_ms.p95).not.toBe(first?.ttft_ms.p95);
    expect((other?.ttft_ms.p95 ?? NaN) / (first?.ttft_ms.p95 ?? NaN)).toBeCloseTo(1, 1);
  });

  test.each([200, 1e9])('%d requests per second are saturated: nulls, the cause, and where the limit is', (rate) => {
    const document = predict({ ...simulation, rate });
    expect([document.saturated, document.ttft_ms.p95, document.trust, document.simulation]).toEqual([
      true,
      null,
      null,
      null,
    ]);
    expect(document.saturation?.sentence).toMatch(/saturates at \d/);
    expect(document.interval_reason).toMatch(/no steady state/);
  });

  // 36.5 a second are carried; a little above them the cache is what is short, far above no cache would do.
  test.each([37, 40, 1000, 1e9])('%d requests per second have one cause, whoever is asked', (rate) => {
    const question = { ...deployment, input_tokens: 500, output_tokens: 200, rate };
    const [closed, simulated] = [predict(question), predict({ ...question, method: 'simulation' })];
    expect(closed.saturated).toBe(true);
    expect(simulated.saturation?.kind).toBe(closed.saturation?.kind);
    expect(simulated.bottleneck?.kind).toBe(closed.bottleneck?.kind);
    const firstSentence = ({ saturation }: PredictDocument) => saturation?.sentence.split('. ')[0];
    expect(firstSentence(simulated)).toBe(firstSentence(closed));
  });

  test('slightly above what is carried is saturated as well, and not a very long queue', () => {
    const limit = Number(/saturates at ([\d.]+)/.exec(predict({ ...chat, rate: 500 }).saturation?.sentence ?? '')?.[1]);
    expect(predict({ ...simulation, rate: limit * 1.02 }).saturated).toBe(true);
    expect(predict({ ...simulation, rate: limit * 0.9 }).saturated).toBe(false);
  });

  test('saturated below the closed form’s limit: the sentence does not claim that more comes than is served', () => {
    // The case of a review: 21 a second, where the closed form has 21.1; the simulation sees a queue that grows.
    const long = { input_tokens: 1000, output_tokens: 200, input_cv: 0.6119, output_cv: 0.5333 };
    const below = predict({ ...simulation, ...long, rate: 21 });
    expect(below.saturated).toBe(true);
    expect(below.saturation?.sentence).toBe(
      'What waits still grew in the simulation; the closed form puts saturation at 21.1 requests/s, within its error.',
    );
    expect(predict({ ...simulation, ...long, rate: 22 }).saturation?.sentence).toMatch(
      /In closed form a replica saturates at 21\.1 requests\/s\.$/,
    );
  });

  test('a share of the requests that are cut is whole percent, and tokens have thousands marks', () => {
    const { warnings } = predict({ ...chat, rate: 0.01, input_tokens: 200_000, input_cv: 0 });
    expect(warnings.find(({ code }) => code === 'context_cut')?.sentence).toMatch(
      /^100 % of the requests are longer than the 131,072 tokens of /,
    );
  });

  test('hardly any load is the latency of one request at a time', () => {
    const lone = predict({ ...simulation, rate: 1e-9 });
    const user = predict({ ...simulation, concurrency: 1 });
    expect((lone.tpot_ms.mean ?? NaN) / (user.tpot_ms.mean ?? NaN)).toBeCloseTo(1, 3);
    expect(lone.throughput.requests_per_s ?? NaN).toBeCloseTo(1e-9, 10);
  });

  test('closed loop: Little holds, with and without think time', () => {
    for (const [users, think] of [
      [8, 0],
      [32, 5],
    ] as const) {
      const { throughput, e2e_ms } = predict({ ...simulation, concurrency: users, think_time: think });
      const inLoop = (throughput.requests_per_s ?? NaN) * ((e2e_ms.mean ?? NaN) / 1000 + think);
      expect(inLoop / users).toBeCloseTo(1, 1);
    }
  });

  test('replicas: twice the rate on two is the same latency; users that cannot be split evenly are told', () => {
    const one = predict({ ...simulation, rate: 10 });
    const two = predict({ ...simulation, rate: 20, replicas: 2 });
    expect(two.ttft_ms).toEqual(one.ttft_ms);
    expect((two.throughput.requests_per_s ?? NaN) / (one.throughput.requests_per_s ?? NaN)).toBeCloseTo(2, 9);
    expect(codes(predict({ ...simulation, concurrency: 3, replicas: 2 }))).toContain('uneven_users');
    expect(codes(predict({ ...simulation, concurrency: 4, replicas: 2 }))).not.toContain('uneven_users');
  });

  test('as uneven in the long run, bursts that die away sooner are denser; the decay of the code workload is the default', () => {
    const hawkes = { ...simulation, rate: 40, arrival: 'hawkes' as const, arrival_cv: 3, num_prompts: 20_000 };
    const [slow, usual, quick] = [0.2, 2, 20].map((decay) => predict({ ...hawkes, arrival_decay: decay }));
    const without = predict(hawkes);
    expect(usual?.ttft_ms).toEqual(without.ttft_ms);
    expect((usual?.ttft_ms.p99 ?? NaN) / (slow?.ttft_ms.p99 ?? NaN)).toBeGreaterThan(1.1);
    expect((quick?.ttft_ms.p99 ?? NaN) / (usual?.ttft_ms.p99 ?? NaN)).toBeGreaterThan(1.1);
  });

  test('a share of every prompt is cached as a prefix of so many tokens is where all prompts are alike', () => {
    const alike = { ...simulation, rate: 20, input_cv: 0, prefix_hit_rate: 0.5 };
    const share = predict({ ...alike, cacheable_ratio: 0.4 });
    const tokens = predict({ ...alike, prefix_tokens: 100 });
    expect(share.ttft_ms).toEqual(tokens.ttft_ms);
    expect(share.simulation?.cached_fraction).toBeCloseTo(0.2, 1);
    // All of them, where nothing says how often.
    expect(predict({ ...simulation, rate: 20, cacheable_ratio: 0.4 }).simulation?.cached_fraction).toBeCloseTo(0.4, 1);
  });

  test.each(['constant', 'gamma', 'hawkes'] as const)('%s arrivals: burstier ones wait longer', (arrival) => {
    const poisson = predict({ ...simulation, rate: 40 });
    const other = predict({ ...simulation, rate: 40, arrival, arrival_cv: arrival === 'constant' ? null : 3 });
    const ratio = (other.ttft_ms.p99 ?? NaN) / (poisson.ttft_ms.p99 ?? NaN);
    if (arrival === 'constant') expect(ratio).toBeLessThan(1);
    else expect(ratio).toBeGreaterThan(1.05);
  });

  test('urgent requests go first where there is a queue, and are told apart', () => {
    const load = { concurrency: 400, max_num_seqs: 32, num_prompts: 4000 };
    const document = predict({ ...simulation, ...load, scheduling_policy: 'priority', urgent_fraction: 0.1 });
    const [urgent, usual] = document.simulation?.classes ?? [];
    expect(urgent).toMatchObject({ priority: 0 });
    expect(usual).toMatchObject({ priority: 1 });
    expect((urgent?.requests ?? 0) + (usual?.requests ?? 0)).toBe(4000);
    expect((urgent?.requests ?? 0) / 4000).toBeCloseTo(0.1, 1);
    expect((usual?.ttft_ms.p50 ?? 0) / (urgent?.ttft_ms.p50 ?? NaN)).toBeGreaterThan(3);
    expect(predict({ ...simulation, ...load }).simulation?.classes).toBeNull();
  });
});

describe('finite runs', () => {
  test('num_prompts: nothing is discarded, and the run ends', () => {
    const { simulation: run, throughput } = predict({ ...simulation, rate: 20, num_prompts: 500 });
    expect(run).toMatchObject({ kind: 'run', requests: 500, is_precise: null });
    expect((throughput.requests_per_s ?? NaN) * (run?.wall_s ?? NaN)).toBeCloseTo(500, 6);
  });

  test('above capacity a run has an end, longer runs longer waits, and no ranges', () => {
    const [short, long] = [500, 5000].map((num_prompts) => predict({ ...simulation, rate: 500, num_prompts }));
    expect(short?.saturated).toBe(false);
    expect(codes(short as PredictDocument)).toContain('over_capacity');
    expect(long?.ttft_ms.p95 ?? 0).toBeGreaterThan((short?.ttft_ms.p95 ?? NaN) * 2);
    expect([long?.interval, long?.simulation?.half_width]).toEqual([null, null]);
    expect(long?.utilization).toBe(1);
  });

  test('rate inf, a batch and a closed loop of as many users send the same requests at once', () => {
    const offline = predict({ ...simulation, rate: 'inf', num_prompts: 200 });
    const batch = predict({ ...simulation, batch: 200 });
    const users = predict({ ...simulation, concurrency: 200, num_prompts: 200 });
    expect(batch.ttft_ms).toEqual(offline.ttft_ms);
    expect(batch.throughput).toEqual(offline.throughput);
    expect((users.ttft_ms.p95 ?? NaN) / (batch.ttft_ms.p95 ?? NaN)).toBeCloseTo(1, 1);
  });

  test('requests and users are dealt out over replicas: the whole has the throughput of all', () => {
    const one = predict({ ...simulation, concurrency: 16, num_prompts: 400 });
    const four = predict({ ...simulation, concurrency: 64, num_prompts: 1600, replicas: 4 });
    expect(four.simulation?.requests).toBe(1600);
    expect((four.throughput.requests_per_s ?? NaN) / (one.throughput.requests_per_s ?? NaN) / 4).toBeCloseTo(1, 1);
    const many = predict({ ...simulation, rate: 1000, num_prompts: 2000, replicas: 100 });
    expect(many.trust?.sentence).toMatch(/64 of 100 replicas/);
    // Sixty-four of a hundred get each request with that chance: five standard deviations of their number.
    const requests = many.simulation?.requests ?? 0;
    expect(Math.abs(requests - 64 * 20)).toBeLessThan(5 * Math.sqrt(2000 * 0.64 * 0.36));
    expect((many.throughput.requests_per_s ?? NaN) * (many.simulation?.wall_s ?? NaN)).toBeCloseTo(2000, 3);
  });

  test('as many run on a replica as Little says of all, whether all of them are simulated or some', () => {
    for (const [load, numSimulated] of [
      [{ rate: 80, num_prompts: 1600, replicas: 4 }, 4],
      [{ concurrency: 64, num_prompts: 800, replicas: 4 }, 4],
      [{ rate: 1000, num_prompts: 2000, replicas: 100 }, 64],
    ] as const) {
      const { batch, simulation: run, ttft_ms: ttft, e2e_ms: e2e } = predict({ ...simulation, ...load });
      const decodingS = ((e2e.mean ?? NaN) - (ttft.mean ?? NaN)) / 1000;
      const running = ((run?.requests ?? NaN) * decodingS) / (run?.wall_s ?? NaN);
      expect(((batch.mean_running ?? NaN) * numSimulated) / running).toBeCloseTo(1, 6);
    }
  });

  test('of what a burst waits neither its prompts nor their tokenizing are waiting', () => {
    const figures = (batch: number) => simulate({ input_tokens: 8000, output_tokens: 2, batch });
    const alone = figures(1).ttft_ms.p95 ?? NaN;
    const { bottleneck, ttft_ms: ttft } = figures(4);
    const [, waiting = '', all = ''] = /: ([\d,.]+) of ([\d,.]+) ms/.exec(bottleneck?.sentence ?? '') ?? [];
    expect(bottleneck?.kind).toBe('queueing');
    expect(Number(all.replaceAll(',', ''))).toBe(Math.round(ttft.p95 ?? NaN));
    expect(Math.abs(Number(waiting.replaceAll(',', '')) - ((ttft.p95 ?? NaN) - alone))).toBeLessThan(1);
  });

  test('one request fills as much of the KV cache as it is long', () => {
    const { timeline, memory } = simulate({ input_tokens: 8000, output_tokens: 400, batch: 1 });
    const most = Math.max(...(timeline?.kv_cache_fraction ?? [])) * (memory.kv_cache_tokens ?? NaN);
    expect(most).toBeGreaterThan(8000);
    // Half a block of 16 tokens more than prompt and answer, at most.
    expect(most).toBeLessThanOrEqual(8416);
  });

  test('requests that the KV cache can never hold are counted, and in no figure', () => {
    const long = { ...simulation, input_tokens: 3000, input_cv: 1.5, gpu: 'nvidia-l4', model: MODEL };
    const document = predict({ ...long, rate: 0.2, num_prompts: 1000, gpu_memory_utilization: 0.92 });
    const { requests = 0, rejected_requests: rejected = 0 } = document.simulation ?? {};
    expect(requests + rejected).toBe(1000);
    expect(rejected).toBeGreaterThan(0);
    expect(codes(document)).toContain('never_fits');
  });

  test('the closed form takes from num_prompts how large the opening burst of a closed loop is', () => {
    const runs = [64 * 2, 64 * 10, 64 * 1000, null].map((num_prompts) =>
      predict({ ...chat, concurrency: 64, num_prompts }),
    );
    const means = runs.map((document) => document.ttft_ms.mean ?? NaN);
    expect(means[0]).toBeGreaterThan(means[1] ?? NaN);
    expect(means[1]).toBeGreaterThan(means[2] ?? NaN);
    // Without a number of requests it is what a run of very many comes to.
    expect((means[2] ?? NaN) / (means[3] ?? NaN)).toBeGreaterThan(1);
    expect((means[2] ?? NaN) / (means[3] ?? NaN)).toBeLessThan(1.02);
    expect(codes(predict({ ...chat, rate: 5, num_prompts: 100 }))).toContain('num_prompts_ignored');
    expect(predict({ ...chat, rate: 'inf', num_prompts: 64 }).ttft_ms).toEqual(predict({ ...chat, batch: 64 }).ttft_ms);
  });
});

describe('replicas behind a router', () => {
  const ROUTERS = ['random', 'round_robin', 'least_loaded'] as const;
  const loads = [
    { rate: 60 },
    { rate: 60, num_prompts: 800 },
    { rate: 'inf', num_prompts: 300 },
    { batch: 300 },
    { concurrency: 60, think_time: 2 },
    { concurrency: 60, num_prompts: 800 },
    { rate: 60, arrival: 'hawkes', num_prompts: 500 },
  ] as const;

  test.each(loads)('%j: one replica is the same behind any', (load) => {
    const [random, ...others] = ROUTERS.map((router) => predict({ ...simulation, ...load, router }));
    for (const other of others) expect({ ...other, input: null, warnings: [] }).toEqual({ ...random, input: null });
    expect(random?.simulation?.router).toBeNull();
  });

  test.each(['round_robin', 'least_loaded'] as const)(
    '%s has nothing to choose of one replica, and says so',
    (router) => {
      const sentence = `Router ${router} has nothing to choose: there is one replica, which gets all requests.`;
      const note = { code: 'router_idle', sentence };
      const question = { ...chat, rate: 10, router };
      for (const method of ['batching', 'mg1', 'simulation'] as const) {
        expect(predict({ ...question, method }).warnings).toContainEqual(note);
        if (method !== 'mg1')
          expect(codes(predict({ ...question, method, replicas: 2, router: 'random' }))).toEqual([]);
      }
      expect(simulate({ router }, traceOf(everySecond(10))).warnings).toContainEqual(note);
      expect(codes(predict({ ...question, router: 'random' }))).toEqual([]);
    },
  );

  test.each(loads)('%j: four say who routes, serve everybody, and give the same bytes for a seed', (load) => {
    for (const router of ROUTERS) {
      const question = { ...simulation, ...load, router, replicas: 4 };
      const document = predict(question);
      const isEven = router === 'random' && ('batch' in load || 'concurrency' in load || load.rate === 'inf');
      expect(document.simulation?.router).toBe(isEven ? 'even' : router);
      expect(document.trust?.sentence).toMatch(/4 replicas/);
      expect(documentText(predict(question))).toBe(documentText(document));
      const asked = 'batch' in load ? load.batch : 'num_prompts' in load ? load.num_prompts : null;
      if (asked !== null) expect(document.simulation?.requests).toBe(asked);
      // Throughput is of the whole, what runs of a replica: together they say how long an answer takes (Little).
      const { throughput, batch, tpot_ms: tpot } = document;
      const decodingMs = ((batch.mean_running ?? NaN) * 4000) / (throughput.requests_per_s ?? NaN);
      expect(decodingMs / ((tpot.mean ?? NaN) * 149)).toBeGreaterThan(0.9);
      expect(decodingMs / ((tpot.mean ?? NaN) * 149)).toBeLessThan(1.15);
    }
  });

  test('streams of a replica share out what it gets by themselves, and one replica has no router', () => {
    const streams = { ...simulation, rate: 40, dp: 2, ep: 1, num_prompts: 600 };
    const [one, routed] = [predict(streams), predict({ ...streams, router: 'least_loaded' as const })];
    expect(routed.ttft_ms).toEqual(one.ttft_ms);
    for (const router of ROUTERS) {
      const two = predict({ ...streams, rate: 80, replicas: 2, router });
      expect(two.simulation?.requests).toBe(600);
      expect((two.batch.mean_running ?? NaN) / (one.batch.mean_running ?? NaN)).toBeCloseTo(1, 0);
    }
  });

  test('constant arrivals stay constant in turn, and are geometric at random', () => {
    const constant = { ...simulation, input_cv: 0, output_cv: 0, arrival: 'constant' as const };
    const alone = predict({ ...constant, rate: 60 });
    const turns = predict({ ...constant, rate: 240, replicas: 4, router: 'round_robin' as const });
    const random = predict({ ...constant, rate: 240, replicas: 4 });
    expect(turns.ttft_ms).toEqual(alone.ttft_ms);
    expect(random.ttft_ms.p99 ?? NaN).toBeGreaterThan(1.2 * (alone.ttft_ms.p99 ?? NaN));
  });

  test('in closed form, in turn is gamma gaps of the sum of so many; it agrees with the simulation', () => {
    const question = { ...chat, rate: 160, replicas: 4, router: 'round_robin' as const };
    const turns = predict(question);
    const gamma = predict({ ...chat, rate: 40, arrival: 'gamma', arrival_cv: 0.5 });
    expect(turns.ttft_ms).toEqual(gamma.ttft_ms);
    const simulated = predict({ ...question, method: 'simulation' as const });
    const random = predict({ ...question, router: 'random' as const });
    for (const statistic of ['p50', 'p95', 'p99'] as const) {
      const value = simulated.ttft_ms[statistic] ?? NaN;
      expect(Math.abs((turns.ttft_ms[statistic] ?? NaN) / value - 1), statistic).toBeLessThan(0.06);
      expect(turns.ttft_ms[statistic] ?? NaN).toBeLessThan(random.ttft_ms[statistic] ?? NaN);
    }
  });
});

describe('what contradicts itself is refused in words', () => {
  test.each<[object, RegExp]>([
    [{ rate: 5, arrival: 'hawkes', arrival_cv: 0.5 }, /arrival_cv 0\.5 is not above 1: .* Use --arrival gamma/],
    [{ rate: 5, arrival: 'hawkes', arrival_cv: 1 }, /arrival_cv 1 is not above 1: .* Use --arrival poisson/],
    [{ rate: 'inf' }, /num-prompts/],
    [{ rate: 'inf', num_prompts: 10, arrival: 'gamma' }, /all requests come at once/],
    [{ batch: 8, num_prompts: 9 }, /contradicts batch 8/],
    [{ rate: 1, scheduling_policy: 'priority' }, /--urgent-fraction/],
    [{ rate: 1, urgent_fraction: 0.5 }, /belongs to --scheduling-policy priority/],
    [{ rate: 1, method: 'batching', scheduling_policy: 'priority', urgent_fraction: 0.5 }, /--method simulation/],
    [{ rate: 'inf', num_prompts: 10, method: 'mg1' }, /open arrivals only/],
    [{ rate: 'inf', num_prompts: 1, replicas: 2 }, /cannot be split/],
    [{ rate: 1, arrival_cv: 2 }, /gamma or hawkes/],
    [{ rate: 1, arrival: 'gamma', arrival_decay: 2 }, /arrival_decay 2 belongs to --arrival hawkes/],
    [{ rate: 1, method: 'batching', arrival: 'hawkes', arrival_decay: 2 }, /needs --method simulation/],
    [{ rate: 1, cacheable_ratio: 0.5, prefix_tokens: 100 }, /cacheable_ratio 0\.5 contradicts prefix_tokens 100/],
    [{ rate: 0 }, /rate/],
    [{ rate: -1 }, /rate/],
    [{ rate: Infinity }, /rate/],
    [{ rate: 1, arrival: 'gamma', arrival_cv: 50 }, /arrival_cv/],
    [{ rate: 1, num_prompts: 1e9 }, /num_prompts/],
    [{ rate: 1, input_tokens: 1e9 }, /input_tokens/],
    [{ rate: 1, num_prompts: 0 }, /num_prompts/],
    [{ concurrency: 1_000_000 }, /too long.*num_prompts/],
    [{ rate: 1, router: 'least_busy' }, /router/],
    [{ rate: 1, replicas: 2, router: 'least_loaded', method: 'batching' }, /least_loaded needs --method simulation/],
    [{ rate: 1, replicas: 2, router: 'least_loaded', method: 'mg1' }, /least_loaded needs --method simulation/],
    [{ concurrency: 8, replicas: 2, router: 'round_robin', method: 'batching' }, /deals users and batches out evenly/],
    [{ rate: 100, replicas: 65, router: 'least_loaded' }, /65 are more than the 64 schedulers/],
    [{ rate: 100, replicas: 20, pp: 4, router: 'least_loaded' }, /20 of 4 streams each are more than the 64/],
    [{ concurrency: 500, replicas: 100, router: 'round_robin' }, /more than the 64 schedulers/],
  ])('%j', (fields, words) => {
    expect(() => predict({ ...simulation, ...fields })).toThrow(words);
  });
});

describe('simulate', () => {
  test('has the figures of predict, and a timeline whose averages are theirs', () => {
    const document = simulate({ ...chat, rate: 20, num_prompts: 2000 });
    const predicted = predict({ ...simulation, rate: 20, num_prompts: 2000 });
    expect(document.ttft_ms).toEqual(predicted.ttft_ms);
    const timeline = document.timeline;
    if (!timeline) expect.fail('no timeline');
    const bins = timeline.from_s.length;
    expect(bins).toBeLessThanOrEqual(480);
    for (const column of ['running', 'waiting', 'kv_cache_fraction', 'preemptions'] as const) {
      expect(timeline[column]).toHaveLength(bins);
    }
    const meanRunning = timeline.running.slice(0, -1).reduce((sum, value) => sum + value, 0) / (bins - 1);
    expect(meanRunning / (document.batch.mean_running ?? NaN)).toBeCloseTo(1, 1);
    expect(Math.max(...timeline.kv_cache_fraction)).toBeLessThanOrEqual(1);
  });

  test('without a trace it needs lengths', () => {
    expect(() => simulate({ rate: 1 })).toThrow(/input_tokens is missing.*--trace/);
    expect(() => simulate({ rate: 1, input_tokens: 5, output_tokens: 5, trace_speed: 2 })).toThrow(
      /belongs to --trace/,
    );
  });
});

describe('simulate with a trace', () => {
  test('requests that never meet have the latency of one alone, whatever the seed', () => {
    const document = simulate({}, traceOf(everySecond(50)));
    const alone = predict({
      ...simulation,
      input_tokens: 300,
      output_tokens: 50,
      input_cv: 0,
      output_cv: 0,
      concurrency: 1,
      num_prompts: 5,
    });
    expect(document.ttft_ms.p50).toBeCloseTo(alone.ttft_ms.p50 ?? NaN, 6);
    expect(document.e2e_ms.p99).toBeCloseTo(alone.e2e_ms.p99 ?? NaN, 6);
    expect(document.simulation).toMatchObject({ kind: 'trace', seed: null, requests: 50, half_width: null });
    expect(document.trace).toMatchObject({ file: 'some.csv', requests: 50, duration_s: 49, mean_input_tokens: 300 });
    expect(documentText(simulate({ seed: 7 }, traceOf(everySecond(50)))).replace('"seed": 7', '"seed": 1')).toBe(
      documentText(document),
    );
  });

  test('faster than recorded is a higher rate; the first of them are a shorter trace', () => {
    const rows = everySecond(400);
    const fast = simulate({ trace_speed: 40 }, traceOf(rows));
    expect(fast.trace?.requests_per_s).toBeCloseTo((400 / 399) * 40, 6);
    expect(fast.ttft_ms.mean ?? 0).toBeGreaterThan(simulate({}, traceOf(rows)).ttft_ms.mean ?? NaN);
    expect(simulate({ num_prompts: 10 }, traceOf(rows)).simulation?.requests).toBe(10);
  });

  test('over replicas a router shares it out: all requests are served, and wait less', () => {
    const rows = Array.from({ length: 300 }, (_, i) => [5 * i, 500, 100] as const);
    const one = simulate({}, traceOf(rows));
    expect(one.simulation).toMatchObject({ router: null, seed: null });
    const words = {
      random: /3 replicas at random/,
      round_robin: /3 replicas in turn/,
      least_loaded: /least loaded of 3/,
    };
    for (const router of ['random', 'round_robin', 'least_loaded'] as const) {
      const three = simulate({ replicas: 3, router }, traceOf(rows));
      // Who is sent where is drawn by one of them alone.
      expect(three.simulation).toMatchObject({ requests: 300, router, seed: router === 'random' ? 1 : null });
      expect(three.trust?.sentence).toMatch(words[router]);
      expect(three.e2e_ms.p95 ?? NaN).toBeLessThan(one.e2e_ms.p95 ?? NaN);
      expect(three.timeline?.from_s.length).toBeGreaterThan(10);
    }
  });

  test('prompts that begin alike are found in the cache; blocks that do not fill KV blocks are told', () => {
    const rows = everySecond(20, 1024, 10);
    const blocks = (blockTokens: number) => {
      const each = Math.ceil(1024 / blockTokens);
      return {
        blockTokens,
        offsets: Uint32Array.from({ length: 21 }, (_, i) => i * each),
        ids: Uint32Array.from({ length: 20 * each }, (_, i) => i % each),
      };
    };
    const cached = simulate({}, traceOf(rows, { prefixBlocks: blocks(512) }));
    expect(cached.simulation?.cached_fraction ?? 0).toBeGreaterThan(0.9);
    expect(cached.ttft_ms.p50 ?? NaN).toBeLessThan(simulate({}, traceOf(rows)).ttft_ms.p50 ?? NaN);
    expect(codes(simulate({}, traceOf(rows, { prefixBlocks: blocks(100) })))).toContain('prefix_blocks_unused');
    const found = simulate({}, traceOf(rows, { cachedTokens: new Float64Array(20).fill(512) }));
    expect(found.simulation?.cached_fraction).toBeCloseTo(0.5, 9);
  });

  test('what is longer than the context is cut, with the shares; ten million tokens too', () => {
    const document = simulate({}, traceOf([...everySecond(9), [9000, 1e7, 1e7]]));
    expect(codes(document)).toContain('context_cut');
    expect(document.warnings.find(({ code }) => code === 'context_cut')?.sentence).toMatch(/^10 % of the requests/);
    expect(document.simulation?.requests).toBe(10);
  });

  test('more than is served says so', () => {
    const rows = Array.from({ length: 3000 }, (_, i) => [2 * i, 1000, 200] as const);
    expect(codes(simulate({}, traceOf(rows)))).toContain('over_capacity');
    expect(codes(simulate({}, traceOf(everySecond(100))))).not.toContain('over_capacity');
  });

  test('all at once, and a single request, are traces too', () => {
    const burst = simulate({}, traceOf(Array.from({ length: 50 }, () => [0, 100, 20] as const)));
    expect(burst.trace).toMatchObject({ duration_s: 0, requests_per_s: null });
    expect(burst.simulation?.requests).toBe(50);
    expect(simulate({ replicas: 4 }, traceOf([[0, 1, 1]])).tpot_ms.p50).toBeNull();
  });

  test.each<[object, RegExp]>([
    [{ rate: 3 }, /leave --rate/],
    [{ concurrency: 3 }, /leave --rate, --concurrency/],
    [{ input_tokens: 100 }, /input_tokens 100 contradicts --trace/],
    [{ output_cv: 1 }, /output_cv 1 contradicts/],
    [{ arrival: 'gamma' }, /belongs to --rate/],
    [{ think_time: 3 }, /belongs to --concurrency/],
  ])('%j beside a trace is refused', (fields, words) => {
    expect(() => simulate(fields, traceOf(everySecond(3)))).toThrow(words);
  });

  test('what lacks memory is answered with nulls and the shortfall', () => {
    const input = simulateInputSchema.parse({ model: 'meta-llama/Llama-3.1-70B-Instruct', gpu: 'nvidia-h100-80gb' });
    const document = answerSimulate(input, traceOf(everySecond(3)), modelSource(input.model), facts);
    expect(document.memory.fits).toBe(false);
    expect([document.ttft_ms.p50, document.simulation, document.timeline]).toEqual([null, null, null]);
    expect(document.trace?.requests).toBe(3);
  });
});
