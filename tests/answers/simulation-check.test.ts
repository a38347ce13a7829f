import { describe, expect, test } from 'vitest';
import { arrivalLawOf } from '../../src-worker/engine/sizing/arrival-law.ts';
import { answerSimulationCheck, statusOf } from '../../src-worker/answers/simulation-check.ts';
import type { Recommendation, SimulationCheck } from '../../src-worker/protocol/documents.ts';
import { planQuestionSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { predict, size } from './ask.ts';

const LLAMA_2_7B = 'meta-llama/Llama-2-7b-hf';
const LLAMA_3_1_8B = 'meta-llama/Llama-3.1-8B-Instruct';

const answerOf = (question: SizeInputDraft, configuration: string) =>
  answerSimulationCheck(planQuestionSchema.parse({ question, configuration }), modelSource(question.model), facts);

function best(question: SizeInputDraft): Recommendation {
  const [row] = size({ ...question, top: 1 }).recommendations;
  if (!row) throw new Error('nothing passes');
  return row;
}

function checked(question: SizeInputDraft): { row: Recommendation; check: SimulationCheck } {
  const row = best(question);
  const { simulation_check: check, simulation_check_reason: reason } = answerOf(question, row.id);
  if (!check) throw new Error(reason ?? 'no check and no reason');
  return { row, check };
}

describe('a plan with room to spare', () => {
  const question = { model: LLAMA_2_7B, users: 100 };
  const { row, check } = checked(question);

  test('is confirmed: every gating target lies above the simulated interval', () => {
    expect(check).toMatchObject({ status: 'confirmed', seed: 1, enough: null });
    expect(check.requests).toBeGreaterThanOrEqual(20_000);
    for (const { gating, simulated_ms: ms, half_width_ms: width, target_ms: target } of check.rows) {
      if (gating) expect((ms ?? Infinity) + (width ?? Infinity)).toBeLessThanOrEqual(target);
    }
  });

  test('has a row for every target, with the closed form of the answer and how far it is off', () => {
    expect(check.rows.map(({ metric, target_ms }) => [metric, target_ms])).toEqual(
      row.sla.map(({ metric, target_ms }) => [metric, target_ms]),
    );
    check.rows.forEach((line, index) => {
      const simulated = line.simulated_ms ?? Number.NaN;
      expect(line.closed_form_ms).toBe(row.sla[index]?.predicted_ms);
      expect(line.difference_percent).toBeCloseTo((line.closed_form_ms / simulated - 1) * 100, 4);
    });
    expect(check.sentence).toMatch(/^All targets are met in a simulation of 20,000 requests at 4\.36 a second/);
  });

  test('is simulated at its share of the load, and agrees with predict --method simulation of one replica', () => {
    expect(check.requests_per_s * row.replicas).toBeCloseTo(row.throughput.requests_per_s ?? 0, 6);
    // Lengths of the chat workload: input and context 50 + 200 tokens, output 150 (catalogs/workloads/seed.json).
    const alone = predict({
      model: LLAMA_2_7B,
      gpu: row.gpu,
      rate: check.requests_per_s,
      input_tokens: 250,
      output_tokens: 150,
      input_cv: 0.45,
      output_cv: 0.67,
      max_num_seqs: 256,
      method: 'simulation',
    });
    const tpot = check.rows.find(({ metric }) => metric === 'tpot_p50')?.simulated_ms ?? Number.NaN;
    expect(Math.abs(tpot / (alone.tpot_ms.p50 ?? Number.NaN) - 1)).toBeLessThan(0.1);
  });

  test('has the same check every time, byte for byte', () => {
    expect(JSON.stringify(answerOf(question, row.id))).toBe(JSON.stringify(answerOf({ ...question }, row.id)));
    const anew = answerSimulationCheck(
      planQuestionSchema.parse({ question, configuration: row.id }),
      modelSource(LLAMA_2_7B),
      { ...facts },
    );
    expect(JSON.stringify(anew.simulation_check)).toBe(JSON.stringify(check));
  });
});

describe('a plan that bursts break', () => {
  // Bursts of a Hawkes process pile up more than gamma gaps of the same long-run spread say, where one replica gets them whole.
  const question: SizeInputDraft = { model: LLAMA_3_1_8B, workload: 'code', users: 6, headroom: 0, gpu: ['l40s'] };
  const { row, check } = checked(question);

  test('is refuted in words, though its closed form meets every target', () => {
    expect(row.meets_sla).toBe(true);
    expect(check.status).toBe('refuted');
    expect(check.sentence).toMatch(/^The simulation disagrees: .*TTFT P95 is [\d,]+ ± [\d.]+ ms, target 1,200 ms/);
    const missed = check.rows.filter(
      ({ gating, simulated_ms: ms, half_width_ms: width, target_ms: target }) =>
        gating && (ms ?? 0) - (width ?? 0) > target,
    );
    expect(missed.map(({ metric }) => metric)).toContain('ttft_p95');
  });

  test('comes with replicas that meet the targets, and what they cost', () => {
    const { enough } = check;
    expect(row.replicas).toBe(1);
    expect(enough?.replicas ?? 0).toBeGreaterThan(row.replicas);
    expect(check.sentence).toContain(`with ${enough?.replicas} replicas instead of ${row.replicas}`);
    expect(enough?.usd_per_hour).toBeCloseTo((row.cost.usd_per_hour_instance ?? 0) * (enough?.instances ?? 0), 6);
    expect(enough?.instances).toBe(Math.ceil((enough?.replicas ?? 0) / row.replicas_per_instance));
  });
});

describe('a plan of instances with several replicas that bursts break', () => {
  test('needs whole instances, the fewest that hold the replicas', () => {
    const code = { model: LLAMA_3_1_8B, workload: 'code', users: 6, headroom: 0 };
    const question: SizeInputDraft = { ...code, gpu: ['l40s'], top: 200 };
    const shared = size(question).recommendations.filter(({ replicas_per_instance: replicas }) => replicas > 1);
    const ofMore = new Map(shared.map((row) => [row.replicas_per_instance, row]));
    const found = [...ofMore.values()].flatMap(({ id, replicas_per_instance: each }) => {
      const { enough } = answerOf(question, id).simulation_check ?? {};
      return enough ? [{ ...enough, each }] : [];
    });
    // At least one of them leaves places of its last instance empty: only then are whole instances more than a quotient.
    expect(found.some(({ replicas, each }) => replicas % each !== 0)).toBe(true);
    for (const { replicas, instances, each } of found) {
      expect(instances).toBeTypeOf('number');
      expect(instances % 1).toBe(0);
      expect(instances * each).toBeGreaterThanOrEqual(replicas);
      expect((instances - 1) * each).toBeLessThan(replicas);
    }
  });
});

describe('a plan of many replicas', () => {
  test('has less of the bursts at each: a random split comes nearer to Poisson', () => {
    const code: SizeInputDraft = { model: LLAMA_3_1_8B, workload: 'code', headroom: 0, gpu: ['l40s'] };
    const p95Of = (users: number) => {
      const { row, check } = checked({ ...code, users });
      return { row, ms: check.rows.find(({ metric }) => metric === 'ttft_p95')?.simulated_ms ?? Number.NaN };
    };
    const [one, many] = [p95Of(6), p95Of(300)];
    expect(many.row.replicas).toBeGreaterThan(10);
    // At least as much for each replica to do, and yet nobody waits as long.
    const share = (row: Recommendation, users: number) => users / row.replicas;
    expect(share(many.row, 300)).toBeGreaterThan(0.95 * share(one.row, 6));
    expect(many.ms).toBeLessThan(0.8 * one.ms);
  });
});

describe('what is not simulated says why', () => {
  test('method mg1, which serves one request at a time', () => {
    const question: SizeInputDraft = { model: LLAMA_2_7B, rate: 0.05, method: 'mg1', gpu: ['h100-80gb'] };
    const { simulation_check: check, simulation_check_reason: reason } = answerOf(question, best(question).id);
    expect(check).toBeNull();
    expect(reason).toMatch(/mg1 serves one request at a time/);
  });

  test('a configuration that does not pass', () => {
    const question: SizeInputDraft = { model: LLAMA_2_7B, users: 100, sla: { ttft_p50: 0.001 } };
    const excluded = size(question).excluded.find(({ reason }) => reason === 'sla_missed');
    const { simulation_check: check, simulation_check_reason: reason } = answerOf(question, excluded?.id ?? '');
    expect(check).toBeNull();
    expect(reason).toMatch(/does not pass/);
  });

  test('a configuration that the question does not know is refused', () => {
    expect(() => answerOf({ model: LLAMA_2_7B, users: 100 }, 'aws/nothing/there/tp1pp1/fp16')).toThrow(
      /Unknown configuration/,
    );
  });
});

describe('arrivals', () => {
  const workload = (name: string) => {
    const found = facts.workloads.find((entry) => entry.name === name);
    if (!found) throw new Error(`no workload ${name}`);
    return found;
  };

  test('of code excite each other as its catalog entry says: 0.8 of 2 per second', () => {
    const law = arrivalLawOf({ workload: workload('code'), scvArrival: 3 });
    expect(law.process).toBe('hawkes');
    expect(law.decayPerMs).toBe(0.002);
    // 1 / (1 - 0.4)²
    expect(law.scv).toBeCloseTo(2.7778, 4);
  });

  test('of chat are Poisson', () => {
    expect(arrivalLawOf({ workload: workload('chat'), scvArrival: 1 })).toMatchObject({ process: 'poisson', scv: 1 });
  });

  test('of a workload that only names Hawkes have the spread it says, also where that is less than of Poisson', () => {
    const named = { ...workload('chat'), arrival: { process: 'hawkes' as const, burstiness: 0.5 } };
    expect(arrivalLawOf({ workload: named, scvArrival: 0.5 })).toMatchObject({ process: 'gamma', scv: 0.5 });
    expect(arrivalLawOf({ workload: named, scvArrival: 3 })).toMatchObject({ process: 'hawkes', scv: 3 });
  });
});

describe('one target beside an interval', () => {
  const percentiles = (ms: number) => ({ mean: ms, p50: ms, p90: ms, p95: ms, p99: ms });
  const outcome = {
    kind: 'steady' as const,
    ttftMs: percentiles(100),
    tpotMs: null,
    e2eMs: percentiles(100),
    halfWidths: { ttftMs: percentiles(5), tpotMs: null, e2eMs: null },
  } as unknown as Parameters<typeof statusOf>[0];
  const target = (targetMs: number, isGating = true) => ({
    metric: 'ttft_p95' as const,
    targetMs,
    isGating,
    outputTokens: null,
  });

  test.each([
    [106, 'confirmed'],
    [105, 'confirmed'],
    [104, 'unsettled'],
    [96, 'unsettled'],
    [94, 'refuted'],
  ])('100 ± 5 ms against %i ms is %s', (targetMs, status) => {
    expect(statusOf(outcome, [target(targetMs)])).toBe(status);
  });

  test('a miss outweighs what is not settled, and what does not gate is not asked', () => {
    expect(statusOf(outcome, [target(104), target(94)])).toBe('refuted');
    expect(statusOf(outcome, [target(106), target(50, false)])).toBe('confirmed');
  });
});
