import { describe, expect, test } from 'vitest';
import { predict } from './ask.ts';

const LLAMA_8B = 'meta-llama/Llama-3.1-8B-Instruct';
const base = { model: 'deepseek-ai/DeepSeek-V3', gpu: 'h200', input_tokens: 1000, output_tokens: 500 };
const dense = { ...base, model: LLAMA_8B, gpu: 'h100' };

describe('predict --dp and --ep', () => {
  test('a replica of 8 ranks holds the attention on each of them and has a cache for each', () => {
    const [split, copied] = [predict({ ...base, tp: 8, rate: 5 }), predict({ ...base, dp: 8, ep: 8, rate: 5 })];
    expect(copied.memory.weights_gib ?? NaN).toBeGreaterThan(split.memory.weights_gib ?? NaN);
    expect(copied.memory.kv_cache_tokens ?? NaN).toBeGreaterThan(4 * (split.memory.kv_cache_tokens ?? NaN));
    expect(split.step_time_ms?.decode['all_to_all']).toBe(0);
    expect(copied.step_time_ms?.decode['communication']).toBe(0);
    expect(copied.step_time_ms?.decode['all_to_all'] ?? NaN).toBeGreaterThan(1);
    expect(copied.warnings.map(({ code }) => code)).toContain('extrapolated_all_to_all');
  });

  test('ranks of a dense model are replicas: half the rate on each of two, the same latency', () => {
    const ranks = predict({ ...dense, rate: 10, dp: 2 });
    const replicas = predict({ ...dense, rate: 10, replicas: 2 });
    expect(ranks.ttft_ms).toEqual(replicas.ttft_ms);
    expect(ranks.tpot_ms).toEqual(replicas.tpot_ms);
    expect(ranks.throughput).toEqual(replicas.throughput);
    expect(ranks.step_time_ms).toEqual(replicas.step_time_ms);
    expect(ranks.batch.mean_running).toBeCloseTo(2 * (replicas.batch.mean_running ?? NaN), 6);
    expect(ranks.memory.kv_cache_tokens).toBe(2 * (replicas.memory.kv_cache_tokens ?? NaN));
    expect(ranks.warnings).toEqual(replicas.warnings);
    for (const load of [{ concurrency: 40 }, { batch: 40 }]) {
      expect(predict({ ...dense, ...load, dp: 2 }).tpot_ms).toEqual(
        predict({ ...dense, ...load, replicas: 2 }).tpot_ms,
      );
    }
    const alone = { rate: 0.4, method: 'mg1' } as const;
    expect(predict({ ...dense, ...alone, dp: 2 }).ttft_ms).toEqual(
      predict({ ...dense, ...alone, replicas: 2 }).ttft_ms,
    );
  });

  test('every rank has all the seats and its own cache: a batch smaller than the ranks leaves some idle', () => {
    const full = predict({ ...dense, batch: 512, dp: 2, max_num_seqs: 128 });
    expect(full.batch.max_running).toBe(256);
    expect(full.warnings.find(({ code }) => code === 'waves')?.sentence).toMatch(/^Only 256 of 512/);
    expect(predict({ ...dense, batch: 1, dp: 4 }).batch.max_running).toBe(1);
    expect(predict({ ...dense, batch: 1, dp: 4 }).tpot_ms).toEqual(predict({ ...dense, batch: 1 }).tpot_ms);
  });

  test('ranks and stages multiply: each rank has a batch in flight for every stage', () => {
    const both = predict({ ...dense, rate: 8, dp: 2, pp: 2 });
    const stages = predict({ ...dense, rate: 4, pp: 2 });
    expect(both.ttft_ms).toEqual(stages.ttft_ms);
    expect(both.batch.mean_running).toBeCloseTo(2 * (stages.batch.mean_running ?? NaN), 6);
  });

  test('one rank and split experts are the answer without the options, to the bit', () => {
    const asked = (more: object) => JSON.stringify(predict({ ...base, tp: 8, rate: 3, ...more }));
    expect(asked({ dp: 1, ep: 1 })).toBe(asked({}));
  });

  test.each([
    [{ ...dense, tp: 2, ep: 2 }, `ep 2 needs routed experts: ${LLAMA_8B} has none, leave --ep out.`],
    [{ ...base, tp: 8, ep: 3 }, 'ep 3 does not divide the 8 GPUs of tp 8 x dp 1: use a divisor, for example 2.'],
    [
      { ...base, tp: 4, dp: 3, ep: 12 },
      'ep 12 does not divide the 256 experts of deepseek-ai/DeepSeek-V3: use a divisor, for example 8.',
    ],
  ])('what does not go together is refused: %o', (question, sentence) => {
    expect(() => predict({ ...question, rate: 1 })).toThrow(sentence);
  });

  test('vLLM spreads experts over all GPUs or none; another number is predicted with a warning', () => {
    const codes = (ep: number) => predict({ ...base, tp: 8, ep, rate: 1 }).warnings.map(({ code }) => code);
    expect(codes(4)).toContain('expert_parallel');
    expect(codes(8)).not.toContain('expert_parallel');
    expect(codes(1)).not.toContain('expert_parallel');
  });

  test('16 ranks are more GPUs than an instance joins', () => {
    const { warnings } = predict({ ...base, dp: 16, ep: 16, rate: 1 });
    expect(warnings.find(({ code }) => code === 'link_domain')?.sentence).toMatch(/joins the 16 .* of TP 1 × DP 16/);
  });
});
