import { describe, expect, it } from 'vitest';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { PlanMemory } from '../../src-worker/answers/plan-memory.ts';
import { answerSize, prepareSizing } from '../../src-worker/answers/size.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { ModelSource } from '../../src-worker/engine/model/types.ts';
import type { PlanGroup } from '../../src-worker/engine/sizing/types.ts';
import { createWorkerCalls } from '../../src-worker/pool/calls.ts';
import { sizeInputSchema, type SizeInput, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { attempt } from '../../src-worker/protocol/result.ts';

const facts = loadFacts(bundledCatalogsFolder());
const MODELS = ['meta-llama/Llama-2-7b-hf', 'openai/gpt-oss-20b'];

function bundled(id: string): ModelSource {
  const source = readBundledModel(bundledCatalogsFolder(), id);
  if (!source) throw new Error(`${id} is not bundled`);
  return source;
}
const sources = new Map(MODELS.map((id) => [id, bundled(id)]));

/** Facts that no plan was evaluated with: what a new worker holds. */
const newFacts = (): Facts => ({ ...facts });
const START: SizeInputDraft = { model: 'meta-llama/Llama-2-7b-hf', users: 100, provider: ['lambda'], top: 100 };
const asked = (draft: Partial<SizeInputDraft> = {}): SizeInput => sizeInputSchema.parse({ ...START, ...draft });

const ZONE = facts.instances.flatMap(({ offers }) => offers.flatMap(({ zones }) => zones))[0] ?? '';

/** Keys of a question with values a user may go back and forth between (`method` apart: one sizing of M/G/1 takes a second). */
const EDITS: { [Key in keyof SizeInputDraft]?: SizeInputDraft[Key][] } = {
  model: MODELS,
  workload: ['chat', 'rag', 'code'],
  users: [1, 100, 3000],
  think_time: [0, 10],
  headroom: [0, 25, 60],
  quantization: [[], ['fp16'], ['fp8', 'fp16'], ['int4']],
  kv_cache_dtype: ['auto', 'fp8'],
  pricing: ['ondemand', 'spot'],
  zone: [null, ZONE],
  region: [null, 'us-east-1'],
  provider: [['lambda'], ['gcp'], ['gcp', 'lambda']],
  gpu: [[], ['l40s'], ['nvidia-h100-80gb', 'nvidia-a100-80gb']],
  max_gpus: [null, 4],
  tp: [null, 2],
  include_retired: [false, true],
  input_tokens: [null, 900, 9000],
  output_tokens: [null, 1, 400],
  prefix_cache: [true, false],
  strict_context: [false, true],
  sla: [{}, { ttft_p95: 400 }, { tpot_p50: 20, e2e_p50: 9000 }],
  top: [3, 100],
};

/** Numbers 0..1, the same for every run (Park and Miller's generator). */
function chances(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

function randomEdit(from: SizeInputDraft, chance: () => number): SizeInputDraft {
  const pick = <Value>(values: Value[]): Value => values[Math.floor(chance() * values.length)] as Value;
  const [key, values] = pick(Object.entries(EDITS));
  return { ...from, [key]: pick<unknown>(values) };
}

const planOf = (input: SizeInput, known: Facts): PlanGroup[] => [
  ...new Set(
    prepareSizing(input, bundled(input.model), known).evaluated.candidates.flatMap((candidate) => candidate.plans),
  ),
];

describe('plans remembered between questions', () => {
  it.each([1, 2])(
    'a warm worker answers a random row of edits with the bytes of a new one (seed %i)',
    (seed) => {
      const worker = createWorkerCalls();
      worker.load(newFacts());
      const chance = chances(seed);
      let draft = START;
      for (let edit = 0; edit < 40; edit += 1) {
        draft = randomEdit(draft, chance);
        const input = sizeInputSchema.parse(draft);
        const source = sources.get(input.model);
        if (!source) throw new Error(`no ${input.model}`);
        // A refusal (zone and region together) is an answer, too.
        const warm = worker.size(input, source);
        const cold = attempt(() => answerSize(input, source, newFacts()));
        expect(JSON.stringify(warm), JSON.stringify(draft)).toBe(JSON.stringify(cold));
      }
    },
    30_000,
  );

  it('an edit of users, place or price searches nothing anew', () => {
    const known = newFacts();
    const before = planOf(asked(), known);
    const edits: Partial<SizeInputDraft>[] = [
      { users: 7 },
      { headroom: 60 },
      { pricing: 'spot' },
      { region: 'us-east-1' },
      { max_gpus: 8 },
    ];
    for (const edit of edits) {
      const after = planOf(asked(edit), known);
      expect(after).toHaveLength(before.length);
      after.forEach((plan, i) => expect(plan).toBe(before[i]));
    }
  });

  it('a further precision or provider evaluates only its own plans', () => {
    const known = newFacts();
    const before = planOf(asked({ quantization: ['fp16'] }), known);
    const after = planOf(asked({ quantization: ['fp16', 'fp8'], provider: ['lambda', 'aws'] }), known);
    expect(after.length).toBeGreaterThan(2 * before.length - 1);
    for (const plan of before) expect(after).toContain(plan);
  });

  it('other lengths, targets or caches are other plans', () => {
    const known = newFacts();
    const before = new Set(planOf(asked(), known));
    const edits: Partial<SizeInputDraft>[] = [
      { input_tokens: 900 },
      { output_tokens: 20 },
      { sla: { ttft_p95: 1 } },
      { kv_cache_dtype: 'fp8' },
      { method: 'mg1', gpu: ['a10'] },
      { strict_context: true },
      { calibration: 'seed' },
      { workload: 'rag', prefix_hit_rate: 0.1 },
    ];
    for (const edit of edits) {
      for (const plan of planOf(asked(edit), known)) expect(before.has(plan)).toBe(false);
    }
  });

  it('new catalogs are answered from themselves', () => {
    const worker = createWorkerCalls();
    worker.load(facts);
    const source = bundled(START.model);
    worker.size(asked(), source);
    const slower = { ...facts, gpus: facts.gpus.map((gpu) => ({ ...gpu, memoryBandwidthBytesPerS: 1e11 })) };
    worker.load(slower);
    const answer = worker.size(asked(), source);
    expect(answer).toEqual({ ok: true, value: answerSize(asked(), source, { ...slower }) });
  });

  it('forgets the subjects that were not asked for longest, and never the one just asked', () => {
    const memory = new PlanMemory();
    const [plan] = planOf(asked(), newFacts());
    if (!plan) throw new Error('no plan');
    const add = (name: string, plans: number): void => {
      const subject = memory.subject(name, () => ({ model: {} as never, lengths: {} as never }));
      for (let i = 0; i < plans; i += 1) subject.plans.set(String(i), plan);
    };
    for (let edit = 0; edit < 50; edit += 1) add(`edit ${edit}`, 200);
    add('large', 5000);
    add('small', 1);
    expect(memory.numPlans).toBeLessThanOrEqual(3001);
    const kept = memory.subject('small', () => ({ model: {} as never, lengths: {} as never }));
    expect(kept.plans.size).toBe(1);
  });
});
