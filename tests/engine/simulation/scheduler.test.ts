import { describe, expect, test } from 'vitest';
import type { StepPlan } from '../../../src-worker/engine/roofline/step-plan.ts';
import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { DecodeTimes } from '../../../src-worker/engine/simulation/decode-times.ts';
import { BLOCK_TOKENS } from '../../../src-worker/engine/simulation/request-states.ts';
import type { SimulatedRequests } from '../../../src-worker/engine/simulation/requests.ts';
import { simulate } from '../../../src-worker/engine/simulation/simulate.ts';
import type { Observer } from '../../../src-worker/engine/simulation/observer.ts';
import type { SimulatedRun } from '../../../src-worker/engine/simulation/simulated-run.ts';
import { deploymentCases, oddCase, PLANS, type SchedulerCase } from './random-cases.ts';
import { slowRun, type SlowRun } from './slow-scheduler.ts';

/** ms: 1e-9 s. */
const EQUAL_MS = 1e-6;
const ODD_CASES = 1200;
const REQUESTS_OF_A_DEPLOYMENT = 100;

interface Both {
  one: SchedulerCase;
  slow: SlowRun;
  fast: SimulatedRun;
  /** Of the simulator: most KV blocks used at once, and sequences, and those waiting, times time. */
  mostUsedBlocks: number;
  runningMs: number;
  waitingMs: number;
}

function runBoth(one: SchedulerCase): Both {
  let [mostUsedBlocks, runningMs, waitingMs] = [0, 0, 0];
  const during: Observer['during'] = (from, to, running, waiting, usedBlocks) => {
    mostUsedBlocks = Math.max(mostUsedBlocks, usedBlocks);
    runningMs += running * (to - from);
    waitingMs += waiting * (to - from);
  };
  const fast = simulate(one.requests, one.server, { clients: one.clients, observer: { during } });
  return { one, slow: slowRun(one.requests, one.server, one.clients), fast, mostUsedBlocks, runningMs, waitingMs };
}

const kept: Both[] = [];
/** All odd cases, run both ways once. */
function oddRuns(): readonly Both[] {
  while (kept.length < ODD_CASES) kept.push(runBoth(oddCase(kept.length + 1)));
  return kept;
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** Names of the cases in which a law does not hold. */
const breaking = (runs: readonly Both[], holds: (both: Both) => boolean): string[] =>
  runs.filter((both) => !holds(both)).map(({ one }) => one.name);

/** What differs between a run and the same run step by step, in words. */
function differences({ one, slow, fast }: Both): string[] {
  const faults: string[] = [];
  const check = (what: string, ours: number, theirs: number, within = 0): void => {
    if (Number.isNaN(ours) && Number.isNaN(theirs)) return;
    if (!(Math.abs(ours - theirs) <= within)) faults.push(`${one.name}: ${what} is ${ours}, step by step ${theirs}`);
  };
  for (let i = 0; i < one.requests.promptTokens.length; i += 1) {
    check(`sending of ${i}`, fast.sentMs[i] as number, slow.sentMs[i] as number, EQUAL_MS);
    check(`first token of ${i}`, fast.firstMs[i] as number, slow.firstMs[i] as number, EQUAL_MS);
    check(`end of ${i}`, fast.endMs[i] as number, slow.endMs[i] as number, EQUAL_MS);
    check(`preemptions of ${i}`, fast.preemptions[i] as number, slow.preemptions[i] as number);
  }
  check('steps', fast.steps, slow.steps.length);
  check('rejected', fast.rejected, slow.rejected);
  check('tokens found', fast.foundTokens, slow.foundTokens);
  check('blocks free at the end', fast.freeBlocks, slow.freeBlocks);
  check('most that ran', fast.maxRunning, Math.max(0, ...slow.steps.map(({ seated }) => seated)));
  return faults;
}

describe('the scheduler against one that takes a step at a time', () => {
  test('is equal to 1e-9 s on odd cases of every kind', () => {
    const runs = oddRuns();
    expect(runs.flatMap((both) => differences(both).slice(0, 1))).toEqual([]);
    const count = (is: (both: Both) => boolean): number => runs.filter(is).length;
    const preempts = ({ slow }: Both): boolean => slow.preemptions.some((times) => times > 0);
    expect(count(preempts)).toBeGreaterThan(240);
    expect(sum(runs.flatMap(({ slow }) => slow.preemptions))).toBeGreaterThan(10_000);
    expect(count((both) => both.one.requests.contentBlocks !== null && preempts(both))).toBeGreaterThan(50);
    expect(count(({ one }) => one.server.policy === 'priority')).toBeGreaterThan(350);
    expect(count(({ one }) => one.clients?.pauseMs === null)).toBeGreaterThan(100);
    expect(count(({ one }) => (one.clients?.pauseMs ?? null) !== null)).toBeGreaterThan(100);
    expect(count(({ one }) => one.server.hasSeparatePrefill)).toBeGreaterThan(100);
  });

  test('is equal on 240 loads of deployments, with thousands of preemptions', () => {
    const runs = deploymentCases(REQUESTS_OF_A_DEPLOYMENT).map(runBoth);
    expect(runs).toHaveLength(240);
    expect(runs.flatMap((both) => differences(both).slice(0, 1))).toEqual([]);
    expect(sum(runs.flatMap(({ slow }) => slow.preemptions))).toBeGreaterThan(2500);
  });
});

describe('what every schedule keeps, on odd cases', () => {
  const sizes = ({ promptTokens, outputTokens }: SimulatedRequests, i: number): [prompt: number, output: number] => [
    promptTokens[i] as number,
    outputTokens[i] as number,
  ];
  const served = ({ fast }: Both): number[] => [...fast.endMs.keys()].filter((i) => !Number.isNaN(fast.endMs[i]));
  const frontMs = ({ one }: Both, i: number): number =>
    one.server.plan.ttftBaseMs + one.server.plan.tokenizeMsPerToken * (one.requests.promptTokens[i] as number);
  /** ms at which a request reached the scheduler. */
  const arrivalMs = (both: Both, i: number): number =>
    (both.fast.sentMs[i] as number) + (both.one.clients ? frontMs(both, i) : 0);
  /** ms of its first token on the scheduler's clock. */
  const firstMs = (both: Both, i: number): number =>
    (both.fast.firstMs[i] as number) - (both.one.clients ? 0 : frontMs(both, i));

  test('who was sent is served or was refused, and refused is who cannot fit', () => {
    const holds = (both: Both): boolean => {
      const { one, fast } = both;
      const isTooLong = (i: number): boolean => {
        const [prompt, output] = sizes(one.requests, i);
        return Math.ceil((prompt + output - 1) / BLOCK_TOKENS) > fast.totalBlocks;
      };
      const all = [...fast.endMs.keys()];
      const ended = served(both);
      return (
        fast.isComplete &&
        fast.rejected === all.filter(isTooLong).length &&
        ended.length + fast.rejected === all.length &&
        !ended.some(isTooLong)
      );
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('as many tokens are sampled as answers have', () => {
    const holds = (both: Both): boolean =>
      sum(both.slow.steps.map(({ decodes, promptsEnding }) => decodes + promptsEnding)) ===
      sum(served(both).map((i) => both.one.requests.outputTokens[i] as number));
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('prompts are computed but for what is found in the cache, and again after a preemption', () => {
    const holds = (both: Both): boolean => {
      const computed = sum(both.slow.steps.map(({ promptTokens }) => promptTokens));
      const prompts = sum(served(both).map((i) => both.one.requests.promptTokens[i] as number));
      const isRepeated = both.slow.preemptions.some((times) => times > 0);
      const once = prompts - both.fast.foundTokens;
      return isRepeated ? computed >= once : computed === once;
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('KV blocks: never more used than there are, all free at the end', () => {
    const holds = ({ fast, slow, mostUsedBlocks }: Both): boolean =>
      mostUsedBlocks <= fast.totalBlocks &&
      fast.freeBlocks === fast.totalBlocks &&
      slow.steps.every(({ freeBlocks }) => freeBlocks >= 0 && freeBlocks <= fast.totalBlocks);
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('no step has more tokens than the budget or more sequences than seats, and none is empty', () => {
    const holds = ({ one, slow }: Both): boolean => {
      const { maxNumBatchedTokens, maxNumSeqs, hasSeparatePrefill } = one.server;
      return slow.steps.every(
        ({ decodes, promptTokens, promptsEnding, seated }) =>
          decodes + promptTokens > 0 &&
          seated <= Math.min(maxNumSeqs, maxNumBatchedTokens) &&
          // A prompt in a step of its own may be longer than the budget.
          (decodes + promptTokens <= maxNumBatchedTokens ||
            (hasSeparatePrefill && decodes === 0 && promptsEnding === 1)),
      );
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('first come first served: first tokens in the order of arrival', () => {
    const runs = oddRuns().filter(({ one }) => one.server.policy === 'fcfs');
    const holds = (both: Both): boolean => {
      const order = served(both).toSorted((a, b) => arrivalMs(both, a) - arrivalMs(both, b) || a - b);
      return order.every((i, at) => at === 0 || firstMs(both, i) >= firstMs(both, order[at - 1] as number) - EQUAL_MS);
    };
    expect(runs.length).toBeGreaterThan(600);
    expect(breaking(runs, holds)).toEqual([]);
  });

  test('no time travel: sent, first token, end, and a step at least for each further token', () => {
    const holds = (both: Both): boolean => {
      const { one, fast } = both;
      const times = new DecodeTimes(one.server.plan);
      return served(both).every((i) => {
        const [prompt, output] = sizes(one.requests, i);
        times.setStep(1, prompt + 1);
        const [sent, first, end] = [fast.sentMs[i] as number, fast.firstMs[i] as number, fast.endMs[i] as number];
        return sent < first && end - first >= (output - 1) * times.ms - EQUAL_MS;
      });
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('work conservation: no pause while somebody is there', () => {
    const holds = (both: Both): boolean => {
      const { slow } = both;
      const ended = served(both);
      return slow.steps.every((step, at) => {
        const idleFrom = at === 0 ? -Infinity : (slow.steps[at - 1]?.endMs as number);
        if (step.startMs <= idleFrom + EQUAL_MS) return true;
        return ended.every((i) => {
          const endMs = (both.fast.endMs[i] as number) - (both.one.clients ? 0 : frontMs(both, i));
          return arrivalMs(both, i) >= step.startMs - EQUAL_MS || endMs <= idleFrom + EQUAL_MS;
        });
      });
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test("Little's law, without an error: those there, times time, are the times they were there", () => {
    const holds = (both: Both): boolean => {
      const thereMs = sum(
        served(both).map((i) => {
          const endMs = (both.fast.endMs[i] as number) - (both.one.clients ? 0 : frontMs(both, i));
          return endMs - arrivalMs(both, i);
        }),
      );
      return Math.abs(both.runningMs + both.waitingMs - thereMs) <= 1e-9 * thereMs + EQUAL_MS;
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });

  test('what an observer is told adds up to what happened: sequences times time', () => {
    const holds = ({ slow, runningMs }: Both): boolean => {
      const seatedMs = sum(slow.steps.map(({ seated, startMs, endMs }) => seated * (endMs - startMs)));
      return Math.abs(runningMs - seatedMs) <= 1e-9 * seatedMs;
    };
    expect(breaking(oddRuns(), holds)).toEqual([]);
  });
});

describe('who waits though a seat and blocks are free', () => {
  test('is nobody where every prompt fits into the step', () => {
    const runs = Array.from({ length: 300 }, (_, index) => oddCase(index + 1)).filter(
      ({ requests, server }) => !server.hasSeparatePrefill && requests.contentBlocks === null,
    );
    let waited = 0;
    for (const { name, requests, server, clients } of runs) {
      const { promptTokens, outputTokens } = requests;
      const most = promptTokens.reduce(
        (longest, prompt, i) => Math.max(longest, prompt + (outputTokens[i] as number)),
        0,
      );
      const roomy = { ...server, maxNumBatchedTokens: 1e7 };
      for (const { waiting, seated, hasPreempted, freeBlocks } of slowRun(requests, roomy, clients).steps) {
        if (waiting === 0 || seated >= server.maxNumSeqs || hasPreempted) continue;
        waited += 1;
        expect(freeBlocks, name).toBeLessThan(Math.ceil(most / BLOCK_TOKENS));
      }
    }
    expect(waited).toBeGreaterThan(100);
  });
});

describe('arithmetic', () => {
  const plan = PLANS[0] as StepPlan;
  const requestsOf = (rows: [arrivalMs: number, prompt: number, output: number][]): SimulatedRequests => ({
    arrivalMs: Float64Array.from(rows, ([arrival]) => arrival),
    promptTokens: Int32Array.from(rows, ([, prompt]) => prompt),
    outputTokens: Int32Array.from(rows, ([, , output]) => output),
    cachedTokens: new Int32Array(rows.length),
    priorities: null,
    contentBlocks: null,
  });
  const server = {
    plan,
    maxNumBatchedTokens: 2048,
    maxNumSeqs: 256,
    kvCacheTokens: 1e6,
    policy: 'fcfs' as const,
    reservesWholePrompt: true,
    hasSeparatePrefill: false,
  };

  test('an idle server computes the chunks of a lone prompt, then a token a step', () => {
    const { firstMs, endMs, steps } = simulate(requestsOf([[10, 5000, 4]]), server);
    const chunks =
      stepTimeMs(plan, 0, 0, 2048, 2048 * 1024, 0) +
      stepTimeMs(plan, 0, 0, 2048, 2048 * (2048 + 1024), 0) +
      stepTimeMs(plan, 0, 0, 904, 904 * (4096 + 452), 1);
    const first = 10 + plan.ttftBaseMs + 5000 * plan.tokenizeMsPerToken + chunks;
    expect(firstMs[0]).toBeCloseTo(first, 9);
    const decodes = [5001, 5002, 5003].map((context) => stepTimeMs(plan, 1, context, 0, 0, 0));
    expect(endMs[0]).toBeCloseTo(first + sum(decodes), 7);
    expect(steps).toBe(6);
  });

  test('constant lengths that never meet all have the latency of one alone', () => {
    const lone = simulate(requestsOf([[0, 700, 50]]), server);
    const many = simulate(requestsOf(Array.from({ length: 20 }, (_, i) => [i * 5000, 700, 50])), server);
    for (let i = 0; i < 20; i += 1) {
      expect((many.firstMs[i] as number) - i * 5000).toBeCloseTo(lone.firstMs[0] as number, 6);
      expect((many.endMs[i] as number) - i * 5000).toBeCloseTo(lone.endMs[0] as number, 6);
    }
  });

  /** The plan with every time doubled. */
  const doubled = <Value>(value: Value): Value => {
    if (Array.isArray(value)) return value.map(doubled) as Value;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [
        key,
        /Ms($|Per)/.test(key) && typeof one === 'number' ? 2 * one : doubled(one),
      ]),
    ) as Value;
  };

  test('twice the step times and gaps double every latency, to the bit', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const { name, requests, server: one, clients } = oddCase(seed);
      const run = simulate(requests, one, { clients });
      const slower = simulate({ ...requests, arrivalMs: requests.arrivalMs.map((ms) => 2 * ms) }, doubled(one), {
        clients: clients && { ...clients, pauseMs: clients.pauseMs && clients.pauseMs.map((ms) => 2 * ms) },
      });
      expect(slower.firstMs, name).toEqual(run.firstMs.map((ms) => 2 * ms));
      expect(slower.endMs, name).toEqual(run.endMs.map((ms) => 2 * ms));
      expect(slower.events, name).toBe(run.events);
    }
  });

  test('the same requests give the same bits, and a run that is cut off says so', () => {
    const { requests, server: one, clients } = oddCase(12);
    expect(simulate(requests, one, { clients })).toEqual(simulate(requests, one, { clients }));
    const cut = simulate(requestsOf([[0, 100, 500]]), server, { mostEvents: 1 });
    expect(cut.isComplete).toBe(false);
    expect(cut.endMs[0]).toBeNaN();
  });

  test('the run ends when those measured have ended, with the others still there', () => {
    const rows = Array.from({ length: 50 }, (_, i): [number, number, number] => [i, 200, 100]);
    const { endMs, isComplete } = simulate(requestsOf(rows), server, { numMeasured: 10 });
    expect(isComplete).toBe(true);
    expect(endMs.slice(0, 10).every((ms) => ms > 0)).toBe(true);
    expect(endMs[49]).toBeNaN();
  });
});
