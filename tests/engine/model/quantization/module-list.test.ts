import { describe, expect, it } from 'vitest';
import { ModuleList } from '../../../../src-worker/engine/model/quantization/module-list.ts';
import { layerNames, outerNames } from '../../../../src-worker/engine/model/quantization/module-names.ts';

const isOn = (patterns: string[], layer: number, name: string): boolean =>
  new ModuleList(patterns).layer(layer).holds(layerNames({ name }));

describe('lists of modules', () => {
  it.each([
    ['model.layers.3.self_attn.q_proj', 3, 'self_attn.q_proj', true],
    ['model.layers.3.self_attn.q_proj', 4, 'self_attn.q_proj', false],
    ['model.layers.3.self_attn.q_proj', 3, 'self_attn.k_proj', false],
    // A name stands for what lies inside it.
    ['model.layers.3', 3, 'mlp.up_proj', true],
    ['model.layers.3', 30, 'mlp.up_proj', false],
    ['self_attn', 7, 'self_attn.q_proj', true],
    ['mlp.shared_expert', 7, 'mlp.shared_expert.up_proj', true],
    // Whole path components only: the router `gate` is not `gate_proj`.
    ['gate', 7, 'mlp.gate_proj', false],
    ['gate', 7, 'mlp.gate', true],
    ['mlp.gate.', 7, 'mlp.gate', true],
    // Any path to the decoder.
    ['language_model.model.layers.2.mlp', 2, 'mlp.up_proj', true],
    ['model.language_model.layers.2.mlp', 2, 'mlp.up_proj', true],
    ['backbone.layers.2.mixer.in_proj', 2, 'mixer.in_proj', true],
    ['language_model', 2, 'mlp.up_proj', true],
    // Towers have layers too.
    ['vision_tower.encoder.layers.2.mlp', 2, 'mlp.up_proj', false],
    ['mtp.layers.0', 0, 'mlp.up_proj', false],
    // Stars at the end.
    ['model.layers.2.self_attn*', 2, 'self_attn.q_proj', true],
    ['model.layers.1*', 1, 'mlp.up_proj', true],
    ['model.layers.1*', 12, 'mlp.up_proj', false],
    ['model.layers.5.mlp.shared_expert*', 5, 'mlp.shared_expert_gate', true],
    ['model.layers.5.*', 5, 'mlp.up_proj', true],
    // Patterns.
    ['model.layers.*.self_attn', 31, 'self_attn.o_proj', true],
    ['*.self_attn.*', 31, 'self_attn.o_proj', true],
    ['re:.*self_attn.*', 31, 'self_attn.o_proj', true],
    ['re:^language_model\\.model\\.layers\\.(1|2)\\.mlp.*$', 2, 'mlp.up_proj', true],
    ['re:^language_model\\.model\\.layers\\.(1|2)\\.mlp.*$', 3, 'mlp.up_proj', false],
    ['model\\.layers\\.0\\.mlp', 0, 'mlp.up_proj', true],
    // Experts by the number of the first, and stored together.
    ['model.layers.0.mlp.experts.0.up_proj', 0, 'mlp.experts.*.up_proj', true],
    ['model.layers.0.mlp.experts', 0, 'mlp.experts.*.up_proj', true],
    ['model.layers.*.mlp.experts', 0, 'mlp.experts.*.up_proj', true],
    ['re:.*mlp\\.experts\\..*\\.w1$', 0, 'mlp.experts.*.gate_proj', true],
    ['model.layers.0.mlp.experts.gate_up_proj', 0, 'mlp.experts.*.gate_proj', true],
    // The same place under another name.
    ['model.layers.0.block_sparse_moe.experts.0.w2', 0, 'mlp.experts.*.down_proj', true],
    ['model.layers.0.self_attn.qkv_proj', 0, 'self_attn.k_proj', true],
  ])('%s, layer %i, %s: %s', (pattern, layer, name, expected) => {
    expect(isOn([pattern], layer, name)).toBe(expected);
  });

  it('name modules beside the layers under any path', () => {
    const holds = (pattern: string, name: string): boolean => new ModuleList([pattern]).holds(outerNames({ name }));
    expect(holds('lm_head', 'lm_head')).toBe(true);
    expect(holds('language_model.lm_head', 'lm_head')).toBe(true);
    expect(holds('re:.*lm_head.*', 'lm_head')).toBe(true);
    expect(holds('visual', 'visual.blocks.*.attn.qkv')).toBe(true);
    expect(holds('model.visual*', 'visual.blocks.*.attn.qkv')).toBe(true);
    expect(holds('vision_model.model.layers.*.mlp.fc1', 'vision_model.model.layers.*.mlp.fc1')).toBe(true);
    expect(holds('model.layers.0.mlp', 'vision_tower.layers.*.mlp')).toBe(false);
  });

  it('treat layers alike that they do not tell apart', () => {
    const list = new ModuleList([
      're:^model\\.layers\\.(0|78).*$',
      'model.layers.5.mlp',
      'lm_head',
      'model.layers.*.mlp.gate',
    ]);
    const key = (layer: number): string => list.layer(layer).key;
    expect(key(0)).not.toBe(key(1));
    expect(key(1)).toBe(key(2));
    expect(key(5)).not.toBe(key(6));
  });

  it('say which patterns they cannot read', () => {
    const list = new ModuleList(['lm_head', 're:^(?!model).*', 're:(', 'model.layers.[.mlp']);
    expect(list.unreadable).toEqual(['re:^(?!model).*', 're:(', 'model.layers.[.mlp']);
  });
});
