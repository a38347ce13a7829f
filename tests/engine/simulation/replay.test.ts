import { describe, expect, test } from 'vitest';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { replayRun, type RunRequests, type RunServer } from '../../../src-worker/engine/simulation/replay.ts';
import { Draws } from '../roofline/random-deployments.ts';
import { stepPlanOf } from '../world.ts';
import { slowReplay, type SlowRun } from './slow-replay.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
/** Step times linear in the context, where a stretch of decodes is one jump without error: no window, nothing hidden. */
const linear: StepPlan = { ...stepPlanOf(MODEL, 'nvidia-a100-80gb'), hidesSequenceTime: false };

const requestsFrom = (
  rows: readonly { arrival?: number; prompt: number; cached?: number; output: number }[],
): RunRequests => ({
  arrivalMs: Float64Array.from(rows, ({ arrival = 0 }) => arrival),
  promptTokens: Float64Array.from(rows, ({ prompt }) => prompt),
  cachedTokens: Float64Array.from(rows, ({ cached = 0 }) => cached),
  outputTokens: Float64Array.from(rows, ({ output }) => output),
});

interface Case {
  requests: RunRequests;
  server: RunServer;
  clients: number | null;
}

/** Small runs with everything that is odd in them: single tokens, cached prompts, ties, few seats, tiny budgets. */
function randomCase(draws: Draws, plan = linear): Case {
  const count = draws.whole(1, 40);
  let clock = 0;
  const gapMs = draws.magnitude(0.5, 500);
  const rows = Array.from({ length: count }, () => {
    if (draws.next() < 0.7) clock += draws.between(0, 2 * gapMs);
    const prompt = draws.next() < 0.15 ? 1 : Math.round(draws.magnitude(1, 6000));
    const cached = draws.next() < 0.3 ? draws.whole(0, prompt - 1) : 0;
    return { arrival: clock, prompt, cached, output: draws.next() < 0.15 ? 1 : Math.round(draws.magnitude(1, 120)) };
  });
  return {
    requests: requestsFrom(rows),
    server: {
      plan: draws.next() < 0.3 ? { ...plan, ttftBaseMs: 0, tokenizeMsPerToken: 0 } : plan,
      maxNumBatchedTokens: draws.of([3, 64, 512, 2048, 8192]),
      seats: draws.of([1, 2, 5, 16, 256]),
      hasSeparatePrefill: draws.next() < 0.4,
    },
    clients: draws.next() < 0.4 ? draws.whole(1, 12) : null,
  };
}

const CASES = Array.from({ length: 250 }, (_, seed) => randomCase(new Draws(seed + 1)));

/** Largest relative difference between two lists. */
const difference = (ours: ArrayLike<number>, theirs: readonly number[]): number =>
  Math.max(0, ...theirs.map((value, i) => Math.abs((ours[i] as number) - value) / Math.max(1, Math.abs(value))));

describe('replay against a scheduler that takes one step at a time', () => {
  test('agrees to rounding on small runs of every kind', () => {
    for (const [i, { requests, server, clients }] of CASES.entries()) {
      const fast = replayRun(requests, server, clients);
      const slow = slowReplay(requests, server, clients);
      expect(difference(fast.ttftMs, slow.ttftMs), `TTFT of case ${i}`).toBeLessThan(1e-9);
      expect(difference(fast.e2eMs, slow.e2eMs), `E2E of case ${i}`).toBeLessThan(1e-9);
      expect(difference([fast.wallMs], [slow.wallMs]), `length of case ${i}`).toBeLessThan(1e-9);
    }
  });

  test('agrees within a few parts in a thousand where a step is not linear in the context', () => {
    const plans: StepPlan[] = [
      { ...linear, hidesSequenceTime: true },
      stepPlanOf('google/gemma-2-9b', 'nvidia-h100-80gb'),
      stepPlanOf('deepseek-ai/DeepSeek-V2-Lite', 'nvidia-h100-80gb'),
    ];
    for (const plan of plans) {
      for (let seed = 1; seed <= 30; seed += 1) {
        const { requests, server, clients } = randomCase(new Draws(seed), plan);
        const [fast, slow] = [replayRun(requests, server, clients), slowReplay(requests, server, clients)];
        expect(fast.wallMs / slow.wallMs, `seed ${seed}`).toBeGreaterThan(0.995);
        expect(fast.wallMs / slow.wallMs, `seed ${seed}`).toBeLessThan(1.005);
      }
    }
  });

  test('the other scheduler keeps seats and budgets, so the replay that agrees with it does', () => {
    for (const { requests, server, clients } of CASES) {
      const { steps } = slowReplay(requests, server, clients);
      const most = (of: (step: (typeof steps)[number]) => number): number => Math.max(0, ...steps.map(of));
      expect(most(({ seated }) => seated)).toBeLessThanOrEqual(server.seats);
      if (!server.hasSeparatePrefill) {
        expect(most(({ decodes, promptTokens }) => decodes + promptTokens)).toBeLessThanOrEqual(
          server.maxNumBatchedTokens,
        );
      } else {
        expect(most(({ decodes, promptTokens }) => Math.min(decodes, promptTokens))).toBe(0);
        // A prompt longer than the budget is computed whole, alone.
        const longest = Math.max(...requests.promptTokens);
        expect(most(({ promptTokens }) => promptTokens)).toBeLessThanOrEqual(
          Math.max(server.maxNumBatchedTokens, longest),
        );
      }
    }
  });
});

describe('laws of a replayed run', () => {
  const runOf = ({ requests, server, clients }: Case) => replayRun(requests, server, clients);

  test('every request ends, after its first token, and the run ends with the last of them', () => {
    for (const one of CASES) {
      const { ttftMs, e2eMs, wallMs } = runOf(one);
      const slow = slowReplay(one.requests, one.server, one.clients);
      const { plan } = one.server;
      for (let i = 0; i < ttftMs.length; i += 1) {
        const [ttft, e2e] = [ttftMs[i] as number, e2eMs[i] as number];
        expect(Number.isFinite(ttft) && Number.isFinite(e2e)).toBe(true);
        expect(ttft).toBeGreaterThan(plan.ttftBaseMs);
        const output = one.requests.outputTokens[i] as number;
        const leastMs = (output - 1) * stepTimeMs(plan, 1, one.requests.promptTokens[i] as number, 0, 0, 0);
        expect(e2e - ttft).toBeGreaterThanOrEqual(leastMs * (1 - 1e-9));
        if (output === 1) expect(e2e).toBe(ttft);
      }
      expect(wallMs).toBeGreaterThanOrEqual(Math.max(...slow.sentMs));
    }
  });

  test('tokens are conserved: steps compute each uncached prompt token and each later token once', () => {
    for (const { requests, server, clients } of CASES) {
      const { steps } = slowReplay(requests, server, clients);
      const prompts = requests.promptTokens.reduce(
        (sum, tokens, i) => sum + Math.max(1, tokens - (requests.cachedTokens[i] as number)),
        0,
      );
      const later = requests.outputTokens.reduce((sum, tokens) => sum + tokens - 1, 0);
      expect(steps.reduce((sum, { promptTokens }) => sum + promptTokens, 0)).toBe(prompts);
      expect(steps.reduce((sum, { decodes }) => sum + decodes, 0)).toBe(later);
    }
  });

  test('first tokens come in the order of sending', () => {
    for (const one of CASES) {
      const { ttftMs } = runOf(one);
      const { sentMs } = slowReplay(one.requests, one.server, one.clients);
      const firstMs = [...ttftMs].map((ms, i) => ms + (sentMs[i] as number));
      for (let i = 1; i < firstMs.length; i += 1)
        expect(firstMs[i] as number).toBeGreaterThanOrEqual((firstMs[i - 1] as number) * (1 - 1e-12));
    }
  });

  test("Little's law: the time requests spend in the system is the area under their number", () => {
    for (const one of CASES) {
      // Without what is charged beyond the step under way, which no clock of the run shows.
      const plan = { ...one.server.plan, firstTokenWaitSteps: 0.5 };
      const { e2eMs } = replayRun(one.requests, { ...one.server, plan }, one.clients);
      const slow: SlowRun = slowReplay(one.requests, { ...one.server, plan }, one.clients);
      const events = slow.sentMs.flatMap((sent, i): [ms: number, change: number][] => [
        [sent, 1],
        [sent + (slow.e2eMs[i] as number), -1],
      ]);
      events.sort(([a], [b]) => a - b);
      let area = 0;
      let inside = 0;
      let before = 0;
      for (const [ms, change] of events) {
        area += inside * (ms - before);
        inside += change;
        before = ms;
      }
      const spent = e2eMs.reduce((sum, ms) => sum + ms, 0);
      expect(Math.abs(area / spent - 1)).toBeLessThan(1e-9);
    }
  });

  test('clients of a closed run never have more requests under way than there are clients', () => {
    for (const { requests, server, clients } of CASES) {
      if (clients === null) continue;
      const plan = { ...server.plan, firstTokenWaitSteps: 0.5 };
      const { e2eMs } = replayRun(requests, { ...server, plan }, clients);
      const { sentMs } = slowReplay(requests, { ...server, plan }, clients);
      const endMs = sentMs.map((sent, i) => sent + (e2eMs[i] as number));
      for (const sent of sentMs) {
        const underWay = sentMs.filter((ms, i) => ms <= sent + 1e-6 && (endMs[i] as number) > sent + 1e-6).length;
        expect(underWay).toBeLessThanOrEqual(clients);
      }
    }
  });

  test('times scale: a machine half as fast under arrivals half as dense takes twice as long for everything', () => {
    // Every coefficient of the step is a time, save the counts that stay; a smooth maximum grows in proportion.
    const slower = (plan: StepPlan, factor: number): StepPlan => {
      const gemm = (g: StepPlan['head']) => ({
        computeMsPerRow: g.computeMsPerRow * factor,
        readMs: g.readMs * factor,
      });
      return {
        ...plan,
        attentionProjections: gemm(plan.attentionProjections),
        denseFfn: gemm(plan.denseFfn),
        head: gemm(plan.head),
        attention: plan.attention.map((group) => ({
          windowTokens: group.windowTokens,
          readMsPerContextToken: group.readMsPerContextToken * factor,
          computeMsPerContextToken: group.computeMsPerContextToken * factor,
          kvMsPerContextToken: group.kvMsPerContextToken * factor,
          promptMsPerPair: group.promptMsPerPair * factor,
          readMsPerSequence: group.readMsPerSequence * factor,
          promptMsPerToken: group.promptMsPerToken * factor,
        })),
        activationMsPerToken: plan.activationMsPerToken * factor,
        communicationLatencyMs: plan.communicationLatencyMs * factor,
        communicationMsPerToken: plan.communicationMsPerToken * factor,
        launchMs: plan.launchMs * factor,
        sequenceMs: plan.sequenceMs * factor,
        ttftBaseMs: plan.ttftBaseMs * factor,
        tokenizeMsPerToken: plan.tokenizeMsPerToken * factor,
      };
    };
    for (const factor of [2, 0.37]) {
      for (const { requests, server, clients } of CASES) {
        const before = replayRun(requests, server, clients);
        const after = replayRun(
          { ...requests, arrivalMs: requests.arrivalMs.map((ms) => ms * factor) },
          { ...server, plan: slower(server.plan, factor) },
          clients,
        );
        const scaled = (list: Float64Array): number[] => [...list].map((ms) => ms * factor);
        expect(difference(after.ttftMs, scaled(before.ttftMs))).toBeLessThan(1e-9);
        expect(difference(after.e2eMs, scaled(before.e2eMs))).toBeLessThan(1e-9);
      }
    }
  });

  test('more seats never make a run of requests that are all there longer than one seat does', () => {
    const requests = requestsFrom(Array.from({ length: 20 }, (_, i) => ({ prompt: 200 + 10 * i, output: 30 + i })));
    const wall = (seats: number): number =>
      replayRun(requests, { plan: linear, maxNumBatchedTokens: 2048, seats, hasSeparatePrefill: false }, null).wallMs;
    const walls = [1, 2, 4, 8, 20].map(wall);
    for (let i = 1; i < walls.length; i += 1) expect(walls[i] as number).toBeLessThan(walls[i - 1] as number);
  });
});

describe('worked examples', () => {
  const alone = (prompt: number, cached: number, output: number, budget: number, hasSeparatePrefill: boolean) =>
    replayRun(
      requestsFrom([{ prompt, cached, output }]),
      { plan: linear, maxNumBatchedTokens: budget, seats: 8, hasSeparatePrefill },
      1,
    );

  test('a lone request takes its front, its chunks and its decodes, and nothing else', () => {
    const { ttftMs, e2eMs, wallMs } = alone(5000, 1000, 4, 2048, false);
    const front = linear.ttftBaseMs + 5000 * linear.tokenizeMsPerToken;
    const chunks =
      stepTimeMs(linear, 0, 0, 2048, 2048 * (1000 + 1024), 0) + stepTimeMs(linear, 0, 0, 1952, 1952 * (3048 + 976), 1);
    const decodes = [5001, 5002, 5003].reduce((sum, context) => sum + stepTimeMs(linear, 1, context, 0, 0, 0), 0);
    expect(ttftMs[0]).toBeCloseTo(front + chunks, 9);
    expect(e2eMs[0]).toBeCloseTo(front + chunks + decodes, 9);
    expect(wallMs).toBeCloseTo(front + chunks + decodes, 9);
  });

  test('an engine with steps of their own for prompts computes a prompt whole, whatever its budget', () => {
    const { ttftMs } = alone(5000, 0, 4, 2048, true);
    const front = linear.ttftBaseMs + 5000 * linear.tokenizeMsPerToken;
    expect(ttftMs[0]).toBeCloseTo(front + stepTimeMs(linear, 0, 0, 5000, 5000 * 2500, 1), 9);
  });

  test('a prompt that is all cached still computes one token', () => {
    expect(alone(700, 700, 1, 2048, false).ttftMs[0]).toBeCloseTo(
      linear.ttftBaseMs + 700 * linear.tokenizeMsPerToken + stepTimeMs(linear, 0, 0, 1, 699.5, 1),
      9,
    );
  });

  test('one who comes while another decodes waits for the step under way and no longer', () => {
    const plan = { ...linear, ttftBaseMs: 0, tokenizeMsPerToken: 0, firstTokenWaitSteps: 0.5 };
    const prefill = stepTimeMs(plan, 0, 0, 100, 100 * 50, 1);
    const [second, third] = [101, 102].map((context) => stepTimeMs(plan, 1, context, 0, 0, 0)) as [number, number];
    const arrival = prefill + second + third / 2;
    const { ttftMs } = replayRun(
      requestsFrom([
        { prompt: 100, output: 50 },
        { arrival, prompt: 10, output: 1 },
      ]),
      { plan, maxNumBatchedTokens: 2048, seats: 8, hasSeparatePrefill: false },
      null,
    );
    expect(ttftMs[1]).toBeCloseTo(third / 2 + stepTimeMs(plan, 1, 103, 10, 50, 1), 9);
  });

  test('with one seat requests follow one another', () => {
    const plan = { ...linear, firstTokenWaitSteps: 0.5 };
    const server = { plan, maxNumBatchedTokens: 2048, seats: 1, hasSeparatePrefill: false };
    const one = replayRun(requestsFrom([{ prompt: 300, output: 20 }]), server, null);
    const three = replayRun(requestsFrom([1, 2, 3].map(() => ({ prompt: 300, output: 20 }))), server, null);
    const front = plan.ttftBaseMs + 300 * plan.tokenizeMsPerToken;
    expect(three.wallMs - front).toBeCloseTo(3 * (one.wallMs - front), 6);
  });

  test('the wait beyond the step under way is charged to everybody but a client alone', () => {
    const requests = requestsFrom([
      { prompt: 300, output: 21 },
      { arrival: 1e5, prompt: 300, output: 21 },
    ]);
    const at = (firstTokenWaitSteps: number, clients: number | null) =>
      replayRun(
        requests,
        { plan: { ...linear, firstTokenWaitSteps }, maxNumBatchedTokens: 2048, seats: 8, hasSeparatePrefill: false },
        clients,
      );
    const [short, long] = [at(0.5, null), at(1.5, null)];
    const stepMs = ((short.e2eMs[0] as number) - (short.ttftMs[0] as number)) / 20;
    expect((long.ttftMs[0] as number) - (short.ttftMs[0] as number)).toBeCloseTo(stepMs, 6);
    expect(at(0.2, null).ttftMs).toEqual(short.ttftMs);
    expect(at(1.5, 1)).toEqual(at(0.5, 1));
  });

  test('a run of nobody is over at once', () => {
    const server = { plan: linear, maxNumBatchedTokens: 2048, seats: 8, hasSeparatePrefill: false };
    expect(replayRun(requestsFrom([]), server, null).wallMs).toBe(0);
    expect(replayRun(requestsFrom([]), server, 4).wallMs).toBe(0);
  });

  test('a server without a seat or a token a step is refused, not waited for', () => {
    const requests = requestsFrom([{ prompt: 300, output: 21 }]);
    const server = { plan: linear, maxNumBatchedTokens: 2048, seats: 8, hasSeparatePrefill: false };
    expect(() => replayRun(requests, { ...server, seats: 0.5 }, null)).toThrow(/seats/);
    expect(() => replayRun(requests, { ...server, maxNumBatchedTokens: 0 }, null)).toThrow(/maxNumBatchedTokens/);
  });
});
