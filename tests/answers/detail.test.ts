import { describe, expect, it } from 'vitest';
import { answerDetail } from '../../src-worker/answers/detail/detail.ts';
import { loadShares } from '../../src-worker/answers/detail/load-curve.ts';
import type { DetailDocument, Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { planQuestionSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { size } from './ask.ts';

const detail = (question: SizeInputDraft, configuration: string): DetailDocument =>
  answerDetail(planQuestionSchema.parse({ question, configuration }), modelSource(question.model), facts);

const CHAT: SizeInputDraft = { model: 'meta-llama/Llama-2-7b-hf', workload: 'chat', users: 100, top: 100 };
const RAG: SizeInputDraft = {
  model: 'meta-llama/Llama-3.1-70B-Instruct',
  workload: 'rag',
  users: 40,
  quantization: ['fp8', 'bf16'],
  top: 100,
};
const chat = size(CHAT);
const rag = size(RAG);
const at = (document: SizeDocument, index: number): Recommendation => {
  const row = document.recommendations.at(index);
  if (!row) throw new Error(`no row ${index}`);
  return row;
};
const curveOf = ({ load_curve: curve }: DetailDocument) => {
  if (!curve) throw new Error('no curve');
  return curve;
};

describe.each([
  ['chat, rank 1', CHAT, at(chat, 0), 'target'],
  ['chat, a dear one', CHAT, at(chat, 60), 'room'],
  ['RAG, rank 1', RAG, at(rag, 0), 'room'],
  ['RAG, rank 10', RAG, at(rag, 9), 'target'],
] as const)('a passing configuration (%s)', (_, question, row, ends) => {
  const document = detail(question, row.id);

  it('is the row of the answer, rank included', () => {
    const { interval, interval_basis, interval_reason, meets_targets_probability: chance, ...figures } = row;
    expect(document.recommendation).toMatchObject(figures);
    expect(document.recommendation?.interval).not.toBeNull();
    // Far down the list, rows come without ranges: whoever opens one gets them.
    if (row.rank <= 20) expect(document.recommendation).toEqual(row);
    else expect([interval, interval_basis, chance, interval_reason]).toEqual([null, null, null, expect.any(String)]);
    expect(document.exclusion).toBeNull();
  });

  it('has a load curve that rises strictly in load and goes through the planned rate', () => {
    const curve = curveOf(document);
    const rates = curve.points.map((point) => point.requests_per_s);
    expect(rates.length).toBeGreaterThanOrEqual(38);
    expect(rates).toEqual([...new Set(rates)].sort((a, b) => a - b));
    expect(Math.max(...rates)).toBeLessThan(curve.saturation_requests_per_s);
    expect(rates).toContain(curve.capacity_requests_per_s);
    const planned = curve.points.find((point) => point.requests_per_s === curve.planned_requests_per_s);
    expect(planned?.ttft_ms).toEqual(row.ttft_ms);
    expect(planned?.tpot_ms).toEqual(row.tpot_ms);
    expect(planned?.e2e_ms).toEqual(row.e2e_ms);
    for (const { ttft_ms: ttft } of curve.points) {
      expect(ttft.p50).toBeLessThanOrEqual(ttft.p95 ?? NaN);
      expect(ttft.p95).toBeLessThanOrEqual(ttft.p99 ?? NaN);
    }
  });

  it('has a capacity that meets every gating target, and none a percent above it', () => {
    const { capacity_requests_per_s: capacity, points, saturation_requests_per_s: saturation } = curveOf(document);
    const share = (row.capacity_share * (capacity ?? 0)) / (row.throughput.requests_per_s ?? 1);
    expect(share * row.replicas).toBeCloseTo(1, 6);
    const gating = row.sla.filter((sla) => sla.gating);
    // The gating metric that comes nearest to its target, as a share of it.
    const nearest = (point: (typeof points)[number]): number =>
      Math.max(
        ...gating.map(({ metric, target_ms: target }) => {
          const [kind = '', statistic = ''] = metric.split('_');
          const summary = kind === 'ttft' ? point.ttft_ms : kind === 'tpot' ? point.tpot_ms : point.e2e_ms;
          return (summary[statistic as 'p50'] ?? Infinity) / target;
        }),
      );
    const meets = (point: (typeof points)[number]): boolean => nearest(point) <= 1;
    const here = points.find((point) => point.requests_per_s === capacity);
    expect(here && meets(here)).toBe(true);
    // Where no target is near, the KV cache and the seats end the capacity (tests/engine/sizing/capacity.test.ts).
    const isTargetNear = here !== undefined && nearest(here) > 0.99;
    expect(isTargetNear).toBe(ends === 'target');
    if (isTargetNear && (capacity ?? 0) * 1.01 < saturation) {
      const crowded = detail({ ...question, users: undefined, rate: (capacity ?? 0) * 1.01, headroom: 0 }, row.id);
      const { points: same } = curveOf(crowded);
      const above = same.filter((point) => point.requests_per_s >= (capacity ?? 0) * 1.01);
      expect(above.some((point) => !meets(point)) || above.length === 0).toBe(true);
    }
  });

  it('stands under its roofs, and decodes work harder on a byte the more of them run', () => {
    const { roofline } = document;
    if (!roofline) throw new Error('no roofline');
    expect(roofline.reached_tflops_per_s).toBeLessThan(roofline.peak_tflops_per_s);
    expect(roofline.reached_bandwidth_tb_per_s).toBeLessThan(roofline.peak_bandwidth_tb_per_s);
    expect(roofline.ridge_flop_per_byte).toBeCloseTo(
      roofline.reached_tflops_per_s / roofline.reached_bandwidth_tb_per_s,
      6,
    );
    for (const point of roofline.points) {
      const roof = Math.min(roofline.peak_tflops_per_s, point.flop_per_byte * roofline.peak_bandwidth_tb_per_s);
      expect(point.tflops_per_s).toBeLessThan(roof);
    }
    const decodes = roofline.points.filter(({ phase }) => phase === 'decode');
    for (let i = 1; i < decodes.length; i += 1) {
      expect(decodes[i]?.flop_per_byte).toBeGreaterThan(decodes[i - 1]?.flop_per_byte ?? Infinity);
    }
    const planned = decodes.filter((point) => point.is_planned);
    expect(planned.map(({ batch }) => batch)).toEqual([Math.max(1, Math.round(row.batch.mean_running))]);
  });

  it('explains every flag of both commands once', () => {
    expect(document.serve_command).toBe(row.vllm_command);
    expect(document.safe_command).toBe(row.vllm_commands.safe);
    expect(document.bench_command).toBe(row.bench_command);
    const flags = { safe: document.safe_command_flags, high_performance: document.command_flags };
    expect(row.vllm_command_flags).toEqual(row.rank <= 20 ? flags : null);
    for (const [command, explained] of [
      [row.vllm_command, document.command_flags],
      [row.vllm_commands.safe, document.safe_command_flags],
    ] as const) {
      if (command === null) throw new Error('no command');
      const written = [...command.matchAll(/ (--[a-z-]+)/g)].map(([, flag]) => flag);
      expect(explained.map(({ flag }) => flag)).toEqual(written);
      for (const { flag, value, why } of explained) {
        expect(command).toContain(value === null ? flag : `${flag} ${value}`);
        expect(why).not.toMatch(/NaN|undefined|Infinity|null/);
      }
    }
  });

  it('shows the division that gives the seats of the safe command', () => {
    const seats = document.safe_command_flags.find(({ flag }) => flag === '--max-num-seqs');
    const parts = /^([\d.,]+) GiB of room \/ ([\d.,]+) GiB for a request of [\d,]+ tokens = ([\d,]+), /.exec(
      seats?.why ?? '',
    );
    const [room = NaN, each = NaN, held = NaN] = (parts ?? []).slice(1).map((text) => Number(text.replaceAll(',', '')));
    // Two decimals of the request's GiB are the coarsest figure in it.
    expect(Math.abs(room / held - each)).toBeLessThan(0.005 + room / held ** 2);
    expect(Number(seats?.value)).toBeLessThanOrEqual(held);
  });
});

describe('cheaper neighbours', () => {
  it('of the cheapest: what comes next in the answer, and cheaper instances with their reason', () => {
    const { cheaper, recommendation } = detail(CHAT, at(chat, 0).id);
    const second = at(chat, 1);
    expect(cheaper.map(({ name }) => name)).toContain(`${second.instances} × ${second.instance} in FP16`);
    expect(cheaper.length).toBeLessThanOrEqual(5);
    const prices = cheaper.map(({ usd_per_hour: usd }) => usd ?? 0);
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    expect(Math.min(...prices)).toBeLessThan(recommendation?.cost.usd_per_hour ?? 0);
    const why = new Map(chat.excluded.map((row) => [row.instance, row.detail]));
    for (const { name, why: reason, usd_per_hour: usd } of cheaper) {
      if ((usd ?? 0) >= (recommendation?.cost.usd_per_hour ?? 0) || name.includes(at(chat, 0).instance)) continue;
      expect(reason).toBe(why.get(name.replace(/^1 × (\S+) in .*$/, '$1')));
    }
  });

  it('of a dear one: the rows that come first in the answer', () => {
    const { cheaper } = detail(CHAT, at(chat, 30).id);
    expect(cheaper.map(({ why }) => why)).toContain('Meets every target too: rank 1 of the answer.');
  });

  it('with one instance fewer: what each replica would carry', () => {
    const row = chat.recommendations.find(({ instances, replicas_per_instance: each }) => instances > 1 && each === 1);
    if (!row) throw new Error('no row with several instances');
    const { cheaper } = detail(CHAT, row.id);
    const fewer = cheaper.find(({ name }) => name === `${row.instances - 1} × ${row.instance} in FP16`);
    const each = (row.throughput.requests_per_s ?? 0) / (row.instances - 1);
    expect(fewer?.why).toMatch(row.instances === 2 ? /^The one replica would/ : /^Each of \d+ replicas would/);
    expect(fewer?.why).toContain(`${each.toPrecision(3)} requests/s`);
    expect(each / row.capacity_requests_per_s).toBeGreaterThan(0.75);
  });
});

describe('an excluded configuration', () => {
  it('that misses a target when idle has a curve without a capacity', () => {
    const row = size({ ...CHAT, sla: { tpot_p50: 12 } }).excluded.find(({ reason }) => reason === 'sla_missed');
    const document = detail({ ...CHAT, sla: { tpot_p50: 12 } }, row?.id ?? '');
    expect(document.exclusion).toEqual(row);
    expect(document.recommendation).toBeNull();
    const curve = curveOf(document);
    expect(curve.capacity_requests_per_s).toBeNull();
    for (const { tpot_ms: tpot } of curve.points) expect(tpot.p50).toBeGreaterThan(12);
    expect(document.serve_command).toContain('vllm serve');
  });

  it('that does not fit shows its memory and nothing that needs a running engine', () => {
    const row = rag.excluded.find(({ reason, id }) => reason === 'memory' && id !== null);
    const document = detail(RAG, row?.id ?? '');
    expect(document.memory?.fits).toBe(false);
    expect(document.exclusion?.detail).toBe(row?.detail);
    expect(document).toMatchObject({ load_curve: null, roofline: null, kv_use: null, serve_command: null });
    expect(document).toMatchObject({ bench_command: null, command_flags: [] });
  });

  it('another plan of a passing instance is sized by itself', () => {
    const row = rag.recommendations.find(({ other_plans: plans }) => plans.some((plan) => plan.meets_sla));
    const other = row?.other_plans.find((plan) => plan.meets_sla);
    const { recommendation } = detail(RAG, other?.id ?? '');
    expect(recommendation?.id).toBe(other?.id);
    expect(recommendation?.cost.usd_per_hour).toBe(other?.usd_per_hour);
    expect(recommendation?.replicas).toBe(other?.replicas);
    expect(recommendation?.other_plans.map(({ id }) => id)).toContain(row?.id);
  });

  it('held back by --max-gpus would have to carry the load on what is allowed', () => {
    const question = { ...CHAT, users: 2000, max_gpus: 2 };
    const hasOneGpu = (name: string): boolean => facts.instances.some((i) => i.name === name && i.gpuCount === 1);
    const row = size(question).excluded.find(({ reason, instance }) => reason === 'max_gpus' && hasOneGpu(instance));
    const curve = curveOf(detail(question, row?.id ?? ''));
    expect(curve.planned_requests_per_s).toBeCloseTo(2000 / (0.2 + 149 * 0.05) / 2, 4);
    expect(curve.planned_requests_per_s).toBeGreaterThan(curve.capacity_requests_per_s ?? Infinity);
  });
});

it.each(['g2-standard-4', 'gcp/g2-standard-4/us-central1/tp1pp1/fp8', '', '../../etc'])(
  'refuses %j and names what would work',
  (id) => {
    const ask = () => detail(CHAT, id === '' ? 'x' : id);
    expect(ask).toThrow(expect.objectContaining({ code: 'unknown_configuration', family: 'invalid_input' }) as Error);
    expect(ask).toThrow(/provider\/instance\/region/);
  },
);

it('names the id that was nearly right', () => {
  const { id } = at(chat, 0);
  expect(() => detail(CHAT, id.replace('fp16', 'fp61'))).toThrow(id);
});

it('puts the rates of a curve the denser the nearer saturation comes', () => {
  const shares = loadShares();
  const gaps = shares.slice(1).map((share, i) => share - (shares[i] ?? 0));
  expect(shares[0]).toBe(0.02);
  expect(shares.at(-1)).toBe(0.995);
  for (let i = 1; i < gaps.length; i += 1) expect(gaps[i]).toBeLessThan(gaps[i - 1] ?? 0);
});

it('benchmarks the planned rate of one replica with the lengths of the workload', () => {
  const row = at(rag, 0);
  const { bench_command: command } = detail(RAG, row.id);
  const rate = Number(/--request-rate (\S+)/.exec(command ?? '')?.[1]);
  expect(rate * row.replicas).toBeCloseTo(row.throughput.requests_per_s ?? 0, 2);
  const tokens = (flag: string) => Number(new RegExp(`--random-${flag}-len (\\d+)`).exec(command ?? '')?.[1]);
  const { effective_prompt_tokens: computed } = rag.assumptions;
  expect(Math.abs(tokens('input') - computed)).toBeLessThan(0.02 * computed);
  expect(tokens('prefix') / (tokens('prefix') + tokens('input'))).toBeCloseTo(0.75 * 0.7, 1);
});

it('says why a model with states has fewer seats than the default', () => {
  const slow = { tpot_p50: 200, tpot_p95: 300, tpot_p99: 400 };
  const question: SizeInputDraft = {
    model: 'tiiuae/falcon-mamba-7b-instruct',
    users: 10,
    provider: ['gcp'],
    gpu: ['nvidia-l4'],
    tp: 1,
    sla: slow,
  };
  const row = size(question).recommendations[0];
  const { command_flags: flags, serve_command: command } = detail(question, row?.id ?? '');
  const seats = flags.find(({ flag }) => flag === '--max-num-seqs');
  expect(Number(seats?.value)).toBeLessThan(256);
  expect(command).toContain(` --max-num-seqs ${seats?.value} `);
  expect(seats?.why).toMatch(
    /of it state whatever the length = [\d.]+, rounded up, .*with more seats than states fit vLLM does not start/,
  );
});
