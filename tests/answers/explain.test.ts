import { describe, expect, it } from 'vitest';
import { answerExplain } from '../../src-worker/answers/explain/explain.ts';
import type { ExplainDocument, Explanation, Recommendation } from '../../src-worker/protocol/documents.ts';
import { METRICS, metric } from '../../src-worker/protocol/metrics.ts';
import { planQuestionSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { size } from './ask.ts';

const explain = (question: SizeInputDraft, configuration: string): ExplainDocument =>
  answerExplain(planQuestionSchema.parse({ question, configuration }), modelSource(question.model), facts);

const ask = (question: SizeInputDraft, index: number): { document: ExplainDocument; row: Recommendation } => {
  const row = size({ ...question, top: 100 }).recommendations.at(index);
  if (!row) throw new Error('nothing passes');
  return { document: explain(question, row.id), row };
};

const CHAT: SizeInputDraft = { model: 'meta-llama/Llama-2-7b-hf', workload: 'chat', users: 100 };
const CASES = [
  ['chat, rank 1', ask(CHAT, 0)],
  ['chat, rank 40', ask(CHAT, 39)],
  ['chat, next to idle', ask({ ...CHAT, users: undefined, rate: 0.05 }, 0)],
  ['RAG over several GPUs', ask({ model: 'meta-llama/Llama-3.1-70B-Instruct', workload: 'rag', users: 40 }, 0)],
  ['code, in bursts', ask({ ...CHAT, workload: 'code', users: 20 }, 0)],
  ['experts', ask({ model: 'mistralai/Mixtral-8x7B-v0.1', workload: 'chat', users: 50 }, 0)],
  ['one at a time', ask({ ...CHAT, users: 3, method: 'mg1' }, 0)],
] as const;

const of = (document: ExplainDocument, id: string): Explanation => {
  const found = document.explanations.find((entry) => entry.metric === id);
  if (!found) throw new Error(`no explanation of ${id}`);
  return found;
};

describe.each(CASES)('explanations (%s)', (_, { document, row }) => {
  it('cover every metric of the registry with the value of the answer', () => {
    expect(document.explanations.map((entry) => entry.metric)).toEqual(METRICS.map(({ id }) => id));
    for (const entry of document.explanations) {
      expect([entry.metric, entry.value]).toEqual([entry.metric, metric(entry.metric).value(row)]);
    }
    expect(document.configuration).toMatchObject({ id: row.id, rank: row.rank });
  });

  it('have parts that add up to the value', () => {
    const summed = document.explanations.filter(({ parts }) => parts.length > 0);
    expect(summed.length).toBeGreaterThanOrEqual(20);
    for (const { metric: id, value, parts } of summed) {
      const sum = parts.reduce((total, part) => total + (part.value ?? NaN), 0);
      expect(Math.abs(sum / (value ?? NaN) - 1), id).toBeLessThan(1e-6);
    }
  });

  it('have mean latencies whose terms are times: none is negative but corrections', () => {
    for (const id of ['ttft_mean', 'e2e_mean', 'weights_gib', 'decode_step_ms', 'prefill_step_ms']) {
      for (const { label, value } of of(document, id).parts) {
        expect(value, `${id}: ${label}`).toBeGreaterThan(-0.02 * (of(document, id).value ?? 0));
      }
    }
  });

  it('show the figure and its inputs in the calculation', () => {
    for (const { metric: id, value, calculation, inputs, formula } of document.explanations) {
      expect(calculation, id).toContain(metric(id).format(value));
      expect(formula, id).not.toBe('');
      expect(inputs.length, id).toBeGreaterThan(0);
      for (const { source, value: given } of inputs) {
        expect(source, id).not.toBe('');
        expect(Number.isFinite(given), id).toBe(true);
      }
    }
    expect(JSON.stringify(document)).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe.each(CASES)('what is left over after the named parts (%s)', (_, { document, row }) => {
  const last = (id: string): number => of(document, id).parts.at(-1)?.value ?? NaN;

  it('is small where the parts claim to be all there is', () => {
    expect(Math.abs(last('tpot_mean')) / (row.tpot_ms.mean ?? NaN)).toBeLessThan(0.25);
    // Less than one block of 16 tokens.
    const blockGib = (16 * row.memory.kv_cache_gib) / row.memory.kv_cache_tokens;
    expect(last('kv_cache_gib')).toBeLessThanOrEqual(1e-9);
    expect(last('kv_cache_gib')).toBeGreaterThan(-1.001 * blockGib);
  });

  it('is the answer at its pace where E2E is the first token and the rest', () => {
    const size = of(document, 'output_tokens_per_s').inputs.find(({ label }) => label === 'mean answer')?.value ?? NaN;
    expect(last('e2e_mean') / ((size - 1) * (row.tpot_ms.mean ?? NaN))).toBeCloseTo(1, 1);
  });
});

describe('the parts of the mean TTFT', () => {
  const part = ({ document }: (typeof CASES)[number][1], label: string): number =>
    of(document, 'ttft_mean').parts.find((entry) => entry.label === label)?.value ?? 0;

  it('wait for nobody next to idle, and longer under load', () => {
    const [, loaded] = CASES[0];
    const [, idle] = CASES[2];
    const others = 'prompts of others before and beside it';
    expect(part(idle, others)).toBeLessThan(0.05 * (of(idle.document, 'ttft_mean').value ?? 0));
    expect(part(loaded, others)).toBeGreaterThan(part(idle, others));
    expect(part(loaded, 'rest of the step that runs on arrival')).toBeGreaterThan(0);
    expect(part(loaded, 'API and scheduling')).toBeCloseTo(part(idle, 'API and scheduling'), 6);
  });
});

describe('sensitivities', () => {
  it.each([
    ['users', { users: 110 }, 'load of a replica'],
    ['input_tokens', { input_tokens: 275 }, 'prompt length'],
  ])('to %s are what the question with ten percent more answers at the same replicas', (_, changed, input) => {
    const { row, document } = ask(CHAT, 0);
    const after = size({ ...CHAT, ...changed, top: 100 }).recommendations.find(({ id }) => id === row.id);
    // As many replicas as before, or the comparison would be another one.
    expect(after?.replicas).toBe(row.replicas);
    for (const id of ['ttft_p95', 'tpot_p50', 'mean_running']) {
      const delta = of(document, id).sensitivities.find((entry) => entry.input === input)?.delta;
      if (delta === undefined) continue;
      const value = metric(id).value;
      expect(delta, id).toBeCloseTo((after && (value(after) ?? NaN) - (value(row) ?? NaN)) ?? NaN, 6);
    }
    expect(of(document, 'ttft_p95').sensitivities.map((entry) => entry.input)).toContain(input);
  });

  it('come strongest first, three at most, and have the sign one expects', () => {
    const { document } = ask(CHAT, 0);
    for (const { sensitivities } of document.explanations) {
      const sizes = sensitivities.map(({ delta }) => Math.abs(delta));
      expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
      expect(sizes.length).toBeLessThanOrEqual(3);
    }
    const delta = (id: string, input: string) =>
      of(document, id).sensitivities.find((entry) => entry.input === input)?.delta ?? 0;
    expect(delta('tpot_p50', 'memory bandwidth reached')).toBeLessThan(0);
    expect(delta('tpot_p50', 'load of a replica')).toBeGreaterThan(0);
    expect(delta('usd_per_request', 'load of a replica')).toBeCloseTo(
      (of(document, 'usd_per_request').value ?? 0) * (1 / 1.1 - 1),
      9,
    );
    expect(of(document, 'weights_gib').sensitivities).toEqual([]);
  });

  it('name the prefix cache where there is one', () => {
    const { document } = ask({ model: 'meta-llama/Llama-3.1-70B-Instruct', workload: 'rag', users: 40 }, 0);
    const inputs = document.explanations.flatMap((entry) => entry.sensitivities.map(({ input }) => input));
    expect(inputs).toContain('prefix hit rate');
  });
});

it('refuses an excluded configuration with the reason', () => {
  const row = size(CHAT).excluded.find(({ id }) => id !== null);
  expect(() => explain(CHAT, row?.id ?? '')).toThrow(row?.detail);
});
