import { describe, expect, test } from 'vitest';
import { answerSensitivity } from '../../../src-worker/answers/sensitivity/sensitivity.ts';
import { answerSize } from '../../../src-worker/answers/size.ts';
import { answerSweepUnit } from '../../../src-worker/answers/sweep/unit.ts';
import type { Facts } from '../../../src-worker/engine/facts.ts';
import { NUMBER_RULES } from '../../../src-worker/engine/sweep/number-rules.ts';
import { planSweep } from '../../../src-worker/engine/sweep/plan.ts';
import { cell } from '../../../src-worker/protocol/columns.ts';
import { sizeInputSchema, sweepSpecSchema, type SizeInputDraft } from '../../../src-worker/protocol/requests.ts';
import { sensitivitySchema, type SensitivityDraft } from '../../../src-worker/protocol/sensitivity.ts';
import { priceFactorOfPoint, questionOfPoint } from '../../../src-worker/protocol/sweep-point.ts';
import { facts, modelSource } from '../../engine/world.ts';

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
const NARROW: SizeInputDraft = {
  model: LLAMA,
  workload: 'rag',
  users: 100,
  provider: ['gcp', 'lambda'],
  simulation_check: false,
};

const ask = (draft: SensitivityDraft, catalogs: Facts = facts) =>
  answerSensitivity(sensitivitySchema.parse(draft), modelSource(draft.question.model), catalogs);

/** The cheapest row as `size` has it, asked by itself. */
function sized(draft: SizeInputDraft, catalogs: Facts = facts) {
  const [first] = answerSize(sizeInputSchema.parse(draft), modelSource(draft.model), catalogs).recommendations;
  if (!first) return null;
  const { id, instances, cost } = first;
  return { id, instances, usd_per_hour: near(cost.usd_per_hour), usd_per_request: near(cost.usd_per_request) };
}

/** Both sides are rounded to ten digits, maybe of the other's last bit. */
const near = (value: number | null): unknown =>
  expect.toSatisfy((found: number) => Math.abs(found - (value ?? Number.NaN)) <= 2e-9 * (value ?? 0), `about ${value}`);

const barOf = (document: ReturnType<typeof ask>, input: string) =>
  document.bars.find((bar) => bar.input === input) ?? expect.fail(`no bar of ${input}`);

describe('the ends of a bar', () => {
  const document = ask({ question: NARROW });

  test('are what size answers to the question as changed', () => {
    const expected = {
      users: [{ users: 80 }, { users: 120 }],
      'prompt length': [{ input_tokens: 4800 }, { input_tokens: 7200 }],
      'answer length': [{ output_tokens: 240 }, { output_tokens: 360 }],
      'prefix hit rate': [{ prefix_hit_rate: 0.56 }, { prefix_hit_rate: 0.84 }],
    };
    for (const [input, changes] of Object.entries(expected)) {
      const { low, high } = barOf(document, input);
      expect([low, high].map(({ outcome }) => outcome)).toMatchObject(
        changes.map((change) => sized({ ...NARROW, ...change })),
      );
    }
    expect(document.base).toMatchObject(sized(NARROW) ?? {});
  });

  test('of the price are the same plan at the price', () => {
    const { low, high } = barOf(document, 'price');
    const usd = document.base?.usd_per_hour ?? 0;
    expect(low.outcome?.usd_per_hour).toBeCloseTo(0.8 * usd, 9);
    expect([low.effect, high.effect, high.outcome?.id]).toEqual(['cost', 'cost', document.base?.id]);
  });

  test('of the targets are a question with other targets, at the requests a second of this one', () => {
    const rate = 4;
    const question: SizeInputDraft = { ...NARROW, workload: 'chat', rate };
    delete question.users;
    const { sla } = answerSize(sizeInputSchema.parse(question), modelSource(LLAMA), facts).recommendations[0] ?? {
      sla: [],
    };
    const targets = (factor: number) =>
      Object.fromEntries(sla.filter(({ gating }) => gating).map((one) => [one.metric, one.target_ms * factor]));
    const { low, high } = barOf(ask({ question, by: 50 }), 'targets');
    expect(low.outcome).toMatchObject(sized({ ...question, sla: targets(0.5) }) ?? {});
    expect(high.outcome).toMatchObject(sized({ ...question, sla: targets(1.5) }) ?? {});
  });

  test('are called the same where the metric that is shown and the size are the same', () => {
    const effects = new Set<string>();
    for (const metric of ['usd_per_hour', 'usd_per_request'] as const) {
      // Three in a hundred fewer users do not need fewer machines, but each request costs more.
      for (const by of [3, 20]) {
        const { base, bars } = ask({ question: NARROW, by, metric });
        if (!base) expect.fail('no base');
        for (const { outcome, effect } of bars.flatMap(({ low, high }) => [low, high])) {
          if (!outcome || effect === 'plan') continue;
          const isSame = outcome[metric] === base[metric] && outcome.instances === base.instances;
          expect(effect).toBe(isSame ? 'same' : 'cost');
          if (outcome.usd_per_hour === base.usd_per_hour && outcome.usd_per_request !== base.usd_per_request) {
            effects.add(`${metric} ${effect}`);
          }
        }
      }
    }
    expect([...effects].sort()).toEqual(['usd_per_hour same', 'usd_per_request cost']);
  });

  test('rise and fall with the swing', () => {
    const swings = document.bars.map(({ swing }) => swing ?? Infinity);
    expect(swings).toEqual([...swings].sort((a, b) => b - a));
    expect(swings[0]).toBeGreaterThan(0);
  });
});

/** Everything that takes time takes the inverse of `factor` as long: rates and bandwidths of the hardware, every overhead. */
function fasterFacts(factor: number): Facts {
  const scaled = (value: unknown, key: string): unknown => {
    if (typeof value === 'number') {
      if (/(BytesPerS|FlopPerS)$/.test(key)) return value * factor;
      return /(Ms|Us)$/.test(key) ? value / factor : value;
    }
    if (Array.isArray(value)) return value.map((part: unknown) => scaled(part, key));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => {
        const inherits = /^(peaks|allReduceUs)$/.test(key);
        return [name, scaled(part, inherits ? (key === 'peaks' ? 'FlopPerS' : key) : name)];
      }),
    );
  };
  return {
    ...facts,
    gpus: scaled(facts.gpus, '') as Facts['gpus'],
    instances: facts.instances,
    calibrations: facts.calibrations.map((profile) => ({
      ...profile,
      ...(scaled({ ...profile, constants: {} }, '') as typeof profile),
      constants: Object.fromEntries(
        Object.entries(profile.constants).map(([name, constant]) => [
          name,
          /(Us|Ms|MsPer1kTokens)$/.test(name) ? { ...constant, value: constant.value / factor } : constant,
        ]),
      ),
    })),
  };
}

describe('efficiency', () => {
  test.each<[string, SizeInputDraft]>([
    ['one GPU', { ...NARROW }],
    ['a model over several GPUs', { ...NARROW, model: 'meta-llama/Llama-3.1-70B-Instruct', workload: 'chat' }],
    ['experts', { ...NARROW, model: 'mistralai/Mixtral-8x7B-v0.1', workload: 'chat' }],
    ['one at a time', { ...NARROW, workload: 'chat', method: 'mg1', users: 2, provider: ['lambda'], gpu: ['h100'] }],
  ])('is as if hardware and overheads were slower or faster: %s', (_, question) => {
    // Users ask at the pace of targets, which do not change with the hardware.
    const { low, high } = barOf(ask({ question }), 'efficiency');
    const [slow, fast] = [0.8, 1.2].map((factor) => sized(question, fasterFacts(factor)));
    expect(low.outcome).toMatchObject(slow ?? {});
    expect(high.outcome).toMatchObject(fast ?? {});
    expect(low.outcome?.usd_per_hour).toBeGreaterThanOrEqual(high.outcome?.usd_per_hour ?? 0);
  });
});

describe('around a point of a sweep', () => {
  test('the centre costs what its row costs, and the ends follow, also where prices are multiplied', () => {
    const factors = [0.8, 1, 1.37];
    const spec = sweepSpecSchema.parse({
      base: { model: LLAMA, workload: 'rag', provider: ['gcp', 'lambda'] },
      axes: { users: [60, 140], price_factor: factors },
    });
    const batches = planSweep(spec, facts).units.map((unit) => answerSweepUnit(unit, modelSource(LLAMA), facts));
    let points = 0;
    for (const batch of batches) {
      const cellAt = (row: number) => (column: string) => cell(batch, column, row);
      for (let row = 0; row < batch.rows; row += 1) {
        const read = cellAt(row);
        if (read('rank') !== 1) continue;
        points += 1;
        const around = { question: questionOfPoint(spec, read), price_factor: priceFactorOfPoint(read) };
        const { base, bars, price_factor: factor } = ask(around);
        expect(factors).toContain(factor);
        expect(base).toMatchObject({
          id: read('id'),
          usd_per_hour: read('cost_usd_per_hour'),
          usd_per_request: read('cost_usd_per_request'),
        });
        // What is dearer by a factor is dearer by it at every end, and changes no choice.
        const atList = ask({ question: around.question });
        for (const [index, { low, input }] of bars.entries()) {
          const list = atList.bars[index];
          expect([input, low.outcome?.id]).toEqual([list?.input, list?.low.outcome?.id]);
          expect(low.outcome?.usd_per_hour).toEqual(near((list?.low.outcome?.usd_per_hour ?? 0) * factor));
        }
      }
    }
    expect(points).toBe(6);
  });

  test('factors are taken as far as the axis goes', () => {
    const { min, max } = NUMBER_RULES.price_factor;
    const isTaken = (price_factor: number) => sensitivitySchema.safeParse({ question: NARROW, price_factor }).success;
    expect([min, max, min * 0.99, max * 1.01].map(isTaken)).toEqual([true, true, false, false]);
  });
});

describe('what has no bar', () => {
  test('is said: no cache to hit', () => {
    const { left_out: left } = ask({ question: { ...NARROW, workload: 'chat', prefix_cache: false } });
    expect(left).toEqual([{ input: 'prefix hit rate', reason: expect.stringContaining('no prefix cache') as string }]);
  });

  test('is everything, where nothing meets the question', () => {
    const { base, base_reason: reason, bars } = ask({ question: { ...NARROW, sla: { ttft_p95: 0.01 } } });
    expect([base, bars]).toEqual([null, []]);
    expect(reason).toMatch(/^Nothing meets the question itself/);
  });

  test('an end without an answer says so, and stands first', () => {
    // Idle, its first token takes some milliseconds: just below that nothing is left.
    const limits = [30, 40, 50, 60, 80, 100].map((ttft) => ask({ question: { ...NARROW, sla: { ttft_p50: ttft } } }));
    const edge = limits.find(({ base, bars }) => base && bars.some(({ swing }) => swing === null));
    const [first] = edge?.bars ?? [];
    expect(first?.swing).toBeNull();
    expect([first?.low.effect, first?.high.effect]).toContain('no_answer');
  });

  test('a rate of hits ends at one', () => {
    const { high } = barOf(
      ask({ question: { ...NARROW, prefix_hit_rate: 0.95, cacheable_ratio: 0.5 } }),
      'prefix hit rate',
    );
    expect([high.value, high.change.trim()]).toEqual([1, '+5.263 %']);
  });

  test('hardware without a price is refused with the cure', () => {
    const question: SizeInputDraft = { model: LLAMA, users: 10, own_hardware: [{ name: 'box', gpu: 'h100' }] };
    expect(() => ask({ question })).toThrow(/box has no price.*what an hour of it costs/);
  });

  test.each([
    [{ question: NARROW, by: 100 }],
    [{ question: { ...NARROW, method: 'simulation' } }],
    [{ question: { ...NARROW, router: 'round_robin' } }],
  ])('a request like %o is refused', (draft) => {
    expect(sensitivitySchema.safeParse(draft).success).toBe(false);
  });
});
