import { describe, expect, test } from 'vitest';
import { answerExplain } from '../../src-worker/answers/explain/explain.ts';
import { findPlan, isPassing } from '../../src-worker/answers/detail/find-plan.ts';
import { plansToSimulate, simulatePlans } from '../../src-worker/answers/prepared.ts';
import { answerSimulationCheck } from '../../src-worker/answers/simulation-check.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { evaluateBatching } from '../../src-worker/engine/batching/closed-form.ts';
import { MS_PER_S } from '../../src-worker/engine/units.ts';
import { replicaOf } from '../../src-worker/engine/sizing/replica-subject.ts';
import { documentText, type Recommendation, type SizeDocument } from '../../src-worker/protocol/documents.ts';
import {
  planQuestionSchema,
  sizeInputSchema,
  sweepSpecSchema,
  type SizeInputDraft,
} from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { predict, size } from './ask.ts';

const MODEL = 'meta-llama/Llama-3.1-8B-Instruct';
const source = modelSource(MODEL);
// A tight target on the first token, which the gaps between arrivals decide; one kind of replica.
const QUESTION: SizeInputDraft = { model: MODEL, users: 300, gpu: ['nvidia-l40s'], tp: 1, sla: { ttft_p95: 90 } };
const ask = (draft: Partial<SizeInputDraft>) => size({ ...QUESTION, ...draft });

function first({ recommendations: [row] }: SizeDocument): Recommendation {
  if (!row) throw new Error('nothing passes');
  return row;
}

describe('size --router in closed form', () => {
  const random = first(ask({}));
  const turns = first(ask({ router: 'round_robin' }));

  test('requests dealt in turn come more evenly: a replica carries more, and as many are planned as carry the load', () => {
    expect(random.replicas).toBeGreaterThan(1);
    expect(turns.capacity_requests_per_s).toBeGreaterThan(1.01 * random.capacity_requests_per_s);
    const rate = turns.throughput.requests_per_s ?? NaN;
    const share = ask({ router: 'round_robin' }).assumptions.utilization_target;
    expect(turns.replicas).toBe(Math.ceil(rate / (share * turns.capacity_requests_per_s)));
    expect(turns.sla.filter(({ gating, status }) => gating && status !== 'met')).toEqual([]);
  });

  test('the figures are those of gamma gaps with an n-th of the spread at n replicas (Erlang gaps)', () => {
    const question = planQuestionSchema.parse({
      question: { ...QUESTION, router: 'round_robin' },
      configuration: turns.id,
    });
    const { row, instance, group, prepared } = findPlan(question, source, facts);
    const replica = replicaOf(prepared.subject, group, instance);
    if (!replica || !isPassing(row)) throw new Error('the plan does not pass');
    const { replicas, ratePerReplicaPerMs } = row.chosen;
    const alone = evaluateBatching({ ...replica.batching, scvArrival: 1 / replicas }, ratePerReplicaPerMs);
    if (alone.kind !== 'steady') throw new Error('saturated');
    expect(turns.ttft_ms.p95 ?? NaN).toBeCloseTo(alone.ttftMs.p95, 6);
    expect(ratePerReplicaPerMs * replicas * MS_PER_S).toBeCloseTo(turns.throughput.requests_per_s ?? NaN, 6);
  });

  test('one replica has nothing to choose: the row is that of any router, and a warning says so', () => {
    const few = { users: 20 };
    const alone = ask({ ...few, router: 'round_robin' });
    expect(first(alone).replicas).toBe(1);
    expect(first(alone).ttft_ms).toEqual(first(ask(few)).ttft_ms);
    expect(alone.warnings.map(({ code }) => code)).toContain('router_idle');
    expect(ask({ router: 'round_robin' }).warnings.map(({ code }) => code)).not.toContain('router_idle');
  });

  test.each(['batching', 'mg1'] as const)('the least loaded is refused in the words of predict: %s', (method) => {
    const refused = `router least_loaded needs --method simulation: ${method} knows a replica by itself.`;
    expect(() => ask({ router: 'least_loaded', method })).toThrow(refused);
    const load = { gpu: 'nvidia-l40s', input_tokens: 250, output_tokens: 150, rate: 5, replicas: 2 };
    expect(() => predict({ model: MODEL, ...load, router: 'least_loaded', method })).toThrow(refused);
  });

  test('the answer and explain state the router', () => {
    const document = ask({ router: 'round_robin' });
    expect(document.input).toMatchObject({ router: 'round_robin' });
    expect(document.assumptions.router).toBe('dealt in turn (round robin)');
    expect(document.assumptions.notes).toContain(
      'Replicas stand behind a router that deals requests out in turn (round robin).',
    );
    expect(ask({}).assumptions.router).toBe('random split');
    const question = planQuestionSchema.parse({
      question: { ...QUESTION, router: 'round_robin' },
      configuration: turns.id,
    });
    const { explanations } = answerExplain(question, source, facts);
    const about = explanations.find(({ metric }) => metric === 'replicas')?.assumptions.join(' ');
    expect(about).toMatch(/deals requests out in turn/);
  });

  test('the check simulates replicas that are dealt to in turn', () => {
    const check = (router: SizeInputDraft['router'], row: Recommendation) =>
      answerSimulationCheck(
        planQuestionSchema.parse({ question: { ...QUESTION, router }, configuration: row.id }),
        source,
        facts,
      ).simulation_check;
    const inTurn = check('round_robin', turns);
    expect(inTurn?.sentence).toMatch(/a second on each replica, dealt in turn/);
    const ttft = inTurn?.rows.find(({ metric }) => metric === 'ttft_p95');
    // Not the steady state of Poisson gaps at the same rate, whose TTFT P95 lies above the target.
    expect(Math.abs(ttft?.difference_percent ?? NaN)).toBeLessThan(10);
    expect(inTurn?.status).not.toBe('refuted');
    expect(check('random', random)?.sentence).not.toMatch(/in turn/);
  });

  test('a sweep refuses it in words: its points share capacities', () => {
    const spec = { base: { model: MODEL, router: 'round_robin' }, axes: { users: [1] } };
    expect(sweepSpecSchema.safeParse(spec).error?.issues[0]?.message).toMatch(/^must be random/);
    expect(sweepSpecSchema.safeParse({ ...spec, base: { model: MODEL } }).success).toBe(true);
  });
});

describe('size --method simulation --router', () => {
  const routers = ['random', 'round_robin', 'least_loaded'] as const;
  const documents = routers.map((router) => ask({ method: 'simulation', router }));
  const [random, turns, least] = documents.map(first) as [Recommendation, Recommendation, Recommendation];

  test('who deals in turn or looks needs no more replicas than who deals at random, each carrying more', () => {
    expect(turns.capacity_requests_per_s).toBeGreaterThan(1.01 * random.capacity_requests_per_s);
    expect(least.capacity_requests_per_s).toBeGreaterThan(1.01 * random.capacity_requests_per_s);
    for (const row of [turns, least]) {
      expect(row.replicas).toBeLessThanOrEqual(random.replicas);
      expect(row.sla.filter(({ gating, status }) => gating && status !== 'met')).toEqual([]);
      expect(row.batch.mean_running ?? NaN).toBeGreaterThan(0);
    }
    // In turn the closed form is near.
    const closed = first(ask({ router: 'round_robin' }));
    expect(Math.abs(turns.capacity_requests_per_s / closed.capacity_requests_per_s - 1)).toBeLessThan(0.08);
  });

  test('rows say who dealt, in their simulation, their trust and the assumptions', () => {
    expect(documents.map((document) => first(document).simulation?.router)).toEqual(routers);
    expect(turns.trust.sentence).toMatch(/on one of \d+ replicas, dealt in turn/);
    expect(least.trust.sentence).toMatch(/on each of \d+ replicas, sent to the least loaded/);
    expect(documents.map(({ assumptions }) => assumptions.router)).toEqual([
      'random split',
      'dealt in turn (round robin)',
      'sent to the least loaded',
    ]);
  });

  test('a plan has the same bytes wherever it is simulated', () => {
    const input = sizeInputSchema.parse({ ...QUESTION, method: 'simulation', router: 'least_loaded' });
    // As a thread that has none of them.
    const others = { ...facts };
    const plans = plansToSimulate(input, source, others);
    expect(plans.length).toBeGreaterThan(0);
    const found = plans.flatMap((plan) => simulatePlans(input, source, { ...facts }, [plan]));
    const again = answerSize(input, source, { ...facts }, found);
    expect(documentText(again)).toBe(documentText(documents[2] as SizeDocument));
  });

  test('the least loaded of many replicas are looked at in groups, and one is like any', () => {
    const many = ask({ method: 'simulation', router: 'least_loaded', users: 3000 });
    expect(first(many).replicas).toBeGreaterThan(16);
    expect(first(many).capacity_requests_per_s / least.capacity_requests_per_s).toBeGreaterThan(0.97);
    const one = { method: 'simulation', users: 20 } as const;
    expect(first(ask({ ...one, router: 'least_loaded' })).ttft_ms).toEqual(first(ask(one)).ttft_ms);
    expect(first(ask({ ...one, router: 'least_loaded' })).simulation?.router).toBeNull();
  });
});
