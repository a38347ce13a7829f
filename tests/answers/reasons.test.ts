import { describe, expect, test } from 'vitest';
import { answerSize } from '../../src-worker/answers/size.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { Instance } from '../../src-worker/engine/hardware/types.ts';
import { bytesFromGib } from '../../src-worker/engine/units.ts';
import type { Exclusion } from '../../src-worker/protocol/documents.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';

const LLAMA_8B = 'meta-llama/Llama-3.1-8B-Instruct';
const LLAMA_70B = 'meta-llama/Llama-2-70b-hf';

type Question = Record<string, unknown> & { model: string };

const answer = (question: Question, world: Facts = facts) =>
  answerSize(sizeInputSchema.parse({ users: 10, top: 1000, ...question }), modelSource(question.model), world);

/** The catalog with one instance alone, changed. */
const only = (name: string, change: Partial<Instance>): Facts => ({
  ...facts,
  instances: facts.instances.filter((row) => row.name === name).map((row) => ({ ...row, ...change })),
});

interface Case {
  reason: string;
  /** What is told apart within the reason. */
  about?: string;
  question: Question;
  /** An instance that is refused so. */
  instance: string;
  /** Words and figures of the sentence. */
  sentence: RegExp;
  /** null = nothing can be measured: price and place. */
  margin: { metric: string; value: number; limit: number } | null;
  world?: Facts;
}

/** Every reason code of NUMBERS.md, "What size lists", on the bundled catalog where it has such a case. */
const CASES: Case[] = [
  {
    reason: 'memory',
    question: { model: LLAMA_70B, gpu: ['l4'], tp: 1 },
    instance: 'g6.xlarge',
    sentence:
      /weights need 128\.5 GiB and the KV cache of one longest request 0\.4 GiB, NVIDIA L4 leaves 19\.\d of 22\.0 GiB; 109\.\d GiB are missing/,
    margin: { metric: 'memory_per_gpu', value: 130, limit: 20.27 },
  },
  {
    reason: 'tp_heads',
    question: { model: 'Qwen/Qwen2.5-0.5B', gpu: ['l4'], tp: 4 },
    instance: 'g6.12xlarge',
    sentence: /TP 4 does not divide the 14 attention heads/,
    margin: { metric: 'tensor_parallel', value: 4, limit: 2 },
  },
  {
    reason: 'link_domain',
    question: { model: LLAMA_8B, tp: 16 },
    instance: 'g4dn.xlarge',
    sentence: /TP 16 needs more GPUs than the 1 of g4dn\.xlarge/,
    margin: { metric: 'tensor_parallel', value: 16, limit: 1 },
  },
  {
    reason: 'link_domain',
    about: 'stages',
    question: { model: LLAMA_8B, tp: 4, pp: 4 },
    instance: 'p5.48xlarge',
    sentence: /TP 4 × PP 4 is 16 GPUs, more than the 8 of p5\.48xlarge/,
    margin: { metric: 'gpus', value: 16, limit: 8 },
  },
  {
    reason: 'compute_capability',
    question: { model: LLAMA_8B, gpu: ['p100'] },
    instance: 'n1-standard-8+1xp100',
    sentence: /vLLM needs compute capability 7\.0; NVIDIA Tesla P100 16GB \(PCIe\) has 6\.0/,
    margin: { metric: 'compute_capability', value: 6, limit: 7 },
  },
  {
    reason: 'dtype_unsupported',
    about: 'bf16 below sm80',
    question: { model: LLAMA_8B, gpu: ['t4'], quantization: ['bf16'] },
    instance: 'g4dn.xlarge',
    sentence: /NVIDIA T4 has no bf16 \(compute capability 8\.0 and up, it has 7\.5\)/,
    margin: { metric: 'compute_capability', value: 7.5, limit: 8 },
  },
  {
    reason: 'dtype_unsupported',
    about: 'FP8 below the Marlin kernels',
    question: { model: LLAMA_8B, quantization: ['fp8'] },
    instance: 'p3dn.24xlarge',
    sentence: /vLLM runs fp8 from compute capability 7\.5; NVIDIA Tesla V100 SXM2 32GB has 7\.0/,
    margin: { metric: 'compute_capability', value: 7, limit: 7.5 },
  },
  {
    reason: 'dtype_unsupported',
    about: 'NVFP4 without its units',
    question: { model: LLAMA_8B, gpu: ['h100'], quantization: ['nvfp4'] },
    instance: 'p5.48xlarge',
    sentence: /no NVFP4 units \(compute capability 10\.0 and up, it has 9\.0\)/,
    margin: { metric: 'compute_capability', value: 9, limit: 10 },
  },
  {
    reason: 'dtype_unsupported',
    about: 'W8A8 below Turing',
    question: { model: LLAMA_8B, quantization: ['int8'] },
    instance: 'p3dn.24xlarge',
    sentence: /vLLM runs int8 from compute capability 7\.5/,
    margin: { metric: 'compute_capability', value: 7, limit: 7.5 },
  },
  {
    reason: 'dtype_unsupported',
    about: 'an AWQ checkpoint on Volta',
    question: { model: 'Qwen/Qwen2.5-7B-Instruct-AWQ' },
    instance: 'p3dn.24xlarge',
    sentence: /vLLM runs awq checkpoints from compute capability 7\.5/,
    margin: { metric: 'compute_capability', value: 7, limit: 7.5 },
  },
  {
    reason: 'model_unsupported',
    question: { model: 'deepseek-ai/DeepSeek-V3.2' },
    instance: 'g4dn.xlarge',
    sentence:
      /vLLM 0\.22 runs 61 of the 61 layers of deepseek-ai\/DeepSeek-V3\.2 .* from compute capability 9\.0; NVIDIA T4 has 7\.5/,
    margin: { metric: 'compute_capability', value: 7.5, limit: 9 },
  },
  {
    reason: 'host_memory',
    about: 'no instance of the catalog has so little for its GPU: one with less',
    question: { model: LLAMA_8B },
    instance: 'g6e.xlarge',
    sentence: /Loading 15\.0 GiB of weights needs at least 7\.7 GiB of host memory; g6e\.xlarge has 6\.0/,
    margin: { metric: 'host_memory', value: 6, limit: 7.74 },
    world: only('g6e.xlarge', { hostMemoryBytes: bytesFromGib(6) }),
  },
  {
    reason: 'context_exceeded',
    question: { model: LLAMA_70B, workload: 'rag', strict_context: true, gpu: ['h100'] },
    instance: 'p5.4xlarge',
    sentence: /takes 4096 tokens; 88\.5 % of the requests are longer/,
    margin: { metric: 'context_tokens', value: 4782, limit: 4096 },
  },
  {
    reason: 'sla_missed',
    question: { model: LLAMA_8B, gpu: ['l4'], tp: 1 },
    instance: 'g6.xlarge',
    sentence: /TPOT P50 is [\d.]+ ms on an idle replica, target 50\.0 ms/,
    margin: { metric: 'tpot_p50', value: 56.5, limit: 50 },
  },
  {
    reason: 'max_gpus',
    question: { model: LLAMA_8B, users: 100_000, max_gpus: 4 },
    instance: 'g4dn.12xlarge',
    sentence: /Needs \d+ GPUs \(\d+ × g4dn\.12xlarge\); the limit is 4/,
    margin: { metric: 'gpus', value: 7888, limit: 4 },
  },
  {
    reason: 'pp_layers',
    question: { model: 'EleutherAI/pythia-14m', pp: 8 },
    instance: 'p5.48xlarge',
    sentence: /PP 8 needs a layer for every stage; EleutherAI\/pythia-14m has 6/,
    margin: { metric: 'pipeline_parallel', value: 8, limit: 6 },
  },
  {
    reason: 'price_unknown',
    question: { model: LLAMA_8B },
    instance: 'p5e.48xlarge',
    sentence: /No on-demand price of aws p5e\.48xlarge is known/,
    margin: null,
  },
  {
    reason: 'spot_unknown',
    question: { model: LLAMA_8B, pricing: 'spot' },
    instance: 'g4dn.xlarge',
    sentence: /No spot price of aws g4dn\.xlarge is known/,
    margin: null,
  },
  {
    reason: 'retired',
    question: { model: LLAMA_8B },
    instance: 'Standard_NC6s_v3',
    sentence: /azure Standard_NC6s_v3 is withdrawn from sale; --include-retired/,
    margin: null,
  },
  {
    reason: 'zone_unknown',
    question: { model: LLAMA_8B, zone: 'us-central1-a' },
    instance: 'g4dn.xlarge',
    sentence: /aws g4dn\.xlarge is sold per region/,
    margin: null,
  },
  {
    reason: 'not_in_zone',
    question: { model: LLAMA_8B, zone: 'us-central1-a' },
    instance: 'g4-standard-48',
    sentence: /gcp g4-standard-48 is not sold in us-central1-a/,
    margin: null,
  },
  {
    reason: 'region_filtered',
    question: { model: LLAMA_8B, region: 'us-central1' },
    instance: 'g4dn.xlarge',
    sentence: /aws g4dn\.xlarge is not sold in us-central1/,
    margin: null,
  },
];

const exclusionOf = ({ question, instance, world }: Case): Exclusion => {
  const row = answer(question, world).excluded.find((entry) => entry.instance === instance);
  if (!row) throw new Error(`${instance} is not excluded`);
  return row;
};

describe('why an instance is excluded', () => {
  test.each(CASES.map((entry) => [`${entry.reason}${entry.about ? `: ${entry.about}` : ''}`, entry] as const))(
    '%s',
    (_, entry) => {
      const { reason, detail, margin } = exclusionOf(entry);
      expect(reason).toBe(entry.reason);
      expect(detail).toMatch(entry.sentence);
      if (entry.margin === null) {
        expect(margin).toBeNull();
        return;
      }
      expect(margin).toMatchObject({ metric: entry.margin.metric });
      for (const end of ['value', 'limit'] as const) {
        expect(Math.abs((margin?.[end] ?? NaN) / entry.margin[end] - 1)).toBeLessThan(0.05);
      }
    },
  );

  test('every code of NUMBERS.md has its case; the local disk only warns', () => {
    const codes =
      'memory tp_heads link_domain compute_capability dtype_unsupported host_memory context_exceeded sla_missed ' +
      'price_unknown spot_unknown retired disk pp_layers zone_unknown not_in_zone region_filtered max_gpus model_unsupported';
    expect([...new Set([...CASES.map(({ reason }) => reason), 'disk'])].sort()).toEqual(codes.split(' ').sort());
  });

  test('law: whatever is not about price or place has a margin with a finite value and limit, and a figure in its sentence', () => {
    const placed = ['price_unknown', 'spot_unknown', 'retired', 'zone_unknown', 'not_in_zone', 'region_filtered'];
    const questions: Question[] = [
      { model: LLAMA_8B, quantization: ['fp8', 'int4', 'nvfp4', 'bf16'] },
      { model: 'openai/gpt-oss-120b' },
      { model: LLAMA_70B, method: 'mg1' },
      { model: LLAMA_70B, pp: 2 },
    ];
    let measured = 0;
    for (const question of questions) {
      for (const { reason, detail, margin } of answer(question).excluded) {
        if (placed.includes(reason)) continue;
        measured += 1;
        expect(Number.isFinite(margin?.value) && Number.isFinite(margin?.limit), detail).toBe(true);
        expect(detail).toMatch(/\d/);
      }
    }
    expect(measured).toBeGreaterThan(300);
  });
});

describe('what passes with a warning', () => {
  const warningOf = (code: string, question: Question, world?: Facts): string | undefined =>
    answer(question, world).recommendations.flatMap(({ warnings }) => warnings.filter((row) => row.code === code))[0]
      ?.sentence;

  test('disk: the checkpoint against the local disks, where they are known', () => {
    const small = only('g6e.xlarge', { localSsdBytes: bytesFromGib(12) });
    expect(warningOf('disk', { model: LLAMA_8B }, small)).toBe(
      'The checkpoint takes 15.0 GiB, the local disks of g6e.xlarge hold 12.0 GiB: keep it on a volume of its own.',
    );
    expect(warningOf('disk', { model: LLAMA_8B }, only('g6e.xlarge', { localSsdBytes: null }))).toBeUndefined();
    expect(warningOf('disk', { model: LLAMA_8B }, only('g6e.xlarge', {}))).toBeUndefined();
  });

  test('link_domain: a group beyond the pairs that bridges join exchanges over PCIe, and is counted so', () => {
    const name = 'Standard_NC96ads_A100_v4';
    const bridged = answer({ model: LLAMA_70B, tp: 4 }, only(name, {})).recommendations[0];
    expect(bridged?.warnings.find(({ code }) => code === 'link_domain')?.sentence).toBe(
      `TP 4 spans 4 GPUs, bridges of ${name} join 2: the group exchanges over PCIe at 32 GB/s, and is counted so.`,
    );
    const overPcie = answer({ model: LLAMA_70B, tp: 4 }, only(name, { interconnect: 'pcie' })).recommendations[0];
    expect(bridged?.step_time_ms).toEqual(overPcie?.step_time_ms);
    expect(warningOf('link_domain', { model: LLAMA_8B, tp: 2 }, only(name, {}))).toBeUndefined();
  });

  test('weight_only: FP8 on Turing, whose weights shrink at the 16-bit rate', () => {
    expect(warningOf('weight_only', { model: LLAMA_8B, gpu: ['t4'], quantization: ['fp8'] })).toMatch(/no FP8 units/);
  });

  test('idle_gpus: what no whole replica takes is said', () => {
    const row = answer({ model: LLAMA_70B, gpu: ['h100'], tp: 1, pp: 3, quantization: ['fp8'] }).recommendations.find(
      ({ gpu_count: count }) => count === 8,
    );
    expect(row).toMatchObject({ replicas_per_instance: 2, pipeline_parallel: 3 });
    expect(row?.warnings.map(({ sentence }) => sentence)).toContainEqual(
      expect.stringMatching(/^2 replicas leave 2 of the 8 GPUs of .* idle\.$/),
    );
  });
});
