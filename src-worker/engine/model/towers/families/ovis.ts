/** Ovis: pictures become probabilities over a visual vocabulary, looked up in a table beside the text's. */

import { LIMITS, type ConfigFields } from '../../fields.ts';
import { linear, table, type Weight } from '../../weight.ts';
import { aimv2Like } from '../encoders/aimv2.ts';
import { siglipEncoder, siglipLike } from '../encoders/siglip.ts';
import { norm, width, type Encoder } from '../parts.ts';
import type { MultimodalFamily, TextFrame } from '../types.ts';
import { unknownVision, visionTower, type EncoderReader } from '../vision.ts';

const aimv2 = aimv2Like({ hasHead: false });

interface VisualVocabulary {
  /** Features of all patches that make one token. */
  features: number;
  size: number;
  /** Entries that stand for beginnings and ends: no picture yields them. */
  indicators: number;
  /** Modules of the head and of the table. */
  modules: { head: string; norm: string; table: string };
}

/** A matrix without bias and a LayerNorm over the visual vocabulary, then its table of embeddings. */
function vocabularyWeights(vocabulary: VisualVocabulary, hiddenSize: number): Weight[] {
  const { features, size, indicators, modules } = vocabulary;
  const visible = Math.max(1, size - indicators);
  return [
    ...linear('vision', modules.head, visible, features),
    ...norm('vision', modules.norm, visible, 'weight_and_bias'),
    table('vision', modules.table, size, hiddenSize),
  ];
}

const stride = (config: ConfigFields): number => config.optionalCount(['hidden_stride'], LIMITS.heads) ?? 1;

/** Ovis 2 as Transformers writes it (Ovis2Config, Ovis2VisionConfig): AIMv2, then a head over the visual vocabulary. */
const ovis2: MultimodalFamily = {
  text: ['text_config'],
  textModelType: 'qwen2',
  towers: [
    visionTower({
      encoder: (config, module) => aimv2(config, `${module}.transformer`),
      projector: (encoder, fields: ConfigFields, { hiddenSize }) => {
        const config = fields.inner('vision_config', {});
        const vocabulary = {
          features: encoder.width * stride(config) ** 2,
          size: config.optionalCount(['vocab_size'], LIMITS.vocabulary) ?? 16_384,
          indicators: config.optionalCount(['num_visual_indicator_tokens'], LIMITS.width, 0) ?? 5,
          modules: {
            head: 'vision_tower.head_linear',
            norm: 'vision_tower.head_norm',
            table: 'visual_embeddings_table',
          },
        };
        return vocabularyWeights(vocabulary, width(fields, ['hidden_size'], hiddenSize));
      },
    }),
  ],
};

/** Modules of the checkpoints that come with their own code. */
const MODULES = { head: 'visual_tokenizer.head.0', norm: 'visual_tokenizer.head.1', table: 'vte' };

const TOKENIZER = 'visual_tokenizer_config';

/** Encoders of Ovis 1.5 and 1.6 (SigLIP) and of Ovis 2 (AIMv2), by the `model_type` of `backbone_config`. */
const BACKBONES: ReadonlyMap<string, EncoderReader> = new Map([
  ['aimv2', aimv2],
  ['siglip_vision_model', siglipEncoder],
]);

/** Five indicators of beginnings and ends (IMAGE_INDICATOR_IDS of the code). */
const OVIS_INDICATORS = 5;

/** What OvisConfig's tokenizer takes where the file is silent (BaseVisualTokenizerConfig). */
const OVIS_VOCABULARY = 16_384;

/** Ovis 1.6 and 2 with their own code (vLLM's ovis.py). */
const ovis: MultimodalFamily = {
  text: ['llm_config', 'text_config'],
  textModelType: 'qwen2',
  towers: [
    (fields, { hiddenSize }: TextFrame) => {
      const tokenizer = fields.inner(TOKENIZER, {});
      const config = tokenizer.inner('backbone_config', {});
      const type = config.optionalText(['model_type']) ?? 'aimv2';
      const module = 'visual_tokenizer.backbone';
      const read = BACKBONES.get(type);
      const [encoder, assumption] = read
        ? [read(config, module), null]
        : unknownVision(config, `${TOKENIZER}.backbone_config`, type, module);
      const vocabulary = {
        features: encoder.width * stride(tokenizer) ** 2,
        size: tokenizer.optionalCount(['vocab_size'], LIMITS.vocabulary) ?? OVIS_VOCABULARY,
        indicators: OVIS_INDICATORS,
        modules: MODULES,
      };
      const table = encoder.width === 0 ? [] : vocabularyWeights(vocabulary, hiddenSize);
      const weights = [...encoder.weights, ...table];
      return [{ modality: 'vision', label: encoder.label, weights, ...(assumption === null ? {} : { assumption }) }];
    },
  ],
};

/** SigLIP 2 for pictures of any shape (Siglip2NavitModel of vLLM's siglip2navit.py): learned positions where the file keeps them. */
function navitEncoder(config: ConfigFields, module: string): Encoder {
  const numPatches = config.optionalCount(['num_patches'], LIMITS.vocabulary, -1) ?? -1;
  const encoder = siglipLike('SigLIP 2', {
    hasHead: false,
    ...(numPatches > 0 ? { positions: numPatches } : {}),
  })(numPatches > 0 ? config : config.replaced({ num_patches: null }), module);
  if (config.flag(['preserve_original_pe'], true)) return encoder;
  return { ...encoder, weights: encoder.weights.filter(({ name }) => !name.endsWith('.position_embedding')) };
}

/** Four indicators (INDICATOR_IDS of vLLM's ovis2_5.py). */
const OVIS25_INDICATORS = 4;

/** Ovis 2.5: Qwen3 behind SigLIP 2. */
const ovis25: MultimodalFamily = {
  text: ['llm_config', 'text_config'],
  textModelType: 'qwen3',
  towers: [
    visionTower({
      config: 'vit_config',
      encoder: (config, module) => navitEncoder(config, `${module}.vision_model`),
      module: 'visual_tokenizer.vit',
      projector: (encoder, fields, { hiddenSize }) => {
        const config = fields.inner('vit_config', {});
        const vocabulary = {
          // Siglip2NavitConfig joins patches two by two.
          features: encoder.width * (config.optionalCount(['hidden_stride'], LIMITS.heads) ?? 2) ** 2,
          size: fields.optionalCount(['visual_vocab_size'], LIMITS.vocabulary) ?? 65_536,
          indicators: OVIS25_INDICATORS,
          modules: MODULES,
        };
        return vocabularyWeights(vocabulary, hiddenSize);
      },
    }),
  ],
};

export const OVIS_FAMILIES: Record<string, MultimodalFamily> = { ovis, ovis2, ovis2_5: ovis25 };
