import { describe, expect, test } from 'vitest';
import type { Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { answerSize } from '../../src-worker/answers/size.ts';
import { sizeInputSchema } from '../../src-worker/protocol/requests.ts';
import { facts, modelSource } from '../engine/world.ts';
import { size } from './ask.ts';

const LLAMA_2_7B = 'meta-llama/Llama-2-7b-hf';
const chat = (users: number, more: object = {}): SizeDocument => size({ model: LLAMA_2_7B, users, ...more });

const best = (document: SizeDocument): Recommendation => {
  const [first] = document.recommendations;
  if (!first)
    throw new Error(
      `nothing passes: ${document.excluded
        .map(({ detail }) => detail)
        .slice(0, 3)
        .join(' ')}`,
    );
  return first;
};

function eachNumber(value: unknown, visit: (number: number, path: string) => void, path = ''): void {
  if (typeof value === 'number') visit(value, path);
  else if (Array.isArray(value)) value.forEach((item, i) => eachNumber(item, visit, `${path}[${i}]`));
  else if (value && typeof value === 'object') {
    for (const [key, item] of Object.entries(value)) eachNumber(item, visit, `${path}.${key}`);
  }
}

describe('size: the worked example', () => {
  const document = chat(100);

  test('100 chat users ask 13.07 times a second and 1,961 output tokens a second', () => {
    expect(document.assumptions.rate_requests_per_s).toBeCloseTo(13.07, 2);
    expect(best(document).throughput.output_tokens_per_s ?? 0).toBeCloseTo(1961, -1);
  });

  test('of plans of an instance at the same price the smallest replica is taken', () => {
    const { recommendations } = size({ model: LLAMA_2_7B, users: 10, gpu: ['a100-40gb'], provider: ['gcp'], top: 99 });
    const sixteen = recommendations.find(({ instance }) => instance === 'a2-megagpu-16g');
    expect(sixteen).toMatchObject({ instances: 1, tensor_parallel: 1 });
    expect(sixteen?.other_plans.length).toBeGreaterThan(2);
  });

  test('every recommendation meets every gating target at the planned load, within headroom', () => {
    for (const row of document.recommendations) {
      expect(row.meets_sla).toBe(true);
      for (const { gating, status, predicted_ms, target_ms } of row.sla) {
        if (gating) expect([status, (predicted_ms ?? Infinity) <= target_ms]).toEqual(['met', true]);
      }
      expect(row.capacity_share).toBeLessThanOrEqual(0.75 + 1e-9);
      expect(row.capacity_share).toBeCloseTo(
        document.assumptions.rate_requests_per_s / row.replicas / row.capacity_requests_per_s,
        6,
      );
    }
  });

  test('cost follows from the price, the instances and the rate', () => {
    for (const { cost, instances, replicas, replicas_per_instance, spare_replicas } of chat(100, { top: 100 })
      .recommendations) {
      const hourly = (cost.usd_per_hour_instance ?? NaN) * instances;
      expect(cost.usd_per_hour).toBeCloseTo(hourly, 6);
      expect(cost.usd_per_month).toBeCloseTo(hourly * 730, 4);
      expect(cost.usd_per_request).toBeCloseTo(hourly / (3600 * document.assumptions.rate_requests_per_s), 10);
      expect(instances).toBe(Math.ceil(replicas / replicas_per_instance));
      expect(spare_replicas).toBe(instances * replicas_per_instance - replicas);
    }
  });

  test('E2E is shown against the seed target without gating', () => {
    const e2e = best(document).sla.find(({ metric }) => metric === 'e2e_p50');
    expect(e2e).toMatchObject({ target_ms: 2000, gating: false, output_tokens: 150, target_output_tokens: 512 });
  });

  test('every instance in the catalog is either recommended or excluded with a reason', () => {
    const all = chat(100, { top: 100_000 });
    expect(all.recommendations.length).toBe(all.num_passing);
    expect(all.num_passing + all.excluded.length).toBe(facts.instances.length);
    for (const { detail, reason } of all.excluded)
      expect([reason.length > 0, detail.length > 20]).toEqual([true, true]);
  });

  test('rows are sorted by $/request, ids are unique, and every number in the document is finite', () => {
    const { recommendations } = chat(100, { top: 100_000 });
    const costs = recommendations.map(({ cost }) => cost.usd_per_request ?? NaN);
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
    expect(new Set(recommendations.map(({ id }) => id)).size).toBe(recommendations.length);
    eachNumber(document, (value, path) => expect(Number.isFinite(value), path).toBe(true));
    expect(JSON.stringify(document)).not.toContain('NaN');
  });

  test('the same question gives the same bytes', () => {
    expect(JSON.stringify(chat(100))).toBe(JSON.stringify(chat(100)));
  });
});

describe('size: load, price and place', () => {
  test('10,000 users cost between 20 and 100 times what 100 do, and the replicas make the difference', () => {
    const [few, many] = [best(chat(100)), best(chat(10_000))];
    const ratio = (many.cost.usd_per_hour ?? NaN) / (few.cost.usd_per_hour ?? NaN);
    expect(ratio).toBeGreaterThan(20);
    expect(ratio).toBeLessThan(100);
    expect(many.replicas).toBeGreaterThan(10 * few.replicas);
  });

  test('P99/P50 of TTFT moves with load', () => {
    const ratio = ({ ttft_ms }: Recommendation): number => (ttft_ms.p99 ?? NaN) / (ttft_ms.p50 ?? NaN);
    const scope = { gpu: ['nvidia-a100-80gb'], provider: ['lambda'], headroom: 0 };
    const ratios = [1, 30, 60, 90].map((users) => ratio(best(chat(users, scope))));
    expect(Math.max(...ratios) / Math.min(...ratios)).toBeGreaterThan(1.1);
  });

  test('more headroom never needs fewer replicas; 50 and 100 % agree', () => {
    const replicas = [0, 25, 50, 100].map(
      (headroom) => best(chat(5000, { headroom, gpu: ['nvidia-l4'], provider: ['gcp'] })).replicas,
    );
    expect(replicas).toEqual([...replicas].sort((a, b) => a - b));
    expect(replicas[2]).toBe(replicas[3]);
  });

  test('spot rows carry spot prices; providers without them are excluded as spot_unknown, never priced at 0', () => {
    const spot = chat(100, { pricing: 'spot', top: 1000 });
    const onDemand = new Map(
      chat(100, { top: 1000 }).recommendations.map((row) => [`${row.provider}/${row.instance}`, row]),
    );
    for (const row of spot.recommendations) {
      expect(row.cost.usd_per_hour_instance ?? 0).toBeGreaterThan(0);
      const listed = onDemand.get(`${row.provider}/${row.instance}`);
      if (listed)
        expect(row.cost.usd_per_hour_instance ?? 0).toBeLessThanOrEqual(listed.cost.usd_per_hour_instance ?? 0);
    }
    expect(spot.excluded.some(({ provider, reason }) => provider === 'lambda' && reason === 'spot_unknown')).toBe(true);
  });

  test('a zone narrows to instances sold there; providers without zones say so', () => {
    const zoned = chat(100, { zone: 'us-central1-a', top: 1000 });
    for (const row of zoned.recommendations)
      expect([row.provider, row.zone, row.region]).toEqual(['gcp', 'us-central1-a', 'us-central1']);
    const reasons = new Set(zoned.excluded.map(({ provider, reason }) => `${provider} ${reason}`));
    expect(reasons.has('runpod zone_unknown')).toBe(true);
    expect(reasons.has('gcp not_in_zone')).toBe(true);
  });

  test('an unknown zone names the nearest ones; zone and region together are refused', () => {
    expect(() => chat(100, { zone: 'us-centrall-a' })).toThrow(/Unknown zone "us-centrall-a".*us-central1-a/);
    expect(() => chat(100, { zone: 'us-central1-a', region: 'us-central1' })).toThrow(/only one of them/);
  });

  test('fewer GPUs allowed than needed: excluded with the number', () => {
    const document = chat(100_000, { max_gpus: 2 });
    expect(document.num_passing).toBe(0);
    const margin = document.excluded.find(({ reason }) => reason === 'max_gpus')?.margin;
    expect(margin?.limit).toBe(2);
    expect(margin?.value ?? 0).toBeGreaterThan(2);
    const more = document.relaxations.find(({ set }) => typeof set['max_gpus'] === 'number');
    expect(more?.change).toMatch(/^Allow \d+ GPUs$/);
    expect(chat(100_000, more?.set).recommendations[0]?.id).toBe(more?.id);
  });
});

describe('size: what cannot run is refused with its margin', () => {
  test('Llama-2-70b in 16 bit on one H100 says how many GiB are missing', () => {
    const document = size({
      model: 'meta-llama/Llama-2-70b-hf',
      users: 50,
      gpu: ['nvidia-h100-80gb'],
      tp: 1,
      top: 100,
    });
    const refusal = document.excluded.find(({ reason }) => reason === 'memory');
    expect(refusal?.detail).toMatch(/128\.5 GiB.*58\.2 GiB are missing/);
    expect((refusal?.margin?.value ?? 0) - (refusal?.margin?.limit ?? 0)).toBeCloseTo(58.2, 0);
  });

  test('NVFP4 without units and GPUs below compute capability 7.0 are excluded by their own reasons', () => {
    const document = size({ model: 'meta-llama/Llama-3.1-8B-Instruct', users: 10, quantization: ['nvfp4'], top: 1000 });
    const reasons = new Map(document.excluded.map(({ gpu, reason }) => [gpu, reason]));
    expect(reasons.get('nvidia-h100-80gb')).toBe('dtype_unsupported');
    expect(reasons.get('nvidia-p100')).toBe('compute_capability');
    for (const { gpu } of document.recommendations)
      expect(facts.gpus.find(({ id }) => id === gpu)?.peaks.fp4FlopPerS).toBeGreaterThan(0);
  });

  test('nothing passes: the relaxations are computed and each would pass', () => {
    const question = { model: LLAMA_2_7B, users: 10, sla: { tpot_p50: 1 } };
    const document = size(question);
    expect(document.num_passing).toBe(0);
    expect(document.relaxations.length).toBeGreaterThan(0);
    const target = document.relaxations.find(({ change }) => change.startsWith('TPOT P50'));
    const relaxed = size({ ...question, sla: { tpot_p50: Number.parseFloat(target?.to ?? '') } });
    expect(relaxed.num_passing).toBeGreaterThan(0);
    expect(best(relaxed).cost.usd_per_hour).toBe(target?.usd_per_hour);
  });

  test('prompts beyond the context are cut with a warning, or excluded when strict', () => {
    const rag = { model: 'meta-llama/Llama-2-70b-hf', workload: 'rag', users: 10 };
    const cut = size(rag);
    expect(cut.warnings[0]?.sentence).toMatch(/Even the mean prompt of rag does not fit into the 4,096 tokens/);
    const strict = size({ ...rag, strict_context: true, gpu: ['nvidia-h200'] });
    expect(strict.num_passing).toBe(0);
    expect(strict.excluded.some(({ reason }) => reason === 'context_exceeded')).toBe(true);
  });
});

describe('size: options', () => {
  test('overriding lengths, cache and targets shows in the assumptions and moves the answer', () => {
    const base = size({ model: 'meta-llama/Llama-3.1-8B-Instruct', workload: 'rag', users: 200 });
    const uncached = size({
      model: 'meta-llama/Llama-3.1-8B-Instruct',
      workload: 'rag',
      users: 200,
      prefix_cache: false,
    });
    expect(base.assumptions.effective_prompt_tokens).toBeLessThan(0.6 * uncached.assumptions.effective_prompt_tokens);
    expect(uncached.assumptions.prefix_cache).toBeNull();
    expect(best(uncached).cost.usd_per_hour ?? 0).toBeGreaterThan(best(base).cost.usd_per_hour ?? Infinity);
    const short = chat(100, { output_tokens: 15 });
    expect(short.assumptions.output_tokens.mean).toBe(15);
    const strict = best(chat(100, { sla: { e2e_p50: 4000 } }));
    const row = strict.sla.find(({ metric }) => metric === 'e2e_p50');
    expect([row?.gating, (row?.predicted_ms ?? Infinity) <= 4000]).toEqual([true, true]);
  });

  test('fp8 halves the weights where the GPU has units, and warns where it has none', () => {
    const question = {
      model: 'meta-llama/Llama-3.1-8B-Instruct',
      users: 50,
      quantization: ['fp8' as const],
      top: 1000,
    };
    const rows = size(question).recommendations;
    const onA100 = rows.find(({ gpu }) => gpu === 'nvidia-a100-80gb');
    const onH100 = rows.find(({ gpu }) => gpu === 'nvidia-h100-80gb');
    expect(onA100?.warnings.some(({ code }) => code === 'weight_only')).toBe(true);
    expect(onH100?.warnings.some(({ code }) => code === 'weight_only')).toBe(false);
    expect(onH100?.vllm_command).toContain('--quantization fp8');
  });

  test('the vLLM command covers the P99 of prompt and answer and stays within the context', () => {
    const { vllm_command } = best(chat(100));
    const length = Number(/--max-model-len (\d+)/.exec(vllm_command ?? '')?.[1]);
    expect(length).toBeGreaterThan(900);
    expect(length).toBeLessThanOrEqual(4096);
    expect(vllm_command).toMatch(/^vllm serve meta-llama\/Llama-2-7b-hf --tensor-parallel-size 1 /);
  });

  test('method mg1 serves one request at a time: dearer by far, and labelled', () => {
    const mg1 = chat(20, { method: 'mg1', gpu: ['nvidia-h100-80gb'], provider: ['lambda'] });
    const batching = chat(20, { gpu: ['nvidia-h100-80gb'], provider: ['lambda'] });
    expect(mg1.assumptions.method).toBe('mg1');
    expect(best(mg1).replicas).toBeGreaterThan(3 * best(batching).replicas);
    expect(best(mg1).batch.max_running).toBe(1);
  });
});

test('replicas at one fewer than recommended would miss the headroom', () => {
  const { recommendations, assumptions } = chat(3000, { gpu: ['nvidia-a100-80gb'] });
  for (const { replicas, capacity_requests_per_s } of recommendations) {
    if (replicas === 1) continue;
    expect(assumptions.rate_requests_per_s / (replicas - 1)).toBeGreaterThan(0.75 * capacity_requests_per_s);
  }
});

describe('size: lessons', () => {
  test('no plan is recommended whose KV cache cannot hold the longest request it is started for', () => {
    const { recommendations } = size({
      model: 'meta-llama/Llama-3.1-70B-Instruct',
      workload: 'rag',
      users: 50,
      top: 1000,
    });
    for (const { memory, vllm_command, replicas } of recommendations) {
      const served = Number(/--max-model-len (\d+)/.exec(vllm_command ?? '')?.[1]);
      expect(memory.kv_cache_tokens).toBeGreaterThanOrEqual(served);
      expect(replicas).toBeLessThan(1000);
    }
  });

  test('a mixture of experts is not sized as if its experts loaded for every token', () => {
    const moe = size({ model: 'Qwen/Qwen3-30B-A3B', users: 1000, gpu: ['nvidia-h100-80gb'], provider: ['lambda'] });
    expect(best(moe).replicas).toBeLessThan(8);
  });

  test('answers of one token have no time per token, and offer exactly one token a request', () => {
    const row = best(size({ model: LLAMA_2_7B, rate: 50, output_tokens: 1 }));
    expect(row.tpot_ms.p50).toBeNull();
    expect((row.throughput.output_tokens_per_s ?? 0) / 50).toBeCloseTo(1, 6);
  });

  test('utilization is not capacity_share: saturation lies above the rate the targets allow', () => {
    for (const row of chat(100, { top: 20 }).recommendations) expect(row.utilization).toBeLessThan(row.capacity_share);
  });

  test('the burst block is evaluated at the burst, not at the planned load', () => {
    const row = best(chat(100, { headroom: 50 }));
    expect(row.burst.factor).toBe(2);
    expect(row.burst.ttft_ms.p95 ?? 0).toBeGreaterThan((row.ttft_ms.p95 ?? Infinity) * 1.05);
    expect(row.burst.requests_per_s).toBeCloseTo(2 * (row.throughput.requests_per_s ?? NaN), 6);
  });

  test('a precision the quantized checkpoint does not hold has no command but says what is needed', () => {
    const { recommendations } = size({ model: 'Qwen/Qwen2.5-32B-Instruct-AWQ', users: 5, quantization: ['fp8'] });
    const [row] = recommendations;
    expect(row?.vllm_command).toBeNull();
    expect(row?.vllm_commands).toEqual({ safe: null, high_performance: null });
    expect(row?.bench_command).toBeNull();
    expect(row?.vllm_command_reason).toMatch(/holds int4: fp8 needs an FP8 checkpoint/);
    expect(row?.warnings.some(({ code }) => code === 'needs_quantized_checkpoint')).toBe(true);
  });

  test('a zone of another provider excludes with zone_unknown instead of being called unknown', () => {
    const document = chat(100, { zone: 'us-central1-a', provider: ['runpod'] });
    expect(new Set(document.excluded.map(({ reason }) => reason))).toEqual(new Set(['zone_unknown']));
  });
});

test('a price much older than the newest of the catalog is marked, a recent one is not', () => {
  const { recommendations, versions } = chat(100, { top: 1000 });
  const [year = 0, month = 0] = versions.catalog.split('-').map(Number);
  let old = 0;
  for (const { cost, warnings } of recommendations) {
    const [priceYear = 0, priceMonth = 1] = (cost.price_as_of ?? '').split('-').map(Number);
    const isOld = (year - priceYear) * 12 + month - priceMonth >= 6;
    expect(warnings.some(({ code }) => code === 'old_price')).toBe(isOld);
    if (isOld) old += 1;
  }
  expect(old).toBeGreaterThan(0);
  expect(old).toBeLessThan(recommendations.length);
});

test('a hit rate without the cache contradicts itself', () => {
  const rag = { model: 'meta-llama/Llama-3.1-8B-Instruct', workload: 'rag', users: 5, prefix_cache: false };
  expect(() => size({ ...rag, prefix_hit_rate: 0.5 })).toThrow(
    /prefix_hit_rate was given although the prefix cache is off/,
  );
});

describe('a repository that brings code of its own', () => {
  const base = modelSource('meta-llama/Llama-3.1-8B-Instruct').config as Record<string, unknown>;
  const sized = (config: Record<string, unknown>): Recommendation => {
    const source = { ...modelSource('meta-llama/Llama-3.1-8B-Instruct'), id: 'me/own', config: { ...base, ...config } };
    const input = sizeInputSchema.parse({ model: 'me/own', users: 10, gpu: ['nvidia-h100-80gb'] });
    return answerSize(input, source, facts).recommendations[0] ?? expect.fail('nothing passes');
  };
  const auto_map = { AutoModelForCausalLM: 'modeling_own.OwnForCausalLM' };
  const codes = ({ warnings }: Recommendation) => warnings.map(({ code }) => code);

  test('is named where its class is not known, and the flag that runs it is never added', () => {
    const row = sized({ auto_map, model_type: 'own', architectures: ['OwnForCausalLM'] });
    const { sentence } = row.warnings.find(({ code }) => code === 'remote_code') ?? expect.fail('no warning');
    expect(sentence).toContain('OwnForCausalLM');
    expect(sentence).toContain('--trust-remote-code');
    expect(JSON.stringify([row.vllm_commands, row.vllm_command_flags])).not.toContain('trust-remote-code');
  });

  test('is not needed where the class is known, or there is no such code', () => {
    expect(codes(sized({ auto_map }))).not.toContain('remote_code');
    expect(codes(sized({ model_type: 'own', architectures: ['OwnForCausalLM'] }))).not.toContain('remote_code');
  });
});

describe('an FP8 KV cache needs a kernel that reads it', () => {
  const asked = { model: 'meta-llama/Llama-3.1-8B-Instruct', users: 2, kv_cache_dtype: 'fp8', tp: 2 } as const;

  test('Volta has none: excluded, with capability and cure', () => {
    const { num_passing: passing, excluded } = size({ ...asked, gpu: ['nvidia-v100-16gb'] });
    expect(passing).toBe(0);
    const [row] = excluded.filter(({ reason }) => reason === 'dtype_unsupported');
    expect(row?.detail).toMatch(/vLLM 0\.22 reads an FP8 KV cache from compute capability 7\.5; .* has 7\.0: .*auto/);
    expect(row?.margin).toMatchObject({ value: 7, limit: 7.5 });
  });

  test('Ampere and later have one, AMD converts it, and other caches are not asked', () => {
    for (const gpu of ['nvidia-a100-80gb', 'nvidia-h100-80gb', 'amd-mi300x']) {
      const { excluded } = size({ ...asked, gpu: [gpu] });
      expect(
        excluded.filter(({ reason }) => reason === 'dtype_unsupported'),
        gpu,
      ).toEqual([]);
    }
    const { excluded } = size({ ...asked, kv_cache_dtype: 'auto', gpu: ['nvidia-v100-16gb'] });
    expect(excluded.filter(({ reason }) => reason === 'dtype_unsupported')).toEqual([]);
  });
});

test('a checkpoint whose format is not known is not said to be one of 16 bit', () => {
  const asked = { model: 'nvidia/Llama-3.1-70B-Instruct-FP8', users: 2, gpu: ['nvidia-h100-80gb'] };
  const [row] = size({ ...asked, quantization: ['fp8'] }).recommendations;
  const codes = row?.warnings.map(({ code }) => code);
  expect(codes).toContain('checkpoint_unknown');
  expect(codes).not.toContain('needs_quantized_checkpoint');
  expect(row?.vllm_command).toBeNull();
});
