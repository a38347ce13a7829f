import { describe, expect, it } from 'vitest';
import type { ErrorInfo } from '../../../../src-worker/engine/errors.ts';
import { ConfigFields } from '../../../../src-worker/engine/model/fields.ts';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { kvBytesPerToken } from '../../../../src-worker/engine/model/kv.ts';
import { multimodalOf, multimodalTypes } from '../../../../src-worker/engine/model/towers/registry.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { tensorParallelHolding } from '../../../../src-worker/engine/model/holdings.ts';
import { weightBytesByClass } from '../../../../src-worker/engine/model/weights.ts';
import { unsupportedModelType } from '../../../../src-worker/engine/model/families/unsupported.ts';
import { attempt } from '../../../../src-worker/protocol/result.ts';
import { analyze, bundledModel, bundledSource, llamaConfig } from '../bundled.ts';
import { minicpmV } from './configs.ts';

type Config = Record<string, unknown>;

const refusal = (config: unknown): ErrorInfo => {
  const result = attempt(() => analyze(config));
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(config).slice(0, 200)}`);
  return result.error;
};

const sum = (parts: number[]): number => parts.reduce((total, part) => total + part, 0);

/** The parts before a decoder of given width, of a file that may lack the decoder itself. */
function towers(config: Config, hiddenSize: number, text: Config = {}) {
  const family = multimodalOf(config.model_type as string);
  if (!family) throw new Error(`${String(config.model_type)} is not read`);
  const numLayers = (text.num_hidden_layers ?? 1) as number;
  const frame = { hiddenSize, vocabularySize: 32000, numLayers, fields: new ConfigFields('test/model', text) };
  return family.towers.flatMap((read) => read(new ConfigFields('test/model', config), frame));
}

const parameters = (config: Config, hiddenSize: number, text?: Config): number[] =>
  towers(config, hiddenSize, text).map(({ weights }) => sumOfParameters(weights));

describe('the parts before a decoder, tensor by tensor', () => {
  it('CLIP ViT-L/14 at 336 pixels and the projector of LLaVA 1.5', () => {
    const clip = sum([
      1024 * 3 * 14 * 14, // patches
      1024, // class
      (24 * 24 + 1) * 1024, // positions
      2 * 2 * 1024, // norms before and after
      24 * (4 * (1024 * 1024 + 1024) + 2 * 1024 * 4096 + 4096 + 1024 + 4 * 1024),
    ]);
    expect(clip).toBe(303_507_456);
    const projector = 1024 * 4096 + 4096 + 4096 * 4096 + 4096;
    const [tower] = bundledModel('llava-hf/llava-1.5-7b-hf').towers;
    expect(tower?.label).toBe('CLIP, 24 layers of width 1024');
    expect(sumOfParameters(tower?.weights ?? [])).toBe(clip + projector);
  });

  it('Qwen3-VL-2B: learned positions, one merger and three for the deep stack', () => {
    const merger = (normed: number): number => 2 * normed + 4096 * 4096 + 4096 + 4096 * 2048 + 2048;
    const expected = sum([
      1024 * 3 * 2 * 16 * 16 + 1024,
      2304 * 1024,
      24 * (3 * 1024 * 1024 + 3 * 1024 + 1024 * 1024 + 1024 + 2 * 1024 * 4096 + 4096 + 1024 + 4 * 1024),
      merger(1024),
      3 * merger(4096),
    ]);
    expect(sumOfParameters(bundledModel('Qwen/Qwen3-VL-2B-Instruct').towers[0]?.weights ?? [])).toBe(expected);
  });

  it('Llama 3.2 Vision: a table of tile positions for each of eight layouts and for padding, eight gated layers', () => {
    const layer = 4 * 1280 * 1280 + 2 * 1280 * 5120 + 5120 + 1280 + 4 * 1280;
    const positions = 40 * 40 + 1;
    const expected = sum([
      1280 * 3 * 14 * 14 + 1280,
      positions * 1280 + 1 + 9 * 4 * positions * 1280,
      2 * (9 * 4 * 1280 + 1),
      2 * 2 * 1280,
      32 * layer,
      8 * (layer + 2),
      7680 * 4096 + 4096,
    ]);
    expect(expected).toBe(10_670_220_835 - 9_775_192_080);
    const { config } = bundledSource('meta-llama/Llama-3.2-11B-Vision-Instruct');
    expect(parameters(config as Config, 4096)).toEqual([expected]);
    const vision = { ...(config as { vision_config: Config }).vision_config, supported_aspect_ratios: null };
    // Without the list: one to four tiles side by side and one above the other, eight layouts.
    expect(parameters({ ...(config as Config), vision_config: vision }, 4096)).toEqual([expected]);
  });

  it('Phi-3-vision: CLIP, two separators of four patches, two layers', () => {
    const config = { model_type: 'phi3_v', img_processor: { image_dim_out: 1024 } };
    expect(parameters(config, 3072)).toEqual([303_507_456 + 2 * 4096 + 4096 * 3072 + 3072 + 3072 * 3072 + 3072]);
  });

  it('MiniCPM-V 2.6: SigLIP at 980 pixels and a resampler of 64 queries before Qwen2-7B', () => {
    const siglip = sum([
      1152 * 3 * 14 * 14 + 1152,
      70 * 70 * 1152,
      27 * (4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 4 * 1152),
      2 * 1152,
    ]);
    const h = 3584;
    const resampler = 64 * h + 1152 * h + 3 * h * h + 3 * h + h * h + h + 3 * 2 * h + h * h;
    // Qwen2-7B has 7,615,616,512 parameters with a vocabulary of 152,064.
    const text = 7_615_616_512 - 2 * (152_064 - 151_666) * h;
    const config = minicpmV(2.6, [h, 18944, 28, 28, 4, 151_666], 64);
    expect(analyze(config).totalParameters).toBe(text + siglip + resampler);
  });

  it('Kimi K2.5: MoonViT with a grid of 64 x 64 positions, a merger of 2 x 2 patches', () => {
    const { config } = bundledSource('moonshotai/Kimi-K2.5');
    const expected = sum([
      1152 * 3 * 14 * 14 + 1152 + 64 * 64 * 1152,
      27 * (4 * (1152 * 1152 + 1152) + 2 * 1152 * 4304 + 4304 + 1152 + 4 * 1152),
      2 * 1152,
      2 * 1152 + 4608 * 4608 + 4608 + 4608 * 7168 + 7168,
    ]);
    expect(parameters(config as Config, 7168)).toEqual([expected]);
  });

  it('MiniMax M3: CLIP layers over pairs of pictures, patches projected before they are joined', () => {
    const { config } = bundledSource('nvidia/MiniMax-M3-NVFP4');
    const expected = sum([
      1280 * 3 * 2 * 14 * 14 + 2 * 1280,
      32 * (4 * (1280 * 1280 + 1280) + 2 * 1280 * 5120 + 5120 + 1280 + 4 * 1280),
      1280 * 6144 + 6144 + 6144 * 6144 + 6144,
      4 * 6144 * 6144 + 6144 + 6144 * 6144 + 6144,
    ]);
    // The class of Transformers 5.18 with these sizes.
    expect(expected).toBe(865_567_232);
    expect(parameters(config as Config, 6144)).toEqual([expected]);
  });

  it('DeepSeek-OCR: SAM with relative positions, then CLIP: 3,336,106,240 published less 2,934,734,080 of the decoder', () => {
    const config = {
      model_type: 'deepseek_vl_v2',
      vision_config: {
        width: {
          'clip-l-14-224': { heads: 16, image_size: 224, layers: 24, patch_size: 14, width: 1024 },
          sam_vit_b: {
            downsample_channels: [512, 1024],
            global_attn_indexes: [2, 5, 8, 11],
            heads: 12,
            layers: 12,
            width: 768,
          },
        },
      },
      projector_config: { input_dim: 2048, n_embed: 1280, projector_type: 'linear' },
    };
    // Decoder: 12 layers of width 1280, the first with a network of 6848, then 64 + 2 experts of 896.
    const decoder = sum([
      2 * 129_280 * 1280 + 1280,
      12 * (4 * 1280 * 1280 + 2 * 1280) + 3 * 1280 * 6848,
      11 * (64 * 1280 + 64 * 3 * 1280 * 896 + 3 * 1280 * 2 * 896),
    ]);
    expect(decoder).toBe(2_934_734_080);
    expect(parameters(config, 1280)).toEqual([3_336_106_240 - decoder]);
  });

  it('DeepSeek-VL2: SigLIP so400m with its head (428,225,600 parameters as published), two layers, two separators', () => {
    const config = {
      model_type: 'deepseek_vl_v2',
      vision_config: { layers: 27, mlp_ratio: 3.7362, patch_size: 14, width: 1152 },
      projector_config: { depth: 2, downsample_ratio: 2, mlp_ratio: 1, projector_type: 'downsample_mlp_gelu' },
    };
    const projector = 4 * 1152 * 2048 + 2048 + 2048 * 2048 + 2048 + 2 * 2048;
    expect(parameters(config, 2048)).toEqual([428_225_600 + projector]);
  });

  it('Gemma 4: the audio part where the file describes one', () => {
    const { config } = bundledSource('google/gemma-4-E2B-it');
    const h = 1024;
    const audio = sum([
      128 * 9 + 128 + 32 * 128 * 9 + 32 + 32 * 32 * h, // two convolutions with norms, then all bands of a frame
      12 * 2 * (8 * h * h + 2 * h), // two networks with two norms each
      12 * (5 * h * h + 128), // attention, relative positions, a scale per feature of a head
      12 * (3 * h * h + 5 * h), // gated convolution
      12 * 5 * h, // norms
      1536 * h + 1536 + 1536 * 1536,
    ]);
    const [vision = 0, ...none] = parameters(config as Config, 1536);
    expect(none).toEqual([]);
    expect(parameters({ ...(config as Config), audio_config: {} }, 1536)).toEqual([vision, audio]);
  });

  it('ERNIE 4.5 VL: experts for pictures stand beside the decoder', () => {
    const text = {
      model_type: 'ernie4_5_vl_moe_text',
      hidden_size: 2560,
      num_hidden_layers: 28,
      moe_num_experts: [64, 64],
      moe_intermediate_size: [1536, 512],
      moe_layer_start_index: [1, 1],
      moe_layer_end_index: [27, 27],
    };
    const config = { model_type: 'ernie4_5_vl_moe', text_config: text, vision_config: {} };
    const experts = 27 * (64 * 2560 + 64 + 64 * 3 * 2560 * 512);
    expect(parameters(config, 2560, text)[1]).toBe(experts);
  });
});

describe('what the parts before a decoder count for', () => {
  const model = bundledModel('Qwen/Qwen3-VL-30B-A3B-Instruct');
  const text = bundledModel('Qwen/Qwen3-30B-A3B-Instruct-2507');

  it('the total and the weights in memory, at 16 bit in every precision', () => {
    const vision = model.totalParameters - text.totalParameters;
    expect(vision).toBe(31_070_754_032 - 30_532_122_624);
    for (const precision of ['bf16', 'fp8', 'int4'] as const) {
      expect(weightBytesByClass(model, precision).vision).toBe(2 * vision);
    }
  });

  it('not the parameters a text token uses, nor its arithmetic, nor the cache', () => {
    expect(model.activeParameters).toBe(text.activeParameters);
    expect(tokenFlops(model, 1000)).toEqual(tokenFlops(text, 1000));
    expect(kvBytesPerToken(model, 2, 1)).toBe(kvBytesPerToken(text, 2, 1));
  });

  it('are split among the GPUs of a group where they are matrices', () => {
    const whole = weightBytesByClass(model, 'bf16').vision;
    const half = tensorParallelHolding(model, 'bf16', 2).bytes.vision;
    expect(half).toBeGreaterThan(whole / 2);
    expect(half).toBeLessThan(0.7 * whole);
  });
});

describe('files around a decoder', () => {
  const llava = (changes: Config = {}): Config => ({
    architectures: ['LlavaForConditionalGeneration'],
    model_type: 'llava',
    text_config: { model_type: 'llama', vocab_size: 32064 },
    vision_config: { model_type: 'siglip_vision_model' },
    ...changes,
  });

  it('state whether the head is tied inside or outside', () => {
    const untied = analyze(llava()).totalParameters;
    const head = 32064 * 4096;
    expect(analyze(llava({ tie_word_embeddings: true })).totalParameters).toBe(untied - head);
    const inside = { model_type: 'llama', vocab_size: 32064, tie_word_embeddings: true };
    expect(analyze(llava({ text_config: inside })).totalParameters).toBe(untied - head);
    expect(analyze(llava({ text_config: inside, tie_word_embeddings: false })).totalParameters).toBe(untied - head);
  });

  it('may write the name of the whole model into the object of the decoder', () => {
    const { config } = bundledSource('Qwen/Qwen2.5-VL-7B-Instruct');
    const { vision_config, ...flat } = config as Config;
    const nested = { architectures: flat.architectures, model_type: 'qwen2_5_vl', text_config: flat, vision_config };
    expect(analyze(nested).totalParameters).toBe(analyze(config).totalParameters);
  });

  it('are refused without a decoder, saying what to add', () => {
    const error = refusal({ model_type: 'llava', vision_config: {} });
    expect(error).toMatchObject({ code: 'config_invalid', details: { field: 'text_config' } });
  });

  it.each([
    [{ hidden_size: -1 }, 'vision_config.hidden_size'],
    [{ patch_size: 500 }, 'vision_config.patch_size'],
    [{ image_size: [448, 224] }, 'vision_config.image_size'],
    [{ num_hidden_layers: 1e9 }, 'vision_config.num_hidden_layers'],
  ])('are refused for %o with the field', (vision, field) => {
    const error = refusal(llava({ vision_config: { model_type: 'siglip_vision_model', ...vision } }));
    expect(error).toMatchObject({ code: 'config_invalid', details: { field } });
    expect(error.message).toMatch(/: it must be .+\.$/);
  });

  it('count an unknown picture encoder as a plain Vision Transformer and say so', () => {
    const vision_config = {
      model_type: 'novel_vit',
      hidden_size: 64,
      num_hidden_layers: 2,
      patch_size: 8,
      image_size: 32,
    };
    const model = analyze(llava({ vision_config }));
    const encoder = sum([64 * 3 * 64 + 64, 16 * 64, 2 * (12 * 64 * 64 + 4 * 64 + 4 * 64 + 64 + 4 * 64), 2 * 64]);
    const projector = 64 * 4096 + 4096 + 4096 * 4096 + 4096;
    expect(sumOfParameters(model.towers[0]?.weights ?? [])).toBe(encoder + projector);
    expect(model.isEstimated).toBe(true);
    expect(model.assumptions[0]).toContain('"novel_vit" of vision_config is not known');
  });

  it('of an unknown kind are read by the model_type of their decoder and marked as estimated', () => {
    const { config } = bundledSource('Qwen/Qwen3-VL-2B-Instruct');
    const { text_config } = config as { text_config: Config };
    const vision_config = {
      model_type: 'clip_vision_model',
      hidden_size: 1024,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      intermediate_size: 4096,
      patch_size: 14,
      image_size: 336,
    };
    for (const name of ['text_config', 'llm_config', 'language_config']) {
      const model = analyze({ model_type: 'novel_vl', [name]: text_config, vision_config, audio_config: {} });
      expect(model.totalParameters).toBe(1_720_574_976 + 303_507_456);
      expect(model.isEstimated).toBe(true);
      expect(model.assumptions.join(' ')).toMatch(/"novel_vl" is not known.+audio part .+ not counted/);
    }
  });

  it('of an unknown kind whose encoder has stages leave it out and say so', () => {
    const { config } = bundledSource('Qwen/Qwen3-VL-2B-Instruct');
    const { text_config } = config as { text_config: Config };
    const model = analyze({
      model_type: 'novel_vl',
      text_config,
      vision_config: { depths: [2, 2], hidden_size: [64, 128] },
    });
    expect(model.totalParameters).toBe(1_720_574_976);
    expect(model.assumptions.join(' ')).toContain('it is not counted');
  });

  it.each([
    ['qwen2_vl', 'Qwen2VLForSequenceClassification'],
    ['paligemma', 'ColPaliForRetrieval'],
    ['gemma3', 'Gemma3ForSequenceClassification'],
    ['llava', 'LlavaModel'],
    ['novel_vl', 'NovelForEmbedding'],
  ])('%s as %s does not generate text', (model_type, architecture) => {
    const text_config = llamaConfig({ architectures: undefined });
    const error = refusal({ model_type, architectures: [architecture], text_config, vision_config: {} });
    expect(error).toMatchObject({ code: 'model_unsupported' });
    expect(error.message).toContain(`${architecture} does not generate text`);
  });

  it.each(['clip', 'siglip', 'colpali'])('%s is refused though it holds a text_config', (model_type) => {
    const error = refusal({ model_type, text_config: llamaConfig(), vision_config: {} });
    expect(error.message).toContain('an encoder that does not generate text');
  });

  it('are never also in the list of what is refused', () => {
    expect(multimodalTypes().filter((modelType) => unsupportedModelType(modelType) !== null)).toEqual([]);
  });

  it('name what is not counted without calling the model estimated', () => {
    expect(multimodalOf('gemma3n')?.assumptions?.(new ConfigFields('test/model', {}))[0]).toContain('2 GB at 16 bit');
    const { config } = bundledSource('google/gemma-4-E2B-it');
    const [sentence] = multimodalOf('gemma4')?.assumptions?.(new ConfigFields('test/model', config)) ?? [];
    expect(sentence).toContain('audio part');
    const { config: large } = bundledSource('google/gemma-4-26B-A4B');
    expect(multimodalOf('gemma4')?.assumptions?.(new ConfigFields('test/model', large))).toEqual([]);
  });
});
