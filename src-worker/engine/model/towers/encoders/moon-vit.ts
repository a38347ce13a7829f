import type { ConfigFields } from '../../fields.ts';
import { table } from '../../weight.ts';
import {
  convolution,
  COLOURS,
  heads,
  layers,
  norm,
  pixels,
  stackLabel,
  stackWeights,
  width,
  type Encoder,
  type LayerNames,
} from '../parts.ts';

const NAMES: LayerNames = { qkv: ['wqkv'], out: 'wo', up: 'mlp.fc0', down: 'mlp.fc1', norms: ['norm0', 'norm1'] };

/** MoonViTConfig, and Kimi K2.5's `vt_` spelling of it: learned positions of a grid of 64 × 64. */
export function moonVitEncoder(config: ConfigFields, module: string): Encoder {
  const hiddenSize = width(config, ['vt_hidden_size', 'hidden_size'], 1152);
  const numLayers = layers(config, ['vt_num_hidden_layers', 'num_hidden_layers'], 27);
  const rows = width(config, ['init_pos_emb_height', 'pos_emb_height'], 64);
  const columns = width(config, ['init_pos_emb_width', 'pos_emb_width'], 64);
  // Kimi K3 takes RMSNorms and no biases.
  const kind = config.optionalText(['norm_type']) === 'rmsnorm' ? 'weight' : 'weight_and_bias';
  const linearBias = config.flag(['linear_bias'], true);
  const attentionBias = config.flag(['attn_bias'], true);
  const patchElements = COLOURS * pixels(config, 'patch_size', 14) ** 2;
  return {
    label: stackLabel('MoonViT', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      ...convolution('vision', `${module}.patch_embed.proj`, hiddenSize, patchElements, {
        hasBias: config.flag(['patch_embed_proj_bias'], true),
      }),
      table('vision', `${module}.patch_embed.pos_emb`, rows * columns, hiddenSize),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.encoder.blocks.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['vt_intermediate_size', 'intermediate_size'], 4304),
        numHeads: heads(config, ['vt_num_attention_heads', 'num_attention_heads'], 16),
        attentionWidth: width(config, ['qkv_hidden_size'], hiddenSize),
        norm: kind,
        qkvBias: attentionBias,
        outBias: attentionBias,
        ffnBias: linearBias,
      }),
      ...norm('vision', `${module}.encoder.final_layernorm`, hiddenSize, kind),
    ],
  };
}
