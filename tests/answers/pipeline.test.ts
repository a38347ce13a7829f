import { describe, expect, test } from 'vitest';
import { answerExplain } from '../../src-worker/answers/explain/explain.ts';
import { answerPredict } from '../../src-worker/answers/predict.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { predictInputSchema, sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';

const LLAMA_8B = 'meta-llama/Llama-3.1-8B-Instruct';
const LLAMA_70B = 'meta-llama/Llama-3.3-70B-Instruct';

const sized = (more: object) =>
  answerSize(
    sizeInputSchema.parse({ model: LLAMA_70B, users: 100, top: 1000, ...more }),
    modelSource(LLAMA_70B),
    facts,
  );

const predicted = (more: Record<string, unknown>) => {
  const input = { model: LLAMA_8B, gpu: 'h100', input_tokens: 1000, output_tokens: 200, ...more };
  return answerPredict(predictInputSchema.parse(input), modelSource(input.model), facts);
};

describe('size --pp', () => {
  const document = sized({ pp: 2, gpu: ['h100'] });

  test('every plan has the stages asked for, within one instance', () => {
    expect(document.num_passing).toBeGreaterThan(5);
    for (const row of document.recommendations) {
      expect(row.pipeline_parallel).toBe(2);
      expect(row.id).toContain(`/tp${row.tensor_parallel}pp2/`);
      expect(row.replicas_per_instance).toBe(Math.floor(row.gpu_count / (2 * row.tensor_parallel)));
      expect(row.vllm_command).toContain(
        `--tensor-parallel-size ${row.tensor_parallel} --pipeline-parallel-size 2 --max-model-len`,
      );
      for (const other of row.other_plans) expect(other.id).toContain('pp2/');
    }
    for (const row of document.excluded) {
      if (row.id !== null) expect([row.pipeline_parallel, row.id]).toEqual([2, expect.stringContaining('pp2/')]);
    }
  });

  test('70B in 16 bit on two GPUs: TP 1 in two stages fits where TP 1 alone does not', () => {
    const weights = ({ recommendations }: typeof document, tp: number): number | undefined =>
      recommendations.find((row) => row.tensor_parallel === tp)?.memory.weights_gib;
    const half = weights(sized({ gpu: ['h100'], tp: 2 }), 2) ?? NaN;
    // The embedding stands on the first stage, the head on the last: as much as when both are split.
    expect(
      Math.abs(
        (weights(sized({ gpu: ['h100'], tp: 1, pp: 2, sla: { tpot_p50: 200, tpot_p95: 400, tpot_p99: 500 } }), 1) ??
          NaN) /
          half -
          1,
      ),
    ).toBeLessThan(0.01);
    expect(sized({ gpu: ['h100'], tp: 1 }).num_passing).toBe(0);
  });

  test('one stage is the answer without the option, to the bit', () => {
    expect(JSON.stringify(sized({ pp: 1, gpu: ['h100'] }))).toBe(JSON.stringify(sized({ gpu: ['h100'] })));
  });

  test('plans of other stages are not taken from memory', () => {
    const [one, two] = [sized({ gpu: ['h100'], tp: 4 }), sized({ gpu: ['h100'], tp: 4, pp: 2 })];
    const capacity = ({ recommendations }: typeof one): number | undefined =>
      recommendations.find((row) => row.gpu_count === 8)?.capacity_requests_per_s;
    expect(capacity(two)).not.toBe(capacity(one));
    // Twice the GPUs carry more, but not more than twice as much; the targets bind, not the memory.
    expect(capacity(two)).toBeGreaterThan(capacity(one) ?? NaN);
    expect(capacity(two)).toBeLessThan(2 * (capacity(one) ?? NaN));
  });

  test('a row of a pipeline is explained: its parts add up', () => {
    const [row] = document.recommendations;
    if (!row) throw new Error('nothing passes');
    const question = sizeInputSchema.parse({ model: LLAMA_70B, users: 100, pp: 2, gpu: ['h100'] });
    const explanation = answerExplain({ question, configuration: row.id }, modelSource(LLAMA_70B), facts);
    const figure = (id: string) => explanation.explanations.find(({ metric }) => metric === id);
    for (const id of ['ttft_mean', 'tpot_mean', 'weights_gib', 'activation_gib', 'kv_cache_gib']) {
      const { value, parts } = figure(id) ?? {};
      expect(parts?.length, id).toBeGreaterThan(0);
      expect(parts?.reduce((sum, part) => sum + (part.value ?? NaN), 0)).toBeCloseTo(value ?? NaN, 3);
    }
  });
});

describe('predict --pp', () => {
  test('law: with as many users for each batch in flight no more than stages x one GPU', () => {
    for (const users of [1, 8, 64]) {
      const one = predicted({ concurrency: users }).throughput.output_tokens_per_s ?? NaN;
      for (const pp of [2, 4, 8]) {
        const many = predicted({ concurrency: users * pp, pp }).throughput.output_tokens_per_s ?? NaN;
        expect(many, `${users} users, PP ${pp}`).toBeLessThanOrEqual(pp * one);
        expect(many).toBeGreaterThan(0.6 * pp * one);
      }
    }
  });

  test('latency: one request alone takes as long as on one GPU and the hand-overs', () => {
    const [one, two] = [predicted({ concurrency: 1 }), predicted({ concurrency: 1, pp: 2 })];
    const longer = (two.tpot_ms.mean ?? NaN) - (one.tpot_ms.mean ?? NaN);
    expect(longer).toBeGreaterThan(0);
    expect(longer).toBeLessThan(0.1);
    expect(two.batch.mean_running).toBeCloseTo(one.batch.mean_running ?? NaN, 2);
  });

  test('a fixed batch is split over the batches in flight, and counted as a whole', () => {
    const { batch, throughput } = predicted({ batch: 64, pp: 4 });
    expect(batch.max_running).toBe(64);
    expect(batch.mean_running).toBeLessThan(64);
    expect(batch.mean_running).toBeGreaterThan(32);
    expect(throughput.output_tokens_per_s).toBeGreaterThan(
      predicted({ batch: 64 }).throughput.output_tokens_per_s ?? NaN,
    );
    expect(predicted({ batch: 1, pp: 4 }).batch.max_running).toBe(1);
  });

  test('replicas and stages share the rate', () => {
    const two = predicted({ rate: 8, pp: 2 });
    const both = predicted({ rate: 16, pp: 2, replicas: 2 });
    expect(both.ttft_ms).toEqual(two.ttft_ms);
    expect(both.batch).toEqual(two.batch);
    expect(both.throughput.requests_per_s).toBe(16);
  });

  test('one stage is the answer without the option, to the bit', () => {
    expect(JSON.stringify(predicted({ rate: 3, pp: 1 }))).toBe(JSON.stringify(predicted({ rate: 3 })));
  });

  test('more stages than layers are refused', () => {
    expect(() => predicted({ model: 'EleutherAI/pythia-14m', rate: 1, pp: 8 })).toThrow(
      'pp 8 needs a layer for every stage: EleutherAI/pythia-14m has 6, use at most as many.',
    );
  });

  test('no instance of the catalog joins 16 GPUs of this kind', () => {
    const { warnings } = predicted({ rate: 1, tp: 4, pp: 4 });
    expect(warnings.find(({ code }) => code === 'link_domain')?.sentence).toMatch(
      /^No instance .* joins the 16 .* of TP 4 × PP 4/,
    );
  });
});
