import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { undividedHeads } from '../../../../src-worker/engine/model/heads.ts';
import { kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { tensorParallelHolding } from '../../../../src-worker/engine/model/holdings.ts';
import { analyze, bundledModel } from '../bundled.ts';
import { only, weightsByName } from './parts.ts';

/** Mamba-Codestral-7B: 128 heads of 64 with 128 states in 8 groups. */
const codestral = (changes: Record<string, unknown> = {}) =>
  analyze({
    model_type: 'mamba2',
    hidden_size: 4096,
    num_hidden_layers: 64,
    num_heads: 128,
    head_dim: 64,
    state_size: 128,
    n_groups: 8,
    expand: 2,
    conv_kernel: 4,
    vocab_size: 32_768,
    tie_word_embeddings: false,
    ...changes,
  });

describe('Mamba-2', () => {
  it('has the tensors of Mamba-Codestral, counted by hand', () => {
    const channels = 8192 + 2 * 8 * 128;
    expect(weightsByName(only(codestral()).attention.weights)).toEqual({
      'mixer.in_proj': (8192 + channels + 128) * 4096,
      'mixer.conv1d': channels * 4,
      'mixer.conv1d.bias': channels,
      'mixer.A_log': 128,
      'mixer.D': 128,
      'mixer.dt_bias': 128,
      'mixer.norm': 8192,
      'mixer.out_proj': 4096 * 8192,
    });
    // The total the hub lists.
    expect(codestral().totalParameters).toBe(7_285_403_648);
  });

  it('keeps a matrix of 64 x 128 per head, and three inputs of 10,240 channels', () => {
    const model = codestral();
    expect(kvLayout(model, 2, 1).stateBytes).toBe(64 * (128 * 64 * 128 * 4 + 10_240 * 3 * 2));
    expect(tokenFlops(model, 1).recurrence).toBe(64 * 5 * 128 * 64 * 128);
  });

  it('copies a single group to every GPU, and divides several with the heads', () => {
    const single = codestral({ n_groups: 1 });
    const grouped = (tensorParallel: number): number => kvLayout(single, 2, tensorParallel).stateBytes;
    const copied = 64 * 2 * 128 * 3 * 2;
    expect(grouped(4)).toBe((grouped(1) - copied) / 4 + copied);
    expect(undividedHeads(single, 16)).toBeNull();
    expect(undividedHeads(codestral(), 8)).toBeNull();
    // vLLM refuses more GPUs than groups, unless there is one.
    expect(undividedHeads(codestral(), 16)?.count).toBe(8);
    // Each GPU holds an eighth of everything but the 65 norms of 4096.
    expect(tensorParallelHolding(codestral(), 'fp16', 8).totalBytes).toBe(
      (2 * (7_285_403_648 - 65 * 4096)) / 8 + 2 * 65 * 4096,
    );
  });

  it('takes the state in 16 bit where the file says so', () => {
    const small = codestral({ mamba_ssm_cache_dtype: 'bfloat16' });
    expect(kvLayout(small, 2, 1).stateBytes).toBe(64 * (128 * 64 * 128 * 2 + 10_240 * 3 * 2));
  });

  it('refuses sizes that cannot be', () => {
    expect(() => codestral({ n_groups: 3 })).toThrow(/n_groups is 3: it must be a divisor of the 128 Mamba heads/);
    const bamba = { model_type: 'bamba', hidden_size: 4096, num_attention_heads: 32, intermediate_size: 14_336 };
    const odd = { ...bamba, num_hidden_layers: 2, vocab_size: 1000, mamba_n_heads: 100 };
    expect(() => analyze(odd)).toThrow(/mamba_n_heads is 100: it must be a divisor of the width 8192/);
  });
});

describe('Nemotron-H', () => {
  it('has one sub-layer per letter: 54 Mamba-2, 54 FFN and 10 attention layers in the 56B', () => {
    const model = bundledModel('nvidia/Nemotron-H-56B-Base-8K');
    const count = (matches: (layer: (typeof model.layers)[number]) => boolean) => model.layers.filter(matches).length;
    expect(model.layers).toHaveLength(118);
    expect(count(({ attention }) => attention.kind === 'mamba2')).toBe(54);
    expect(count(({ attention }) => attention.kind === 'gqa')).toBe(10);
    expect(count(({ ffn }) => ffn.kind === 'dense')).toBe(54);
    expect(count(({ attention, ffn }) => attention.kind === 'none' && ffn.kind === 'none')).toBe(0);
    expect(model.layers.every(({ norms }) => norms[0]?.rows === 8192 && norms[0].count === 1)).toBe(true);
  });

  it('reads the list of newer files, which name no number of layers', () => {
    const base = {
      model_type: 'nemotron_h',
      hidden_size: 2688,
      num_attention_heads: 32,
      num_key_value_heads: 2,
      vocab_size: 131_072,
      max_position_embeddings: 262_144,
      n_routed_experts: 128,
      num_experts_per_tok: 6,
      moe_intermediate_size: 1856,
      moe_shared_expert_intermediate_size: 3712,
    };
    const pattern = analyze({ ...base, hybrid_override_pattern: 'MEM*E', num_hidden_layers: 5 });
    const old = analyze({ ...base, layers_block_type: ['mamba', 'moe', 'mamba', 'attention', 'moe'] });
    const later = ['linear_attention', 'moe', 'linear_attention', 'full_attention', 'moe'];
    expect(old.totalParameters).toBe(pattern.totalParameters);
    expect(analyze({ ...base, layers_block_type: later }).totalParameters).toBe(pattern.totalParameters);
    expect(() => analyze(base)).toThrow(/hybrid_override_pattern is missing/);
    expect(() => analyze({ ...base, hybrid_override_pattern: 'MX' })).toThrow(/made of the letters M \* - E/);
  });

  it('sends tokens through a latent width to experts of two matrices in Nemotron 3 Super', () => {
    const model = bundledModel('nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4');
    const sparse = model.layers.find(({ ffn }) => ffn.experts !== null);
    expect(sparse?.ffn.experts).toEqual({
      numExperts: 512,
      numExpertsPerToken: 22,
      parametersPerExpert: 2 * 1024 * 2688,
    });
    expect(weightsByName(sparse?.ffn.weights)).toMatchObject({
      'mixer.gate': 512 * 4096,
      'mixer.fc1_latent_proj': 1024 * 4096,
      'mixer.fc2_latent_proj': 4096 * 1024,
      'mixer.shared_experts.up_proj': 5376 * 4096,
    });
  });
});

describe('PLaMo 2', () => {
  it('has 1.29 billion parameters in the 1B: eight Mamba-2 layers with low-rank time steps, eight that attend to one KV head', () => {
    const model = analyze({
      model_type: 'plamo2',
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 16,
      num_attention_heads: 16,
      num_key_value_heads: 1,
      hidden_size_per_head: 128,
      mamba_num_heads: 32,
      mamba_d_state: 64,
      mamba_d_conv: 4,
      mamba_step: 2,
      vocab_size: 100_000,
      max_position_embeddings: 10_485_760,
      tie_word_embeddings: true,
    });
    const rank = 128;
    const width = 32 * 128;
    const mamba =
      2 * width * 2048 + width * 4 + (rank + 128) * width + 32 * rank + 3 * 32 + rank + 2 * 64 + 2048 * width;
    const attention = 2 * 2048 * 2048 + 2 * 128 * 2048 + 17 * 128;
    const layers = 8 * (mamba + attention) + 16 * (3 * 2048 * 8192 + 4 * 2048);
    expect(model.totalParameters).toBe(layers + 100_000 * 2048 + 2048);
    expect(model.totalParameters / 1e9).toBeCloseTo(1.29, 2);
    expect(model.layers.map(({ attention: { kind } }) => kind).slice(0, 3)).toEqual(['mamba2', 'gqa', 'mamba2']);
    expect(kvLayout(model, 2, 1).stateBytes).toBe(8 * (32 * 128 * 64 * 4 + width * 3 * 2));
  });
});
