/** Ai2's Molmo and Molmo 2: two layers of a picture encoder side by side, pooled by attention, then a gated network. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import type { Tower } from '../../types.ts';
import { linear, table, vector, type Weight } from '../../weight.ts';
import {
  COLOURS,
  convolution,
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
import type { MultimodalFamily, TextFrame } from '../types.ts';

const NAMES: LayerNames = {
  qkv: ['attention.wq', 'attention.wk', 'attention.wv'],
  out: 'attention.wo',
  up: 'feed_forward.w1',
  down: 'feed_forward.w2',
  norms: ['attention_norm', 'ffn_norm'],
};

/** The attention that pools patches two by two: `inputs` features of each, put out at `hiddenSize`. */
function pooling(module: string, inputs: number, hiddenSize: number, kvWidth: number, splitUnits: number): Weight[] {
  const options = { hasBias: true, splitUnits };
  return [
    ...linear('vision', `${module}.wq`, hiddenSize, inputs, options),
    ...linear('vision', `${module}.wk`, kvWidth, inputs, options),
    ...linear('vision', `${module}.wv`, kvWidth, inputs, options),
    ...linear('vision', `${module}.wo`, hiddenSize, hiddenSize, { ...options, splitsInputs: true }),
  ];
}

function projector(module: string, inputs: number, inner: number, outputs: number): Weight[] {
  const split = { splitUnits: inner };
  return [
    ...linear('vision', `${module}.w1`, inner, inputs, split),
    ...linear('vision', `${module}.w3`, inner, inputs, split),
    ...linear('vision', `${module}.w2`, outputs, inner, { ...split, splitsInputs: true }),
  ];
}

/**
 * What Molmo's code fixes (VisionBackboneConfig; vLLM's molmo.py): CLIP ViT-L/14 at 336 pixels up to its last but one layer.
 * Config.json does not mention it.
 */
const CLIP = { hiddenSize: 1024, numLayers: 23, ffnWidth: 4096, numHeads: 16, patchSize: 14, positions: 577 };
const FEATURE_LAYERS = 2;

function molmoTower(fields: ConfigFields, { hiddenSize: out }: TextFrame): Tower[] {
  const { hiddenSize, numLayers, ffnWidth, numHeads, patchSize, positions } = CLIP;
  const vit = 'model.vision_backbone.image_vit';
  const backbone = 'model.vision_backbone';
  const both = fields.count(['intermediate_size'], LIMITS.width, 'twice the inner width of the feed-forward network');
  const stack = { modality: 'vision', module: `${vit}.transformer.resblocks.*`, names: NAMES } as const;
  return [
    {
      modality: 'vision',
      label: stackLabel('CLIP', numLayers, hiddenSize),
      weights: [
        vector('vision', `${vit}.class_embedding`, hiddenSize),
        table('vision', `${vit}.positional_embedding`, positions, hiddenSize),
        ...linear('vision', `${vit}.patch_embedding`, hiddenSize, COLOURS * patchSize ** 2),
        ...norm('vision', `${vit}.pre_ln`, hiddenSize, 'weight_and_bias'),
        ...stackWeights({ ...stack, numLayers, hiddenSize, ffnWidth, numHeads }),
        ...pooling(`${backbone}.image_pooling_2d`, FEATURE_LAYERS * hiddenSize, hiddenSize, hiddenSize, numHeads),
        ...projector(`${backbone}.image_projector`, hiddenSize, Math.floor(both / 2), out),
        table('vision', `${backbone}.pad_embed`, 2, FEATURE_LAYERS * hiddenSize),
      ],
    },
  ];
}

/** `embedding_size` is the vocabulary, padded. */
const molmo: MultimodalFamily = {
  text: [],
  textModelType: 'molmo_text',
  textFields: (text) => {
    const rows = text.optionalCount(['embedding_size'], LIMITS.vocabulary);
    return rows === null ? text : text.replaced({ vocab_size: rows });
  },
  towers: [molmoTower],
};

/** Layers of the encoder whose outputs are pooled (AdapterConfig: the third and the ninth from the end). */
function featureLayers(fields: ConfigFields): number[] {
  const isLayer = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= LIMITS.layers;
  return fields.optionalList(['adapter_config.vit_layers'], LIMITS.heads, isLayer, 'a layer number') ?? [-3, -9];
}

/** Molmo 2's SigLIP (VitConfig of vLLM's molmo2.py): it ends with the last layer that is pooled. */
function molmo2Vit(fields: ConfigFields, module: string): Encoder {
  const config = fields.inner('vit_config', {});
  const hiddenSize = width(config, ['hidden_size'], 1152);
  const written = layers(config, ['num_hidden_layers'], 27);
  const last = Math.max(...featureLayers(fields).map((layer) => (layer < 0 ? layer + written : layer)));
  const numLayers = Math.max(1, Math.min(written, last + 1));
  const positions = config.optionalCount(['image_num_pos'], LIMITS.vocabulary) ?? 577;
  return {
    label: stackLabel('SigLIP', numLayers, hiddenSize),
    width: hiddenSize,
    weights: [
      table('vision', `${module}.positional_embedding`, positions, hiddenSize),
      ...convolution(
        'vision',
        `${module}.patch_embedding`,
        hiddenSize,
        COLOURS * pixels(config, 'image_patch_size', 14) ** 2,
      ),
      ...stackWeights({
        modality: 'vision',
        module: `${module}.transformer.resblocks.*`,
        names: NAMES,
        numLayers,
        hiddenSize,
        ffnWidth: width(config, ['intermediate_size'], 4304),
        numHeads: heads(config, ['num_attention_heads'], 16),
      }),
    ],
  };
}

/** Defaults of AdapterConfig. */
const molmo2: MultimodalFamily = {
  text: ['text_config', 'llm_config'],
  textModelType: 'molmo2_text',
  towers: [
    (fields, text) => {
      const module = 'model.vision_backbone';
      const vit = molmo2Vit(fields, `${module}.image_vit`);
      const config = fields.inner('adapter_config', {});
      const hiddenSize = width(config, ['hidden_size'], 1152);
      const numHeads = heads(config, ['num_attention_heads'], 16);
      const kvWidth = heads(config, ['num_key_value_heads'], 16) * heads(config, ['head_dim'], 72);
      const inputs = Math.max(1, featureLayers(fields).length) * vit.width;
      const inner = width(config, ['intermediate_size'], 18944);
      const weights = [
        ...vit.weights,
        ...pooling(`${module}.image_pooling_2d`, inputs, hiddenSize, kvWidth, numHeads),
        ...projector(`${module}.image_projector`, hiddenSize, inner, text.hiddenSize),
      ];
      return [{ modality: 'vision', label: vit.label, weights }];
    },
  ],
};

export const MOLMO_FAMILIES: Record<string, MultimodalFamily> = { molmo, molmo2 };
