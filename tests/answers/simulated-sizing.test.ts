import { describe, expect, test } from 'vitest';
import { answerDetail } from '../../src-worker/answers/detail/detail.ts';
import { answerExplain } from '../../src-worker/answers/explain/explain.ts';
import { plansToSimulate, simulatePlans } from '../../src-worker/answers/prepared.ts';
import { answerSimulationCheck } from '../../src-worker/answers/simulation-check.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { documentText, type Recommendation } from '../../src-worker/protocol/documents.ts';
import {
  planQuestionSchema,
  sizeInputSchema,
  sweepSpecSchema,
  type SizeInputDraft,
} from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { predict } from './ask.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const source = modelSource(MODEL);
// One kind of replica: a plan is simulated some ten times.
const QUESTION: SizeInputDraft = { model: MODEL, users: 300, gpu: ['nvidia-l40s'], tp: 1, method: 'simulation' };
const input = sizeInputSchema.parse(QUESTION);
const document = answerSize(input, source, facts);

function first({ recommendations: [row] } = document): Recommendation {
  if (!row) throw new Error('nothing passes');
  return row;
}

const planQuestion = (row: Recommendation) => planQuestionSchema.parse({ question: QUESTION, configuration: row.id });

describe('a row by method simulation', () => {
  const row = first();
  const { simulation } = row;

  test('says that it is simulated, with how many requests and how surely', () => {
    expect(document.assumptions.method).toBe('simulation');
    expect(simulation).toMatchObject({ kind: 'steady', seed: 1, requests: 20_000, wall_s: null, classes: null });
    expect(row.trust).toMatchObject({ kind: 'ok' });
    expect(row.trust.sentence).toMatch(/^Simulated with vLLM's scheduler in steady state: 20,000 requests at 13\.1/);
    for (const { metric, half_width_ms: width, predicted_ms: ms } of row.sla) {
      const [kind, statistic] = metric.split('_') as ['ttft' | 'tpot' | 'e2e', 'p50' | 'p95' | 'p99'];
      expect(width).toBe(simulation?.half_width?.[`${kind}_ms`][statistic]);
      expect(ms).toBe(row[`${kind}_ms`][statistic]);
      expect(width).toBeGreaterThan(0);
    }
  });

  test('has as many replicas as its simulated capacity asks for, and meets every gating target there', () => {
    const rate = row.throughput.requests_per_s ?? NaN;
    const share = document.assumptions.utilization_target;
    expect(row.replicas).toBe(Math.ceil(rate / (share * row.capacity_requests_per_s)));
    expect(row.capacity_share).toBeCloseTo(rate / row.replicas / row.capacity_requests_per_s, 6);
    expect(row.sla.filter(({ gating, status }) => gating && status !== 'met')).toEqual([]);
  });

  test('has the figures of a simulation of one replica at its load', () => {
    // Lengths of the chat workload: input and context 50 + 200 tokens, output 150 (catalogs/workloads/seed.json).
    const alone = predict({
      model: MODEL,
      gpu: row.gpu,
      rate: (row.throughput.requests_per_s ?? NaN) / row.replicas,
      input_tokens: 250,
      output_tokens: 150,
      input_cv: 0.61,
      output_cv: 0.53,
      method: 'simulation',
    });
    expect(Math.abs((row.tpot_ms.p50 ?? NaN) / (alone.tpot_ms.p50 ?? NaN) - 1)).toBeLessThan(0.05);
    expect(Math.abs((row.ttft_ms.p95 ?? NaN) / (alone.ttft_ms.p95 ?? NaN) - 1)).toBeLessThan(0.15);
  });

  test('is near the closed form, whose targets it meets with as many replicas give or take one', () => {
    const closed = first(answerSize(sizeInputSchema.parse({ ...QUESTION, method: 'batching' }), source, facts));
    expect(Math.abs(row.replicas - closed.replicas)).toBeLessThanOrEqual(1);
    expect(Math.abs(row.capacity_requests_per_s / closed.capacity_requests_per_s - 1)).toBeLessThan(0.05);
    expect(closed.simulation).toBeNull();
    expect(closed.sla.every(({ half_width_ms: width }) => width === null)).toBe(true);
  });

  test('is not checked by a second simulation, and says why', () => {
    expect(row.simulation_check).toBeNull();
    expect(row.simulation_check_reason).toMatch(/simulated themselves/);
    const check = answerSimulationCheck(planQuestion(row), source, facts);
    expect(check).toEqual({ simulation_check: null, simulation_check_reason: row.simulation_check_reason });
  });

  test('has ranges of the errors of step times, around its own figures', () => {
    const [low, high] = row.interval?.ttft_ms_p95 ?? [NaN, NaN];
    expect(row.ttft_ms.p95).toBeGreaterThan(low);
    expect(row.ttft_ms.p95).toBeLessThan(high ?? NaN);
    const [least, most] = row.interval?.capacity_requests_per_s ?? [NaN, NaN];
    expect(row.capacity_requests_per_s).toBeGreaterThan(least);
    expect(row.capacity_requests_per_s).toBeLessThan(most ?? NaN);
    expect(row.interval_basis?.sentence).toMatch(/errors of method batching, which times steps as the simulation does/);
    expect(row.meets_targets_probability).toBeGreaterThan(0.5);
    expect(document.decision).not.toBeNull();
  });
});

describe('what is asked about a simulated row', () => {
  const row = first();

  test('is explained by how it was simulated, not by a formula', () => {
    const { explanations } = answerExplain(planQuestion(row), source, facts);
    for (const { metric, formula, calculation, parts, value, assumptions } of explanations) {
      if (!/^(ttft|tpot|e2e)_|^capacity_requests/.test(metric)) continue;
      expect(`${formula} ${calculation}`, metric).toMatch(/simulated|simulation/i);
      expect(parts, metric).toEqual([]);
      expect(value, metric).toBeGreaterThan(0);
      expect(assumptions.join(' '), metric).toMatch(/simulated, seed 1/);
      expect(assumptions.join(' '), metric).not.toMatch(/closed form/);
    }
    const p95 = explanations.find(({ metric }) => metric === 'ttft_p95')?.calculation;
    expect(p95).toMatch(/^P95 of 20,000 requests at 13\.1 a second on one replica, seed 1: [\d.]+ ± [\d.]+ ms/);
  });

  test('has a curve in closed form, and the row’s own figures beside it', () => {
    const detail = answerDetail(planQuestion(row), source, facts);
    expect(detail.recommendation?.simulation).toEqual(row.simulation);
    expect(detail.load_curve?.points.length).toBeGreaterThan(30);
    expect(detail.load_curve?.capacity_requests_per_s).toBe(row.capacity_requests_per_s);
  });
});

describe('plans that are simulated elsewhere', () => {
  test('are those of instances that are sold where they are asked for, each once, and none once they are known', () => {
    const anew = { ...facts };
    const plans = plansToSimulate(input, source, anew);
    expect(plans).toEqual([{ key: plans[0]?.key, capacity: null }]);
    answerSize(input, source, anew);
    expect(plansToSimulate(input, source, anew)).toEqual([]);
    const more = plansToSimulate({ ...input, users: 5000 }, source, anew);
    expect(more.map(({ capacity }) => capacity?.kind)).toEqual(['found']);
    const nowhere = { ...input, gpu: [], tp: null, zone: 'europe-west4-a' };
    expect(plansToSimulate(nowhere, source, anew).length).toBeLessThan(
      plansToSimulate({ ...nowhere, zone: null }, source, anew).length / 2,
    );
  });

  test('give the same bytes when they are handed over', () => {
    const there = { ...facts };
    const found = simulatePlans(input, source, there, plansToSimulate(input, source, there));
    expect(found.map(({ loads }) => loads?.length)).toEqual([1]);
    expect(documentText(answerSize(input, source, { ...facts }, structuredClone(found)))).toBe(documentText(document));
  });

  test('leave out what has no capacity', () => {
    const strict = { ...input, sla: { tpot_p50: 5 } };
    const there = { ...facts };
    const found = simulatePlans(strict, source, there, plansToSimulate(strict, source, there));
    expect(found.map(({ capacity, loads }) => [capacity.kind, loads])).toEqual([['missed_when_idle', undefined]]);
  });
});

describe('a question that nothing meets by simulation', () => {
  const limited = { ...QUESTION, users: 5000, max_gpus: 4 };
  const answer = answerSize(sizeInputSchema.parse(limited), source, facts);
  /** Changes of these need no other search. */
  const OF_THE_SAME_PLAN = ['max_gpus', 'users', 'rate', 'headroom'];

  test('names the limit, and lists changes that were simulated', () => {
    expect(answer.num_passing).toBe(0);
    expect(answer.no_answer?.limit.sentence).not.toBe('');
    expect(answer.relaxations.length).toBeGreaterThan(0);
    const cheap = answer.relaxations.filter(({ set }) =>
      Object.keys(set).every((key) => OF_THE_SAME_PLAN.includes(key)),
    );
    expect(cheap.length).toBeGreaterThan(0);
    for (const { id, set, ttft_p95_ms: ttft } of cheap) {
      const row = first(answerSize(sizeInputSchema.parse({ ...limited, ...set }), source, facts));
      expect([row.id, row.ttft_ms.p95, row.simulation?.requests]).toEqual([id, ttft, 20_000]);
    }
    expect(answer.relaxations.some(({ set }) => 'method' in set)).toBe(false);
  });

  test('excludes a load beyond every replica count with the simulated figure', () => {
    const [excluded] = answer.excluded.filter(({ reason }) => reason === 'max_gpus');
    expect(excluded?.margin?.value).toBeGreaterThan(4);
  });
});

test('a sweep is refused the method, in words that say what to do', () => {
  const spec = { base: { model: MODEL, method: 'simulation' }, axes: { users: [1, 2] } };
  const checked = sweepSpecSchema.safeParse(spec);
  expect(checked.error?.issues[0]?.message).toMatch(/batching or mg1.*ask size with method simulation/);
});
