import { describe, expect, it } from 'vitest';
import { parameterBreakdown } from '../../../../src-worker/engine/model/parameters.ts';
import { parametersOf } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, llamaConfig } from '../bundled.ts';

describe('the text decoder of ERNIE 4.5 VL', () => {
  const model = analyze({
    model_type: 'ernie4_5_vl_moe_text',
    hidden_size: 2560,
    num_hidden_layers: 28,
    num_attention_heads: 20,
    intermediate_size: 12_288,
    moe_intermediate_size: [1536, 512],
    vocab_size: 103_424,
    max_position_embeddings: 131_072,
  });
  const attention = 2 * 2560 * 2560 + 2 * 2560 * 512;
  const expert = (width: number): number => 3 * 2560 * width;
  const routers = 2 * (64 * 2560 + 64);

  it('has experts for text and smaller ones for pictures, with a router each, behind one dense layer', () => {
    const sparse = routers + 64 * (expert(1536) + expert(512)) + 2 * expert(1536);
    const layers = 28 * (attention + 2 * 2560) + expert(12_288) + 27 * sparse;
    expect(model.totalParameters).toBe(103_424 * 2560 + layers + 2560);
  });

  it('uses six experts per text token, none of those for pictures', () => {
    const idle = 27 * (58 * expert(1536) + 64 * expert(512) + 64 * 2560 + 64);
    expect(model.activeParameters).toBe(model.totalParameters - idle);
    expect(parameterBreakdown(model).vision).toBe(27 * (64 * expert(512) + 64 * 2560 + 64));
  });
});

describe('networks beside the experts', () => {
  const grok = {
    model_type: 'grok-1',
    num_experts: 8,
    num_experts_per_tok: 2,
    moe_intermediate_size: 5504,
  };

  it('Grok 2 adds a dense one to every layer', () => {
    const without = analyze(llamaConfig({ ...grok, architectures: undefined }));
    const model = analyze(llamaConfig({ ...grok, architectures: undefined, residual_moe: true }));
    expect(model.totalParameters - without.totalParameters).toBe(32 * 3 * 4096 * 11_008);
    expect(model.layers[0]!.ffn.label).toBe('MoE 2 of 8 experts beside gated FFN of width 11008');
    expect(model.activeParameters).toBe(model.totalParameters - 32 * 6 * 3 * 4096 * 5504);
  });

  it('Arctic has one of the hidden size beside the experts, and dense layers where it has none', () => {
    const arctic = { model_type: 'arctic', architectures: undefined, num_local_experts: 4, num_experts_per_tok: 2 };
    const model = analyze(llamaConfig({ ...arctic, parallel_attn_mlp_res: true }));
    expect(model.layers.slice(0, 2).map(({ ffn }) => ffn.kind)).toEqual(['dense', 'moe']);
    const residual = model.layers[1]!.ffn.weights.filter(({ name }) => name.startsWith('residual'));
    expect(residual.reduce((sum, weight) => sum + parametersOf(weight), 0)).toBe(3 * 4096 * 4096 + 4096);
  });

  it('Ling widens its shared expert by a field of its own', () => {
    const ling = {
      model_type: 'bailing_moe_v2',
      architectures: undefined,
      num_experts: 16,
      num_experts_per_tok: 2,
      num_shared_experts: 2,
      moe_intermediate_size: 512,
    };
    const usual = analyze(llamaConfig(ling));
    const wide = analyze(llamaConfig({ ...ling, moe_shared_expert_intermediate_size: 1024 }));
    expect(wide.totalParameters - usual.totalParameters).toBe(32 * 2 * 3 * 4096 * 512);
    const corrected = analyze(llamaConfig({ ...ling, moe_router_enable_expert_bias: true }));
    expect(corrected.totalParameters - usual.totalParameters).toBe(32 * 16);
  });
});
