import { describe, expect, it } from 'vitest';
import { joinBatches } from '../../src-worker/answers/column-builder.ts';
import { answerDetail } from '../../src-worker/answers/detail/detail.ts';
import { answerExplain } from '../../src-worker/answers/explain/explain.ts';
import { sweepFacts } from '../../src-worker/answers/own-hardware.ts';
import { placesOf, surveySearches } from '../../src-worker/answers/sweep/survey.ts';
import { answerSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { Instance, Interconnect } from '../../src-worker/engine/hardware/types.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { gibFromBytes } from '../../src-worker/engine/units.ts';
import { cell, numberColumn } from '../../src-worker/protocol/columns.ts';
import type { Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import {
  planQuestionSchema,
  sizeInputSchema,
  sweepSpecSchema,
  type OwnMachineDraft,
  type SizeInputDraft,
} from '../../src-worker/protocol/requests.ts';
import { sweepColumns } from '../../src-worker/protocol/sweep-columns.ts';
import { facts, modelSource } from '../engine/world.ts';
import { size } from './ask.ts';

const LLAMA = 'meta-llama/Llama-3.1-8B-Instruct';
const own = (machines: OwnMachineDraft[], more: Partial<SizeInputDraft> = {}): SizeInputDraft => ({
  model: LLAMA,
  users: 50,
  top: 100,
  own_hardware: machines,
  ...more,
});
const L4X2: OwnMachineDraft = { name: 'two', gpu: 'nvidia-l4', gpu_count: 2 };
const H100: OwnMachineDraft = { name: 'one', gpu: 'nvidia-h100-80gb' };
const A100X8: OwnMachineDraft = { name: 'eight', gpu: 'nvidia-a100-80gb', gpu_count: 8, interconnect: 'nvswitch' };

function first({ recommendations, excluded }: SizeDocument): Recommendation {
  const [row] = recommendations;
  if (!row) throw new Error(`nothing passes: ${excluded.map(({ detail }) => detail).join(' ')}`);
  return row;
}

function refusalOf(question: SizeInputDraft): ConfigIqError {
  try {
    size(question);
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was refused');
}

/** The same machine, standing at home. */
function twinOf({ name, gpuId, gpuCount, vcpus, hostMemoryBytes, interconnect }: Instance): OwnMachineDraft {
  const link: Interconnect = gpuCount > 1 ? interconnect : 'none';
  return {
    name,
    gpu: gpuId,
    gpu_count: gpuCount,
    vcpus,
    memory_gb: hostMemoryBytes === null ? null : gibFromBytes(hostMemoryBytes),
    interconnect: link === 'none' ? null : link,
  };
}

/** Everything of a row that a seller has no part in. */
const physical = (row: Recommendation) => ({
  ...row,
  ...{ id: '', rank: 0, provider: '', region: '', zones: [], other_regions: 0, catalog: '' },
  ...{
    cost: null,
    cost_reason: null,
    interval: row.interval && { ...row.interval, usd_per_hour: null, usd_per_request: null },
    other_plans: row.other_plans.map(({ id: _, usd_per_hour: __, ...plan }) => plan),
  },
  warnings: row.warnings.filter(({ code }) => !['old_price', 'spare_replicas'].includes(code)),
});

describe('own hardware equal to an instance of a cloud', () => {
  const SAMPLES = [
    ['gcp', 'g2-standard-24', {}],
    ['gcp', 'a2-highgpu-4g', { workload: 'rag', users: 20 }],
    ['gcp', 'a3-highgpu-8g', { model: 'meta-llama/Llama-3.1-70B-Instruct', users: 80 }],
    ['gcp', 'g4-standard-24', { users: 2 }],
    ['azure', 'Standard_NC48ads_A100_v4', { users: 500, quantization: ['fp16', 'fp8'] }],
    ['oci', 'BM.GPU.MI300X.8', { model: 'meta-llama/Llama-3.1-70B-Instruct' }],
  ] as const;

  it.each(SAMPLES)('%s %s: same capacity, replicas and latency', (provider, name, more) => {
    const instance = facts.instances.find((entry) => entry.provider === provider && entry.name === name);
    if (!instance) throw new Error(`no ${name}`);
    const question: SizeInputDraft = {
      model: LLAMA,
      users: 50,
      top: 1000,
      ...more,
      quantization: [...('quantization' in more ? more.quantization : [])],
    };
    const rented = size({ ...question, provider: [provider], include_retired: true }).recommendations.find(
      (row) => row.instance === name,
    );
    if (!rented) throw new Error(`${name} does not pass`);
    const atHome = first(size({ ...question, own_hardware: [twinOf(instance)] }));
    expect(physical(atHome)).toEqual(physical(rented));
  });

  it('costs the same where it is given the same price', () => {
    const instance = facts.instances.find((entry) => entry.name === 'g2-standard-24');
    if (!instance) throw new Error('no g2-standard-24');
    const rented = size({ model: LLAMA, users: 50, top: 1000, provider: ['gcp'] }).recommendations.find(
      (row) => row.instance === 'g2-standard-24',
    );
    const atHome = first(
      size(own([{ ...twinOf(instance), usd_per_hour: rented?.cost.usd_per_hour_instance ?? null }])),
    );
    const { price_as_of: asOf, price_source: source, ...figures } = atHome.cost;
    expect(rented?.cost).toMatchObject(figures);
    expect([atHome.cost_reason, asOf]).toEqual([null, null]);
    expect(source).toBe('given with the question');
  });
});

describe('own hardware without a price', () => {
  const document = size(
    own([A100X8, L4X2, { ...H100, usd_per_hour: 40 }, { name: 'half', gpu: 'nvidia-h100-80gb', gpu_count: 0.5 }]),
  );

  it('is all that is sized, after what has a price, by the GPUs it uses', () => {
    expect(document.recommendations.map(({ instance }) => instance)).toEqual(['one', 'half', 'two', 'eight']);
    expect(document.num_passing).toBe(4);
    expect(document.excluded).toEqual([]);
    expect(new Set(document.recommendations.map(({ provider, region }) => `${provider}/${region}`))).toEqual(
      new Set(['own/own']),
    );
    expect(document.recommendations[1]?.id).toBe('own/half/own/tp1pp1/fp16');
  });

  it('has null for every cost, with the reason beside it', () => {
    const [priced, ...others] = document.recommendations;
    expect(priced?.cost_reason).toBeNull();
    expect(priced?.cost.usd_per_hour).toBe(40);
    for (const { cost, cost_reason } of others) {
      expect(cost_reason).toBe('own_hardware');
      expect(Object.values(cost)).toEqual(Object.values(cost).map(() => null));
    }
    expect(JSON.stringify(document)).not.toMatch(/NaN|Infinity/);
  });

  it('marks a share of a GPU as an estimate, as it marks those of clouds', () => {
    const codes = (row?: Recommendation): string[] => (row?.warnings ?? []).map(({ code }) => code);
    expect(codes(document.recommendations[1])).toContain('fractional_gpu');
    const rented = size({
      model: LLAMA,
      users: 2,
      provider: ['gcp', 'azure'],
      gpu: ['nvidia-rtx-pro-6000-blackwell'],
      top: 1000,
    });
    const slices = rented.recommendations.filter(({ gpu_count }) => gpu_count < 1);
    expect(slices.length).toBeGreaterThan(0);
    for (const row of slices) expect(codes(row)).toContain('fractional_gpu');
  });

  it('says what was assumed beside the figures, or above the answer where nothing passes', () => {
    const guess: OwnMachineDraft = { name: 'guess', gpu: 'nvidia-a100-40gb', gpu_count: 4, gpu_vram_gb: 48 };
    const codes = (list: { code: string }[]) => list.map(({ code }) => code).filter((code) => /own|link/.test(code));
    const passing = size(own([guess]));
    expect(codes(first(passing).warnings)).toEqual(['own_gpu_memory', 'link_assumed']);
    expect(codes(passing.warnings)).toEqual([]);
    const failing = size(own([guess], { sla: { ttft_p50: 1 } }));
    expect(codes(failing.warnings)).toEqual(['own_gpu_memory', 'link_assumed']);
  });

  it('gains room with memory that is given: more KV tokens, never fewer', () => {
    const tokens = [null, 48, 64, 96].map(
      (gb) => first(size(own([{ name: 'a', gpu: 'nvidia-a100-40gb', gpu_vram_gb: gb }]))).memory.kv_cache_tokens,
    );
    expect(tokens).toEqual([...tokens].sort((a, b) => a - b));
    expect(new Set(tokens).size).toBe(4);
  });
});

describe('what the load leaves free', () => {
  const saying = (code: string, machine: OwnMachineDraft, more: Partial<SizeInputDraft> = {}) =>
    first(size(own([machine], { users: 5, ...more })))
      .warnings.filter((warning) => warning.code === code)
      .map(({ sentence }) => sentence);

  it('is said of replicas and of GPUs', () => {
    expect(saying('spare_replicas', A100X8)).toEqual([
      'The load needs 1 replica of the 8 that 1 × eight can hold: 7 GPUs are free.',
    ]);
    expect(saying('spare_replicas', L4X2, { tp: 2 })).toEqual([]);
    const three = { name: 'three', gpu: 'nvidia-l4', gpu_count: 3 };
    expect(saying('idle_gpus', three, { tp: 2 })).toEqual(['One replica leaves 1 of the 3 GPUs of three idle.']);
  });

  it('is not said of what is rented, which is ranked by its price', () => {
    const rented = size({ model: LLAMA, users: 5, top: 100, provider: ['aws'] }).recommendations;
    expect(rented.some(({ spare_replicas: spare }) => spare > 0)).toBe(true);
    expect(rented.flatMap(({ warnings }) => warnings).filter(({ code }) => code === 'spare_replicas')).toEqual([]);
  });
});

describe('the parts of an answer stand a missing price', () => {
  const question = own([A100X8, L4X2, { name: 'small', gpu: 'nvidia-t4' }], { users: 200 });
  const document = size(question);
  const asked = (configuration: string) => planQuestionSchema.parse({ question, configuration });
  const best = first(document);

  it('detail: neighbours by GPUs, without a price', () => {
    for (const [index, { id }] of document.recommendations.entries()) {
      const detail = answerDetail(asked(id), modelSource(LLAMA), facts);
      expect(detail.recommendation).toEqual(document.recommendations[index]);
      expect(detail.cheaper.map(({ usd_per_hour }) => usd_per_hour)).toEqual(detail.cheaper.map(() => null));
      expect(JSON.stringify(detail)).not.toMatch(/NaN|Infinity|undefined|\$/);
    }
    const largest = document.recommendations.at(-1)?.id ?? '';
    const around = answerDetail(asked(largest), modelSource(LLAMA), facts).cheaper;
    expect(around.map(({ why }) => why).join(' ')).toContain('rank 1 of the answer');
  });

  it('explain: the costs have no value and say why', () => {
    const explanations = answerExplain(asked(best.id), modelSource(LLAMA), facts).explanations;
    const hourly = explanations.find(({ metric }) => metric === 'usd_per_hour');
    expect(hourly).toMatchObject({ value: null, calculation: '–', parts: [], sensitivities: [] });
    expect(hourly?.inputs.at(-1)?.source).toBe('own hardware: no price was given');
    expect(hourly?.assumptions).toEqual(['No price was given.']);
    expect(JSON.stringify(explanations)).not.toMatch(/NaN|\$0|undefined/);
  });

  it('a sweep: rows without a price, with the reason, over users', () => {
    const spec = sweepSpecSchema.parse({
      base: { ...question, users: undefined },
      axes: { users: [10, 200], gpu: ['*'] },
    });
    const plan = planSweep(spec, sweepFacts(spec, facts));
    expect(plan.inputs.map(({ gpu }) => gpu)).toEqual([['nvidia-a100-80gb'], ['nvidia-l4'], ['nvidia-t4']]);
    const survey = surveySearches(plan.inputs, placesOf(plan.demand), new Map([[LLAMA, modelSource(LLAMA)]]), facts);
    expect([survey.instances, survey.rows]).toEqual([3, 3]);
    const ofFirst = plan.units.filter(({ input }) => input === plan.inputs[0]);
    const batch = joinBatches(
      ofFirst.map((unit) => answerSweepUnit(unit, modelSource(LLAMA), facts)),
      sweepColumns(['users', 'gpu']),
    );
    expect(batch.rows).toBe(2);
    expect([...numberColumn(batch, 'users')]).toEqual([10, 200]);
    for (const row of [0, 1]) {
      expect(cell(batch, 'cost_usd_per_hour', row)).toBeNull();
      expect(cell(batch, 'cost_reason', row)).toBe('own_hardware');
      expect(cell(batch, 'id', row)).toMatch(/^own\/eight\/own\//);
    }
  });

  it.each([
    ['zone', { zone: ['*'] }],
    ['region', { region: ['*'] }],
    ['provider', { provider: ['*'] }],
    ['pricing', { pricing: ['ondemand', 'spot'] }],
  ])('an axis of what is rented contradicts it: %s', (axis, axes) => {
    const spec = sweepSpecSchema.parse({ base: question, axes });
    expect(() => sweepFacts(spec, facts)).toThrow(expect.objectContaining({ code: 'own_hardware_filtered' }));
    expect(() => sweepFacts(spec, facts)).toThrow(new RegExp(`no ${axis} to compare`));
  });
});

describe('own hardware that does not do', () => {
  it.each([
    ['too few GPUs', own([L4X2], { users: 2000, max_gpus: 4 })],
    ['targets too tight', own([L4X2, H100], { sla: { ttft_p95: 20 } })],
    ['the weights do not fit', own([{ name: 'a', gpu: 'nvidia-l4' }], { model: 'meta-llama/Llama-3.1-70B-Instruct' })],
    ['priced and unpriced, too tight', own([{ ...L4X2, usd_per_hour: 1 }, H100], { sla: { tpot_p50: 4 } })],
  ])('%s: each change brings the answer it promises, and nothing is not a number', (_, question) => {
    const document = size(question);
    expect(document.num_passing).toBe(0);
    expect(document.no_answer?.nearest?.provider).toBe('own');
    expect(document.relaxations.length).toBeGreaterThan(0);
    expect(JSON.stringify(document)).not.toMatch(/NaN|Infinity|spot/);
    for (const { set, id, usd_per_hour } of document.relaxations) {
      const best = first(size(sizeInputSchema.parse({ ...question, ...set })));
      expect([best.id, best.cost.usd_per_hour]).toEqual([id, usd_per_hour]);
    }
    const rent = document.relaxations.find(({ change }) => change === 'Rent instead');
    if (rent) expect(rent.usd_per_hour).toBeGreaterThan(0);
  });

  it('offers what is rented in its place', () => {
    const document = size(own([{ name: 'a', gpu: 'nvidia-t4' }], { users: 100 }));
    const rent = document.relaxations.find(({ change }) => change === 'Rent instead');
    expect(rent?.set).toMatchObject({ own_hardware: [], gpu: [], provider: [], zone: null, pricing: 'ondemand' });
    expect(rent?.id).not.toMatch(/^own\//);
  });
});

describe('contradictions', () => {
  it.each([
    ['spot', { pricing: 'spot' }, /pricing spot says nothing of it/],
    ['a zone', { zone: 'us-central1-a' }, /zone "us-central1-a"/],
    ['a region', { region: 'us-central1' }, /region "us-central1"/],
    ['a provider', { provider: ['gcp'] }, /provider gcp/],
  ] as [string, Partial<SizeInputDraft>, RegExp][])('%s', (_, more, sentence) => {
    const refusal = refusalOf(own([L4X2], more));
    expect(refusal).toMatchObject({ family: 'invalid_input', code: 'own_hardware_filtered' });
    expect(refusal.message).toMatch(sentence);
  });

  it('a GPU filter narrows the machines, and must leave one', () => {
    expect(size(own([L4X2, H100], { gpu: ['l4'] })).recommendations.map(({ instance }) => instance)).toEqual(['two']);
    expect(refusalOf(own([L4X2], { gpu: ['h100-80gb'] }))).toMatchObject({ code: 'own_gpu_filtered' });
  });

  it.each([
    [{ ...L4X2, name: 'a/b' }, /slashes/],
    [{ ...L4X2, gpu_count: 0 }, /0\.01/],
    [{ ...L4X2, usd_per_hour: 0 }, />0/],
    [{ ...L4X2, interconnect: 'infiniband' }, /pcie/],
    [{ ...L4X2, memory: 5 }, /memory/],
  ])('a machine that cannot be: %o', (machine, message) => {
    const read = sizeInputSchema.safeParse({ model: LLAMA, users: 1, own_hardware: [machine] });
    expect(read.success).toBe(false);
    expect(read.error?.message).toMatch(message);
  });
});
