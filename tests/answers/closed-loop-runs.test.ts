import { describe, expect, test } from 'vitest';
import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';
import { predict } from './ask.ts';

const LOOP = {
  model: 'meta-llama/Llama-3.1-8B-Instruct',
  gpu: 'nvidia-h100-80gb',
  input_tokens: 500,
  output_tokens: 200,
  output_cv: 0.5,
};

/** Closed form / simulation - 1, by statistic of TTFT. */
function differences(draft: PredictInputDraft): Record<'mean' | 'p50' | 'p95' | 'p99', number> {
  const [closed, simulated] = [predict(draft), predict({ ...draft, method: 'simulation' })];
  const at = (statistic: 'mean' | 'p50' | 'p95' | 'p99'): number =>
    (closed.ttft_ms[statistic] ?? NaN) / (simulated.ttft_ms[statistic] ?? NaN) - 1;
  return { mean: at('mean'), p50: at('p50'), p95: at('p95'), p99: at('p99') };
}

describe('users who ask again at once, answers of unlike lengths', () => {
  test.each([8, 32, 128])(
    '%i of them, as long as they like: every statistic within 20 %% of the simulation',
    (concurrency) => {
      for (const draft of [LOOP, { ...LOOP, input_tokens: 1000, output_tokens: 1000 }]) {
        for (const [statistic, off] of Object.entries(differences({ ...draft, concurrency }))) {
          expect(Math.abs(off), `${draft.input_tokens} tokens, ${statistic}`).toBeLessThan(0.2);
        }
      }
    },
  );

  test.each([8, 32, 128])(
    '%i of them, ten requests each: the burst is in P95 and P99, and not in P50',
    (concurrency) => {
      for (const draft of [LOOP, { ...LOOP, input_tokens: 4000 }]) {
        if (concurrency === 128 && draft.input_tokens === 4000) continue;
        const { p50, p95, p99 } = differences({ ...draft, concurrency, num_prompts: 10 * concurrency });
        expect(Math.abs(p50)).toBeLessThan(0.2);
        expect(Math.abs(p95)).toBeLessThan(0.35);
        expect(Math.abs(p99)).toBeLessThan(0.35);
      }
    },
  );

  test('a millisecond of pause is as good as none', () => {
    for (const concurrency of [2, 32, 128]) {
      const [none, short] = [0, 0.001].map((think_time) => predict({ ...LOOP, concurrency, think_time }).ttft_ms);
      expect((short?.mean ?? NaN) / (none?.mean ?? NaN)).toBeGreaterThan(0.95);
      expect((short?.mean ?? NaN) / (none?.mean ?? NaN)).toBeLessThan(1.05);
    }
  });

  test('who falls into step is told, and who does not is not', () => {
    const codes = (draft: PredictInputDraft): string[] => predict(draft).warnings.map(({ code }) => code);
    expect(codes({ ...LOOP, output_cv: 0, concurrency: 32 })).toContain('in_step');
    expect(codes({ ...LOOP, concurrency: 32 })).not.toContain('in_step');
    expect(codes({ ...LOOP, concurrency: 32, num_prompts: 64 })).toContain('in_step');
  });
});
