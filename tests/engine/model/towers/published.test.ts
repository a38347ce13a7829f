import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../../../src-worker/engine/model/analyze.ts';
import { familyOf } from '../../../../src-worker/engine/model/families/registry.ts';
import { ConfigFields } from '../../../../src-worker/engine/model/fields.ts';
import { multimodalOf } from '../../../../src-worker/engine/model/towers/registry.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { analyze, bundledModel, bundledSource } from '../bundled.ts';
import { ENUMERATED, HUB } from './configs.ts';
import { FURTHER_ENUMERATED, FURTHER_HUB, OVIS2_1B } from './further-configs.ts';

type Config = Record<string, unknown>;

/**
 * Bundled models around a decoder: total and text part, copied as facts (published safetensors metadata and tensor-by-tensor
 * enumerations; tied matrices once, no MTP blocks). The difference is what stands before the decoder.
 */
const BUNDLED: [id: string, total: number, text: number][] = [
  ['google/gemma-3-12b-it', 12_187_325_040, 11_766_034_176],
  ['google/gemma-3-27b-it', 27_432_406_640, 27_009_346_304],
  ['google/gemma-4-26B-A4B', 25_805_933_872, 25_233_141_760],
  ['google/gemma-4-E2B-it', 4_797_113_600, 4_628_569_344],
  ['google/gemma-4-E4B-it', 7_632_344_064, 7_463_013_376],
  ['llava-hf/llava-1.5-7b-hf', 7_063_427_072, 6_738_939_904],
  ['llava-hf/llava-v1.6-mistral-7b-hf', 7_566_747_648, 7_242_256_384],
  ['meta-llama/Llama-3.2-11B-Vision-Instruct', 10_670_220_835, 9_775_192_080],
  ['meta-llama/Llama-4-Scout-17B-16E-Instruct', 108_641_793_536, 107_769_861_120],
  ['mistralai/Ministral-3-3B-Instruct-2512-BF16', 3_849_090_048, 3_429_006_336],
  ['mistralai/Mistral-Small-3.1-24B-Instruct-2503', 24_011_361_280, 23_572_403_200],
  ['nvidia/Gemma-4-26B-A4B-NVFP4', 25_805_933_872, 25_233_141_760],
  ['nvidia/Gemma-4-31B-IT-NVFP4', 31_273_086_512, 30_697_345_280],
  ['nvidia/Qwen3.5-122B-A10B-NVFP4', 122_562_817_776, 122_111_526_912],
  ['nvidia/Qwen3.5-397B-A17B-NVFP4', 396_802_360_816, 396_346_350_336],
  ['nvidia/Qwen3.6-27B-NVFP4', 27_356_728_560, 26_895_998_464],
  ['nvidia/Qwen3.6-35B-A3B-NVFP4', 35_107_181_936, 34_660_610_688],
  ['Qwen/Qwen2-VL-7B-Instruct', 8_291_375_616, 7_615_616_512],
  ['Qwen/Qwen2.5-VL-7B-Instruct', 8_292_166_656, 7_615_616_512],
  ['Qwen/Qwen3-VL-235B-A22B-Instruct', 235_670_022_896, 235_093_634_560],
  ['Qwen/Qwen3-VL-2B-Instruct', 2_127_532_032, 1_720_574_976],
  ['Qwen/Qwen3-VL-30B-A3B-Instruct', 31_070_754_032, 30_532_122_624],
  ['Qwen/Qwen3-VL-32B-Instruct', 33_357_390_064, 32_762_123_264],
  ['Qwen/Qwen3-VL-32B-Thinking', 33_357_390_064, 32_762_123_264],
  ['Qwen/Qwen3-VL-4B-Instruct', 4_437_815_808, 4_022_468_096],
  ['Qwen/Qwen3.5-35B-A3B', 35_107_181_936, 34_660_610_688],
  ['Qwen/Qwen3.5-397B-A17B', 396_802_360_816, 396_346_350_336],
  ['RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic', 108_641_793_536, 107_769_861_120],
];

/** The parts before the decoder alone, for files whose decoder may be of a family that is read elsewhere. */
function towerParameters(config: Config): number {
  const text = (config.text_config ?? config) as Config;
  const frame = {
    // LLaVA 1.5 leaves the width to LlamaConfig.
    hiddenSize: (text.hidden_size ?? 4096) as number,
    vocabularySize: text.vocab_size as number,
    numLayers: text.num_hidden_layers as number,
    fields: new ConfigFields('test/model', text),
  };
  const family = multimodalOf(config.model_type as string);
  if (!family) throw new Error(`${String(config.model_type)} is not read`);
  const towers = family.towers.flatMap((read) => read(new ConfigFields('test/model', config), frame));
  return towers.reduce((sum, { weights }) => sum + sumOfParameters(weights), 0);
}

const textType = (config: Config): string =>
  ((config.text_config as Config | undefined)?.model_type ?? 'llama') as string;

describe('parameter counts of models that see or hear', () => {
  it.each(BUNDLED)('before the decoder of %s: %i less %i parameters', (id, total, text) => {
    expect(towerParameters(bundledSource(id).config as Config)).toBe(total - text);
  });

  const read = BUNDLED.filter(([id]) => familyOf(textType(bundledSource(id).config as Config)) !== null);
  it.each(read)('%s has %i parameters', (id, total, text) => {
    const model = bundledModel(id);
    expect(model.totalParameters).toBe(total);
    expect(model.towers.reduce((sum, { weights }) => sum + sumOfParameters(weights), 0)).toBe(total - text);
    expect(model.isEstimated).toBe(false);
  });

  it.each(Object.entries({ ...HUB, ...FURTHER_HUB }))('%s as published', (_, [total, config]) => {
    const model = analyze(config);
    expect(model.totalParameters).toBe(total);
    expect(model.isEstimated).toBe(false);
  });

  it.each(Object.entries({ ...ENUMERATED, ...FURTHER_ENUMERATED }))(
    '%s as its class is built',
    (_, [total, config]) => {
      const model = analyze(config);
      expect(model.totalParameters).toBe(total);
      expect(model.isEstimated).toBe(false);
    },
  );

  it('Ovis2-1B has the 1,267,417,974 published less the head it stores a second time', () => {
    expect(analyze(OVIS2_1B).totalParameters).toBe(1_267_417_974 - 151_936 * 896);
    expect(analyze(OVIS2_1B).isEstimated).toBe(false);
  });

  it('GLM-4.5V adds one correction per expert to the 107,710,927,360 of its class, as its checkpoint does', () => {
    const config = {
      architectures: ['Glm4vMoeForConditionalGeneration'],
      model_type: 'glm4v_moe',
      text_config: {
        model_type: 'glm4v_moe_text',
        hidden_size: 4096,
        intermediate_size: 10944,
        num_hidden_layers: 46,
        num_attention_heads: 96,
        num_key_value_heads: 8,
        head_dim: 128,
        n_routed_experts: 128,
        n_shared_experts: 1,
        num_experts_per_tok: 8,
        moe_intermediate_size: 1408,
        first_k_dense_replace: 1,
        vocab_size: 151552,
      },
      vision_config: { hidden_size: 1536, depth: 24, num_heads: 12, intermediate_size: 10944, out_hidden_size: 4096 },
    };
    expect(analyze(config).totalParameters).toBe(107_710_927_360 + 45 * 128);
  });

  it('a decoder inside a file keeps its own quantization', () => {
    const { config } = bundledSource('Qwen/Qwen3-VL-2B-Instruct');
    const { text_config, ...outer } = config as Config & { text_config: Config };
    const quantization_config = { quant_method: 'fp8' };
    const inside = { ...outer, text_config: { ...text_config, quantization_config } };
    const outside = { ...outer, text_config, quantization_config };
    for (const file of [inside, outside]) {
      const model = analyzeModel({ ...bundledSource('Qwen/Qwen3-VL-2B-Instruct'), config: file });
      expect(model.checkpoint.precision).toBe('fp8');
    }
  });
});
