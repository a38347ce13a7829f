import { describe, expect, it } from 'vitest';
import { answerPredict } from '../../src-worker/answers/predict.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type {
  IntervalDocument,
  IntervalKey,
  PredictDocument,
  Recommendation,
  SizeDocument,
} from '../../src-worker/protocol/documents.ts';
import {
  predictInputSchema,
  sizeInputSchema,
  type PredictInputDraft,
  type SizeInputDraft,
} from '../../src-worker/protocol/requests.ts';
import { facts, modelSource, stepPlanOf } from '../engine/world.ts';
import { predict, size } from './ask.ts';

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
const CHAT: SizeInputDraft = { model: LLAMA, workload: 'chat', users: 300, top: 40 };
const STATISTICS = ['mean', 'p50', 'p90', 'p95', 'p99'] as const;
const chat = size(CHAT);

const first = ({ recommendations: [row] }: SizeDocument): Recommendation => row ?? expect.fail('nothing passes');
const intervalOf = (row: Pick<Recommendation, 'interval'>): IntervalDocument =>
  row.interval ?? expect.fail('no interval');
const rangeOf = (interval: IntervalDocument, key: IntervalKey): [number, number] => {
  const [low, high] = interval[key] ?? expect.fail(`no range of ${key}`);
  return [low, high ?? Infinity];
};

/** The catalogs with a default profile whose errors have nothing in common, or all, or are none. */
function factsWith(edit: (residuals: NonNullable<Facts['calibrations'][number]['residuals']>) => void): Facts {
  const calibrations = structuredClone(facts.calibrations);
  const residuals = calibrations.find(({ name }) => name === 'default')?.residuals ?? expect.fail('no residuals');
  edit(residuals);
  return { ...facts, calibrations };
}
const sizeWith = (known: Facts, draft: SizeInputDraft): SizeDocument =>
  answerSize(sizeInputSchema.parse(draft), modelSource(draft.model), known);

const SURE = factsWith((residuals) => {
  for (const classes of Object.values(residuals.factors)) {
    for (const novelty of Object.keys(classes)) classes[novelty as keyof typeof classes] = 1;
  }
});

const WIDER = factsWith((residuals) => {
  residuals.percentiles = { tpot: { p95: 2, p99: 3 } };
});

describe('percentiles', () => {
  it('have ranges as wide as their own errors; the mean keeps its own', () => {
    const row = first(sizeWith(WIDER, CHAT));
    const interval = intervalOf(row);
    const log = (statistic: (typeof STATISTICS)[number]): number =>
      Math.log(rangeOf(interval, `tpot_ms_${statistic}`)[1] / (row.tpot_ms[statistic] ?? NaN));
    expect(log('p50') / log('mean')).toBeCloseTo(1, 2);
    expect(log('p95') / log('mean')).toBeCloseTo(2, 2);
    expect(log('p99') / log('mean')).toBeCloseTo(3, 2);
  });

  it('make the chance less sure, on whichever side of a half it is', () => {
    const chance = (known: Facts): number => first(sizeWith(known, CHAT)).meets_targets_probability ?? NaN;
    const narrow = factsWith((residuals) => {
      residuals.percentiles = {};
    });
    expect(Math.abs(chance(WIDER) - 0.5)).toBeLessThan(Math.abs(chance(narrow) - 0.5));
  });

  it('no chance is surer than 98 %', () => {
    for (const { meets_targets_probability: chance } of sizeWith(SURE, CHAT).recommendations.slice(0, 20)) {
      expect(chance).toBeLessThanOrEqual(0.98);
      expect(chance).toBeGreaterThanOrEqual(0.02);
    }
  });
});

describe('ranges of a sizing', () => {
  it('hold the figure they are of, ordered, finite, for every latency of the first rows', () => {
    for (const row of chat.recommendations.slice(0, 20)) {
      const interval = intervalOf(row);
      for (const statistic of STATISTICS) {
        for (const kind of ['ttft', 'tpot', 'e2e'] as const) {
          const [low, high] = rangeOf(interval, `${kind}_ms_${statistic}`);
          const figure = row[`${kind}_ms`][statistic] ?? NaN;
          expect(low).toBeGreaterThan(0);
          expect(low).toBeLessThanOrEqual(figure);
          expect(high).toBeGreaterThanOrEqual(figure);
          const factor = row.interval_basis?.factors[kind] ?? NaN;
          // Percentiles may be less sure than the mean.
          if (statistic === 'mean') expect(high / figure).toBeCloseTo(factor, 8);
          else expect(high / figure).toBeGreaterThanOrEqual(factor * (1 - 1e-9));
        }
      }
      const [low, high] = rangeOf(interval, 'capacity_requests_per_s');
      expect(low).toBeLessThanOrEqual(row.capacity_requests_per_s);
      expect(high).toBeGreaterThanOrEqual(row.capacity_requests_per_s * 0.99);
      expect(row.interval_reason).toBeNull();
    }
  });

  it('carry the capacity on to replicas and cost: at either end, what the planning rule asks for there', () => {
    const share = chat.assumptions.utilization_target;
    const rate = chat.assumptions.rate_requests_per_s;
    for (const row of chat.recommendations.slice(0, 20)) {
      const interval = intervalOf(row);
      const [lowCapacity, highCapacity] = rangeOf(interval, 'capacity_requests_per_s');
      const [fewest, most] = rangeOf(interval, 'replicas');
      expect(fewest).toBe(Math.max(1, Math.ceil(rate / (share * highCapacity) - 1e-9)));
      expect(most).toBe(lowCapacity > 0 ? Math.max(1, Math.ceil(rate / (share * lowCapacity) - 1e-9)) : Infinity);
      const [least, dearest] = rangeOf(interval, 'usd_per_hour');
      const price = row.cost.usd_per_hour_instance ?? NaN;
      expect(least).toBeCloseTo(Math.ceil(fewest / row.replicas_per_instance) * price, 6);
      if (Number.isFinite(most)) expect(dearest).toBeCloseTo(Math.ceil(most / row.replicas_per_instance) * price, 6);
      expect(rangeOf(interval, 'usd_per_request')[0]).toBeCloseTo(least / (3600 * rate), 9);
    }
  });

  it("give no range to the load, which is the question's", () => {
    expect(Object.keys(intervalOf(first(chat)))).not.toContain('requests_per_s');
  });

  it('stand beside the first 20 rows, whatever is listed; the others say so', () => {
    expect(chat.recommendations.length).toBeGreaterThan(20);
    for (const row of chat.recommendations) {
      expect(row.interval === null).toBe(row.rank > 20);
      expect(row.interval_reason === null).toBe(row.rank <= 20);
      expect(row.meets_targets_probability === null).toBe(row.rank > 20);
    }
    expect(first(size({ ...CHAT, top: 1 }))).toEqual(first(chat));
    expect(size({ ...CHAT, top: 1 }).decision).toEqual(chat.decision);
  });

  it('are what the figure is itself where the profile has no spread', () => {
    const row = first(sizeWith(SURE, CHAT));
    const interval = intervalOf(row);
    expect(rangeOf(interval, 'ttft_ms_p95')).toEqual([row.ttft_ms.p95, row.ttft_ms.p95]);
    expect(rangeOf(interval, 'replicas')).toEqual([row.replicas, row.replicas]);
    expect(rangeOf(interval, 'usd_per_hour')).toEqual([row.cost.usd_per_hour, row.cost.usd_per_hour]);
  });

  it('say in a sentence what was measured, and wider where less was', () => {
    const seen = size({ model: LLAMA, workload: 'chat', users: 300, gpu: ['nvidia-h100-80gb'], top: 1 });
    const unseen = size({ model: LLAMA, workload: 'chat', users: 300, gpu: ['nvidia-l40s'], top: 1 });
    const basis = first(seen).interval_basis ?? expect.fail();
    const other = first(unseen).interval_basis ?? expect.fail();
    expect(basis.novelty).toEqual(['group_seen']);
    expect(basis.sentence).toMatch(
      /^\d+ measurements are of NVIDIA H100 .* vLLM 0\.22 and LlamaForCausalLM together\./,
    );
    expect(other.novelty).toContain('gpu_unseen');
    expect(other.sentence).toContain('L40S was never measured; vLLM 0.22 and LlamaForCausalLM were, with others.');
    for (const metric of ['ttft', 'tpot', 'throughput'] as const) {
      expect(other.factors[metric]).toBeGreaterThanOrEqual(basis.factors[metric]);
    }
  });
});

describe('what was measured', () => {
  it.each(['nvidia-l40s', 'nvidia-a10g', 'nvidia-t4', 'nvidia-gh200', 'amd-mi300x'])(
    '%s: the warning and the range say one and the same',
    (gpu) => {
      const { warnings, interval_basis } = first(
        size({ model: LLAMA, workload: 'chat', users: 20, gpu: [gpu], top: 1 }),
      );
      const warning = warnings.find(({ code }) => code === 'extrapolated_gpu');
      const basis = interval_basis ?? expect.fail();
      expect(warning !== undefined).toBe(basis.novelty.includes('gpu_unseen'));
      if (!warning) return;
      const [measured = ''] = warning.sentence.split(':');
      const name = measured.replace(/ was never measured$/, '');
      if (name === measured) expect(basis.sentence).toContain(measured);
      else expect(basis.sentence).toMatch(new RegExp(`${name}.*(never|ever) measured`));
    },
  );
});

describe('the decision', () => {
  it('has two chances, a count and a sentence with both', () => {
    const decision = chat.decision ?? expect.fail(chat.decision_reason ?? '');
    for (const chance of [decision.meets_targets_probability, decision.cheapest_probability]) {
      expect(chance).toBeGreaterThan(0);
      expect(chance).toBeLessThan(1);
    }
    expect(decision.candidates).toBe(12);
    expect(decision.meets_targets_probability).toBe(first(chat).meets_targets_probability);
    expect(decision.sentence).toContain(`${Math.round(decision.meets_targets_probability * 100)} %`);
    expect(chat.decision_reason).toBeNull();
  });

  it('is as certain as any where the profile has no spread', () => {
    expect(sizeWith(SURE, CHAT).decision).toMatchObject({ meets_targets_probability: 0.98, cheapest_probability: 1 });
  });

  it('more headroom makes the same configuration surer', () => {
    const chances = [0, 25, 50].map((headroom) => {
      const question: SizeInputDraft = { ...CHAT, headroom, gpu: ['nvidia-h100-80gb'], provider: ['gcp'] };
      const { recommendations } = sizeWith(WIDER, question);
      return recommendations[0]?.meets_targets_probability ?? NaN;
    });
    expect(chances[1]).toBeGreaterThanOrEqual(chances[0] ?? NaN);
    expect(chances[2]).toBeGreaterThan(chances[0] ?? NaN);
  });

  it('a wider spread makes it less sure; what errors have in common leaves the chance of the targets as it is', () => {
    const shared = (question: number, gpu: number): Facts =>
      factsWith(({ commonShares }) => {
        for (const shares of Object.values(commonShares)) Object.assign(shares, { question, gpu });
      });
    const [{ decision: known }, { decision: together }] = [shared(0, 0), shared(0.6, 0.2)].map((facts) =>
      sizeWith(facts, CHAT),
    ) as [SizeDocument, SizeDocument];
    expect(known?.meets_targets_probability).toBe(together?.meets_targets_probability);
    expect(known?.cheapest_probability).not.toBe(together?.cheapest_probability);
    const wider = factsWith(({ factors }) => {
      for (const metric of ['tpot', 'ttft'] as const) {
        for (const novelty of ['group_new', 'gpu_unseen', 'group_seen'] as const) factors[metric][novelty] **= 2;
      }
    });
    const wide = sizeWith(wider, CHAT).decision ?? expect.fail();
    expect(wide.meets_targets_probability).toBeLessThan(chat.decision?.meets_targets_probability ?? NaN);
    expect(wide.cheapest_probability).toBeLessThan(chat.decision?.cheapest_probability ?? NaN);
  });

  it('hardware without a price is compared by the GPUs it takes', () => {
    const own_hardware = [
      { name: 'small', gpu: 'nvidia-l40s', gpu_count: 1 },
      { name: 'large', gpu: 'nvidia-l40s', gpu_count: 4, interconnect: 'pcie' as const },
    ];
    const { decision } = size({ ...CHAT, own_hardware });
    expect(decision).toMatchObject({ candidates: 2 });
    expect(decision?.sentence).toContain('needs the fewest GPUs of the first 2 configurations');
  });

  it('one configuration by itself is compared with nothing', () => {
    const document = size({ ...CHAT, own_hardware: [{ name: 'only', gpu: 'nvidia-h200', gpu_count: 1 }] });
    expect(document.decision).toMatchObject({ candidates: 1, cheapest_probability: 1 });
    expect(document.decision?.sentence).toContain('no other to compare it with');
  });
});

describe('without a basis', () => {
  it.each([
    ['a profile that was never held against measurements', { calibration: 'seed' }, '"seed" was not held against'],
    ['another method than the one that was', { method: 'mg1' as const }, 'mg1 was not held against'],
  ])('%s gives no range and says why', (_, edit, reason) => {
    const document = size({ ...CHAT, top: 3, ...edit });
    expect(document.decision).toBeNull();
    expect(document.decision_reason).toContain(reason);
    for (const row of document.recommendations) {
      expect(row).toMatchObject({ interval: null, interval_basis: null, meets_targets_probability: null });
      expect(row.interval_reason).toContain(reason);
    }
  });

  it('where nothing passes there is nothing to be sure of', () => {
    const document = size({ ...CHAT, sla: { tpot_p50: 0.1 } });
    expect(document.num_passing).toBe(0);
    expect(document.decision).toBeNull();
    expect(document.decision_reason).toContain('Nothing meets the targets');
  });
});

describe('ranges of a prediction', () => {
  const QUESTION: PredictInputDraft = { model: LLAMA, gpu: 'nvidia-h100-80gb', input_tokens: 500, output_tokens: 200 };
  const throughputKeys = ({ interval }: PredictDocument): string[] =>
    Object.keys(interval ?? expect.fail()).filter((key) => key.endsWith('_per_s'));

  it('leave out throughput where the rate is given, and have it where the deployment sets it', () => {
    expect(throughputKeys(predict({ ...QUESTION, rate: 5 }))).toEqual([]);
    for (const load of [{ concurrency: 32 }, { batch: 16 }]) {
      const document = predict({ ...QUESTION, ...load });
      expect(throughputKeys(document)).toEqual(['requests_per_s', 'output_tokens_per_s', 'total_tokens_per_s']);
      const [low, high] = rangeOf(document.interval ?? expect.fail(), 'output_tokens_per_s');
      expect(low).toBeLessThan(document.throughput.output_tokens_per_s ?? NaN);
      expect(high).toBeGreaterThan(document.throughput.output_tokens_per_s ?? NaN);
    }
  });

  it('never promise a token faster than the weights are read once', () => {
    const wide = factsWith(({ factors }) => {
      for (const classes of Object.values(factors)) classes.group_seen = 3;
    });
    const input = predictInputSchema.parse({ ...QUESTION, rate: 0.1 });
    const { interval } = answerPredict(input, modelSource(LLAMA), wide);
    const floorMs = stepPlanOf(LLAMA, 'nvidia-h100-80gb').weightReadFloorMs;
    const [low, high] = rangeOf(interval ?? expect.fail(), 'tpot_ms_p50');
    expect(low).toBeCloseTo(floorMs, 6);
    expect(high).toBeGreaterThan(floorMs);
    expect(rangeOf(interval ?? expect.fail(), 'ttft_ms_p50')[0]).toBeGreaterThanOrEqual(floorMs);
  });

  it('have none where there is no steady state or no memory, with the reason', () => {
    for (const document of [
      predict({ ...QUESTION, rate: 5000 }),
      predict({ ...QUESTION, model: 'meta-llama/Llama-3.1-70B-Instruct', rate: 1 }),
    ]) {
      expect(document.interval).toBeNull();
      expect(document.interval_reason).toMatch(/no figures|not/);
    }
  });

  it('have none of the time per token where an answer is one token', () => {
    const { interval } = predict({ ...QUESTION, output_tokens: 1, rate: 2 });
    expect(interval?.tpot_ms_p50).toBeUndefined();
    expect(interval?.ttft_ms_p50).toBeDefined();
  });

  it('name what makes a load less sure', () => {
    expect(predict({ ...QUESTION, concurrency: 400 }).interval_basis?.traits).toContain('closed_loop');
    const saturation = 10 / (predict({ ...QUESTION, rate: 10 }).utilization ?? NaN);
    expect(predict({ ...QUESTION, rate: 0.8 * saturation }).interval_basis?.traits).toEqual([]);
    expect(predict({ ...QUESTION, rate: 0.9 * saturation }).interval_basis?.traits).toEqual(['near_capacity']);
    const experts = predict({ ...QUESTION, model: 'Qwen/Qwen3-30B-A3B', rate: 1 });
    expect(experts.interval_basis?.traits).toContain('mixture_of_experts');
    const small = predict({ ...QUESTION, quantization: 'int4', rate: 1 });
    expect(small.interval_basis?.traits).toContain('weight_only');
  });
});

describe('a load of almost nothing', () => {
  it.each([
    ['one client', { concurrency: 1 }],
    ['hardly any arrivals', { rate: 1e-6 }],
    ['one sequence', { batch: 1 }],
  ])('law: %s, short to long: every range holds its figure', (_, load) => {
    for (const [input_tokens, output_tokens] of [
      [1, 1],
      [1, 2],
      [16, 1],
      [5000, 1],
      [5000, 300],
    ] as const) {
      const document = predict({ model: LLAMA, gpu: 'nvidia-h100-80gb', input_tokens, output_tokens, ...load });
      const interval = document.interval ?? expect.fail('no interval');
      let held = 0;
      for (const kind of ['ttft', 'tpot', 'e2e'] as const) {
        for (const statistic of STATISTICS) {
          const figure = document[`${kind}_ms`][statistic];
          expect(figure === null).toBe(interval[`${kind}_ms_${statistic}`] === undefined);
          if (figure === null) continue;
          const [low, high] = rangeOf(interval, `${kind}_ms_${statistic}`);
          expect(low).toBeGreaterThan(0);
          expect(low).toBeLessThanOrEqual(figure);
          expect(high).toBeGreaterThanOrEqual(figure);
          held += 1;
        }
      }
      for (const key of ['requests_per_s', 'output_tokens_per_s', 'total_tokens_per_s'] as const) {
        if (interval[key] === undefined) continue;
        const [low, high] = rangeOf(interval, key);
        const rate = document.throughput[key] ?? NaN;
        expect([low <= rate, high >= rate]).toEqual([true, true]);
      }
      expect(held).toBe(output_tokens > 1 ? 15 : 10);
    }
  });
});

describe('a closed form that is not trusted', () => {
  const load: PredictInputDraft = { model: LLAMA, gpu: 'h100', input_tokens: 500, output_tokens: 200, rate: 5 };
  const few: PredictInputDraft = { ...load, output_tokens: 15 };

  it('has wider ranges and says why; simulated, the same load has not', () => {
    const wide = (document: PredictDocument): number => {
      const [low, high] = rangeOf(intervalOf(document), 'tpot_ms_p95');
      return Math.log(high / low);
    };
    const [trusted, doubted] = [predict(load), predict(few)];
    expect([trusted.trust?.kind, doubted.trust?.kind]).toEqual(['ok', 'critical']);
    expect(wide(doubted)).toBeGreaterThan(1.2 * wide(trusted));
    expect(doubted.interval_basis?.sentence).toContain('less sure under this load');
    expect(trusted.interval_basis?.sentence).not.toContain('less sure under this load');
    const simulated = predict({ ...few, method: 'simulation', num_prompts: 2000 });
    expect(wide(simulated)).toBeLessThan(wide(doubted));
    expect(simulated.interval_basis?.sentence).not.toContain('less sure under this load');
  });
});
