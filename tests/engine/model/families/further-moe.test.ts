import { describe, expect, it } from 'vitest';
import { parametersOf } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, llamaConfig } from '../bundled.ts';

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
