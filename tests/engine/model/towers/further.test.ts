import { describe, expect, it } from 'vitest';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, bundledSource, llamaConfig } from '../bundled.ts';
import {
  around,
  CLIP_336,
  decoder,
  INTERN_VIT_300M,
  INTERN_VIT_6B,
  internvlChat,
  siglip,
  SIGLIP_SO,
} from './configs.ts';
import { PADDLE_OCR, QWEN_7B } from './further-configs.ts';

type Config = Record<string, unknown>;

const sum = (parts: number[]): number => parts.reduce((total, part) => total + part, 0);
const towersOf = (config: Config): number => sum(analyze(config).towers.map(({ weights }) => sumOfParameters(weights)));

/** One encoder layer of width h and network f with biases and two LayerNorms. */
const layer = (h: number, f: number): number => 4 * (h * h + h) + 2 * h * f + f + h + 4 * h;

const SMALL_QWEN = decoder('qwen3', [512, 1024, 2, 8, 4, 1000], { head_dim: 64, tie_word_embeddings: false });
// Two layers: queries and outputs 512 x 512, keys and values 256 x 512, norms of 64, a gated network, two norms; then the ends.
const SMALL_QWEN_PARAMETERS =
  2 * (2 * 512 * 512 + 2 * 256 * 512 + 2 * 64 + 3 * 512 * 1024 + 2 * 512) + 2 * 1000 * 512 + 512;

describe('further parts before a decoder, tensor by tensor', () => {
  it('Qwen-VL: a convolution without bias, 48 layers, a resampler of 256 queries whose positions are stored', () => {
    const [h, out] = [1664, 4096];
    const expected = sum([
      h * 3 * 14 * 14,
      256 * h,
      2 * h,
      48 * layer(h, 8192), // 4.9231 · 1664 = 8192.04: the fraction is cut
      2 * 256 * out, // queries and their positions
      out * h,
      3 * out * out + 3 * out + out * out + out,
      2 * 2 * out, // norms of queries and keys
      2 * out,
      out * out,
    ]);
    // Qwen-7B as published.
    expect(expected).toBe(9_656_935_168 - 7_721_324_544);
    const visual = {
      heads: 16,
      image_size: 448,
      layers: 48,
      mlp_ratio: 4.9231,
      output_dim: 4096,
      patch_size: 14,
      width: 1664,
    };
    expect(towersOf({ ...QWEN_7B, visual })).toBe(expected);
  });

  it('GLM-4V-9B: EVA2-CLIP, a convolution over 2 x 2 patches, a gated network of the decoder', () => {
    const config = {
      model_type: 'chatglm',
      architectures: ['ChatGLMModel'],
      add_qkv_bias: true,
      ffn_hidden_size: 13696,
      hidden_size: 4096,
      kv_channels: 128,
      multi_query_attention: true,
      multi_query_group_num: 2,
      num_attention_heads: 32,
      num_layers: 40,
      padded_vocab_size: 151552,
      seq_length: 8192,
    };
    const vision_config = { hidden_size: 1792, intermediate_size: 15360, num_hidden_layers: 63, num_positions: 6401 };
    const expected = sum([
      1792 * 3 * 14 * 14 + 1792 + 1792 + 6401 * 1792,
      63 * layer(1792, 15360),
      4096 * 4 * 1792 + 4096,
      4096 * 4096 + 2 * 4096,
      3 * 4096 * 13696,
      2 * 4096,
    ]);
    const alone = analyze(config);
    expect(alone.towers).toEqual([]);
    expect(analyze({ ...config, vision_config }).totalParameters).toBe(alone.totalParameters + expected);
    expect(analyze({ ...config, vision_config }).isEstimated).toBe(false);
  });

  it('PaddleOCR-VL: the pooling head and 32,768 positions that the published checkpoint stores, with a sentence', () => {
    const head = 1152 + 4 * (1152 * 1152 + 1152) + 2 * 1152 + 2 * 1152 * 4304 + 4304 + 1152;
    const unused = 32_768 * 1152 + head;
    expect(unused).toBe(52_987_088);
    const model = analyze(PADDLE_OCR);
    expect(model.assumptions.join(' ')).toContain('vLLM does not load them');
    const { vision_config, ...text } = PADDLE_OCR;
    const rewritten = { ...text, text_config: { ...text, model_type: 'paddleocr_vl_text' }, vision_config };
    expect(analyze(rewritten).totalParameters).toBe(model.totalParameters - unused);
    expect(analyze(rewritten).assumptions).toEqual([]);
  });

  it('Isaac: SigLIP 2 without its head, 2 x 2 patches side by side, a network four times as wide', () => {
    const vision_config = { ...SIGLIP_SO, patch_size: 16, num_patches: 256, pixel_shuffle_scale_factor: 2 };
    const expected = sum([
      1152 * 3 * 16 * 16 + 1152 + 256 * 1152,
      27 * layer(1152, 4304) + 2 * 1152,
      4608 * 18432 + 18432 * 512,
    ]);
    const config = {
      ...SMALL_QWEN,
      model_type: 'isaac',
      architectures: ['IsaacForConditionalGeneration'],
      vision_config,
    };
    expect(analyze(config).totalParameters).toBe(SMALL_QWEN_PARAMETERS + expected);
  });

  it('Keye-VL: PaddleOCR’s encoder; 1.5 normalizes the four joined patches', () => {
    const vision_config = { ...SIGLIP_SO, image_size: 384, spatial_merge_size: 2 };
    const keye = (model_type: string): Config => ({
      ...SMALL_QWEN,
      model_type,
      architectures: ['Keye'],
      vision_config,
    });
    const expected = sum([
      1152 * 3 * 14 * 14 + 1152 + 27 * 27 * 1152,
      27 * layer(1152, 4304) + 2 * 1152,
      52_987_088,
      2 * 1152 + 4608 * 4608 + 4608 + 4608 * 512 + 512,
    ]);
    expect(towersOf(keye('Keye'))).toBe(expected);
    expect(towersOf(keye('KeyeVL1_5'))).toBe(expected + 2 * 3 * 1152);
  });

  it('Molmo 2: SigLIP up to the third layer from its end, two layers pooled, 128 rows for pictures', () => {
    const config = {
      model_type: 'molmo2',
      architectures: ['Molmo2ForConditionalGeneration'],
      text_config: {
        ...SMALL_QWEN,
        model_type: 'molmo2_text',
        use_qk_norm: true,
        qk_norm_type: 'qwen3',
        qkv_bias: false,
      },
      vit_config: { hidden_size: 1152, intermediate_size: 4304, num_hidden_layers: 27, image_num_pos: 729 },
      adapter_config: { vit_layers: [-3, -9], intermediate_size: 1024 },
    };
    const vision = sum([
      729 * 1152 + 1152 * 3 * 14 * 14 + 1152,
      25 * layer(1152, 4304),
      3 * (2 * 1152 * 1152 + 1152) + 1152 * 1152 + 1152,
      2 * 1152 * 1024 + 1024 * 512,
    ]);
    expect(towersOf(config)).toBe(vision);
    expect(analyze(config).totalParameters).toBe(SMALL_QWEN_PARAMETERS + 128 * 512 + vision);
  });

  it('Ovis 2.5: SigLIP 2, a head over the visual vocabulary less four, its table', () => {
    const config = {
      model_type: 'ovis2_5',
      architectures: ['Ovis2_5'],
      llm_config: SMALL_QWEN,
      visual_vocab_size: 1000,
      vit_config: { ...SIGLIP_SO, image_size: 512, patch_size: 16, num_patches: -1, hidden_stride: 2 },
    };
    const head = 996 * 4 * 1152 + 2 * 996 + 1000 * 512;
    const siglip2 = (positions: number): number =>
      1152 * 3 * 16 * 16 + 1152 + positions * 1152 + 27 * layer(1152, 4304) + 2 * 1152;
    expect(towersOf(config)).toBe(siglip2(32 * 32) + head);
    const { vit_config } = config;
    expect(towersOf({ ...config, vit_config: { ...vit_config, num_patches: 256 } })).toBe(siglip2(256) + head);
    expect(towersOf({ ...config, vit_config: { ...vit_config, preserve_original_pe: false } })).toBe(siglip2(0) + head);
  });

  it('Ovis 1.6: SigLIP with its head before Gemma 2', () => {
    const backbone_config = siglip({ vision_use_head: undefined });
    const visual_tokenizer_config = { backbone_config, hidden_stride: 2, vocab_size: 65536 };
    const llm_config = decoder('gemma2', [3584, 14336, 42, 16, 8, 256000], { head_dim: 256 });
    const config = { model_type: 'ovis', architectures: ['Ovis'], llm_config, visual_tokenizer_config };
    // google/gemma-2-9b as published; SigLIP so400m as published with DeepSeek-VL2.
    const expected = 9_241_705_984 + 428_225_600 + 65531 * 4 * 1152 + 2 * 65531 + 65536 * 3584;
    expect(analyze(config).totalParameters).toBe(expected);
  });

  it('NVLM-D: a projector as wide as the decoder’s networks, seven heads without effect in every layer', () => {
    const text = decoder('qwen2', [8192, 29568, 80, 64, 8, 152064]);
    const internvl = internvlChat(text, INTERN_VIT_6B);
    const projector = 12800 * 29568 + 29568 * 8192;
    const usual = 12800 * 8192 + 8192 + 8192 * 8192 + 8192;
    const dummies = 45 * (4 * 7 * 128 * 3200 + 2 * 7 * 128);
    const nvlm = { ...internvl, model_type: 'NVLM_D', architectures: ['NVLM_D'] };
    expect(towersOf(nvlm)).toBe(towersOf(internvl) - usual + projector + dummies);
  });

  it('Nemotron Nano VL: C-RADIO by its name, labelled estimated', () => {
    const vision_config = { args: { model: 'vit_huge_patch16_224', cpe_max_size: 2048 }, patch_size: 16 };
    const config = {
      model_type: 'Llama_Nemotron_Nano_VL',
      architectures: ['Llama_Nemotron_Nano_VL'],
      projector_hidden_size: 2048,
      llm_config: llamaConfig(),
      vision_config,
    };
    const expected = sum([
      1280 * 3 * 16 * 16 + 128 * 128 * 1280 + 10 * 1280,
      32 * layer(1280, 5120),
      2 * 5120 + 5120 * 2048 + 2048 + 2048 * 4096 + 4096,
    ]);
    expect(towersOf(config)).toBe(expected);
    expect(analyze(config).isEstimated).toBe(true);
    expect(analyze(config).assumptions.join(' ')).toContain('C-RADIO');
  });

  it('H2OVL and the InternVL fields of Qianfan-OCR are read as InternVL', () => {
    const internvl = internvlChat(SMALL_QWEN, INTERN_VIT_300M);
    for (const [model_type, architecture] of [
      ['h2ovl_chat', 'H2OVLChatModel'],
      ['qianfan_ocr', 'QianfanOCRForConditionalGeneration'],
    ]) {
      const model = analyze({ ...internvl, model_type, architectures: [architecture] });
      expect(model.totalParameters).toBe(analyze(internvl).totalParameters);
      expect(model.isEstimated).toBe(false);
    }
  });
});

const CLIP_PARAMETERS = 303_507_456;
const LLAMA_7B = 6_738_415_616;

describe('parts that a file describes and its family does not know', () => {
  it.each([
    ['of a known decoder', 'llama', 'LlamaForCausalLM'],
    ['of an unknown type with a known class', 'novel', 'LlamaForCausalLM'],
    ['of an unknown type and class', 'novel', 'NovelForCausalLM'],
  ])('are counted by their own type beside the fields %s, labelled estimated', (_, model_type, architecture) => {
    for (const name of ['vision_config', 'visual', 'vision_tower', 'mm_vision_config', 'image_encoder_config']) {
      const model = analyze(llamaConfig({ model_type, architectures: [architecture], [name]: CLIP_336 }));
      expect(model.totalParameters).toBe(LLAMA_7B + CLIP_PARAMETERS);
      expect(model.isEstimated).toBe(true);
      expect(model.assumptions.join(' ')).toMatch(/model_type "\w+" is .*projectors are not counted/);
    }
  });

  it('are counted as a plain Vision Transformer where their type is not known', () => {
    const vision = { hidden_size: 64, num_hidden_layers: 2, patch_size: 8, image_size: 32 };
    const model = analyze(llamaConfig({ model_type: 'novel', vision_config: vision }));
    const encoder = 64 * 3 * 64 + 64 + 16 * 64 + 2 * layer(64, 256) + 2 * 64;
    expect(model.totalParameters).toBe(LLAMA_7B + encoder);
    expect(model.assumptions.join(' ')).toContain('plain Vision Transformer');
  });

  it('are Qwen’s encoders where they say so', () => {
    const { config } = bundledSource('Qwen/Qwen2.5-VL-7B-Instruct');
    const { vision_config } = config as { vision_config: Config };
    const model = analyze(
      llamaConfig({ model_type: 'novel', vision_config: { ...vision_config, model_type: 'qwen2_5_vl' } }),
    );
    expect(sumOfParameters(model.towers[0]?.weights ?? [])).toBe(8_292_166_656 - 7_615_616_512);
  });

  it('are estimated as an encoder like Whisper’s where they hear', () => {
    const audio_config = { d_model: 1280, encoder_layers: 32, encoder_ffn_dim: 5120, num_mel_bins: 128 };
    const model = analyze(llamaConfig({ model_type: 'novel', audio_config }));
    // Qwen2-Audio's encoder: 32 layers whose keys have no bias, two convolutions, 1,500 positions.
    const whisper =
      32 * (layer(1280, 5120) - 1280) + 1280 * 128 * 3 + 1280 + 1280 * 1280 * 3 + 1280 + 1500 * 1280 + 2 * 1280;
    expect(model.totalParameters).toBe(LLAMA_7B + whisper);
    expect(model.assumptions.join(' ')).toContain('laid out like Whisper');
  });

  it.each([
    ['vision_config', {}],
    ['audio_config', { sampling_rate: 16000 }],
    ['sound_config', {}],
    ['vq_config', { embed_dim: 8 }],
    ['qformer_config', {}],
    ['acoustic_tokenizer_encoder_config', { channels: 1 }],
    ['mm_vision_tower', 'novel/encoder'],
    ['mm_vision_tower_aux_list', ['openai/clip-vit-large-patch14-336']],
  ])('are named as not counted where %s does not tell their size', (name, value) => {
    for (const model_type of ['llama', 'novel']) {
      const model = analyze(llamaConfig({ model_type, [name]: value }));
      expect(model.totalParameters).toBe(LLAMA_7B);
      expect(model.isEstimated).toBe(true);
      expect(model.assumptions.join(' ')).toMatch(new RegExp(`${name}.*not counted`));
    }
  });

  it('are named as not counted beside those that a known family reads', () => {
    const llava = around('llava', 'LlavaForConditionalGeneration', llamaConfig(), CLIP_336);
    const model = analyze({ ...llava, audio_config: { d_model: 1280 } });
    expect(model.totalParameters).toBe(analyze(llava).totalParameters);
    expect(analyze(llava).isEstimated).toBe(false);
    expect(model.isEstimated).toBe(true);
    expect(model.assumptions.join(' ')).toContain('describes a part by audio_config that is not read');
  });

  it.each([{ vision_config: null }, { audio_config: null, image_token_id: 7 }, { vision_feature_layer: -2 }])(
    'are not seen in %o',
    (fields) => {
      expect(analyze(llamaConfig(fields)).isEstimated).toBe(false);
    },
  );

  it('are counted by name in files of LLaVA’s own code', () => {
    const named = (mm_vision_tower: string, mm_projector_type: string): Config =>
      llamaConfig({
        model_type: 'llava_llama',
        architectures: ['LlavaLlamaForCausalLM'],
        mm_vision_tower,
        mm_projector_type,
      });
    const model = analyze(named('openai/clip-vit-large-patch14-336', 'mlp2x_gelu'));
    const two = 1024 * 4096 + 4096 + 4096 * 4096 + 4096;
    expect(model.totalParameters).toBe(LLAMA_7B + CLIP_PARAMETERS + two);
    expect(model.isEstimated).toBe(true);
    const linear = analyze(named('google/siglip-so400m-patch14-384', 'linear'));
    expect(linear.totalParameters).toBe(LLAMA_7B + 428_225_600 + 1152 * 4096 + 4096);
    const resampler = analyze(named('/data/clip-vit-large-patch14', 'resampler'));
    expect(resampler.totalParameters).toBe(LLAMA_7B + CLIP_PARAMETERS - (24 ** 2 - 16 ** 2) * 1024);
  });
});

describe('class names around a known decoder', () => {
  it.each([
    ['skywork_chat', 'SkyworkChatModel'],
    ['skywork_chat', 'SkyworkR1VChatModel'],
    ['internvl_chat', 'InternVLChatModel'],
    ['internvl_chat', 'MyOwnName'],
  ])('%s is read as %s', (model_type, architecture) => {
    const config = { ...internvlChat(SMALL_QWEN, INTERN_VIT_300M), model_type, architectures: [architecture] };
    expect(analyze(config).generatesText).toBe(true);
  });
});
