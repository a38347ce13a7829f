import { describe, expect, it } from 'vitest';
import { analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import { checkSafetensors } from '../../../src-worker/engine/model/safetensors-check.ts';
import { weightBytes } from '../../../src-worker/engine/model/weights.ts';
import { bundledModel, llamaConfig, sourceOf } from './bundled.ts';

const told = (elementsByDtype: Record<string, number>, totalBytes: number | null = null) => ({
  elementsByDtype,
  totalBytes,
});
const model = (changes: Record<string, unknown>) => analyzeModel(sourceOf('a/model', llamaConfig(changes)));

describe('stored weights beside counted ones', () => {
  it('Qwen3-235B-A22B: the hub lists 235,093,634,560 BF16 elements, and so many are counted', () => {
    const check = checkSafetensors(bundledModel('Qwen/Qwen3-235B-A22B'), told({ BF16: 235_093_634_560 }));
    expect(check).toMatchObject({
      storedParameters: 235_093_634_560,
      countedParameters: 235_093_634_560,
      differenceFraction: 0,
    });
    expect(check.storedBytes).toBe(2 * 235_093_634_560);
    expect(check.sentence).toMatch(/235,093,634,560 weights, .*: they agree\.$/);
  });

  it('Llama-2-7B: some hundred elements of rotary buffers are no difference', () => {
    const { differenceFraction, sentence } = checkSafetensors(
      bundledModel('meta-llama/Llama-2-7b-hf'),
      told({ F16: 6_738_417_664 }),
    );
    expect(differenceFraction).toBeCloseTo(2048 / 6_738_415_616, 12);
    expect(sentence).toContain('agree within 0.01 %');
  });

  it('masks and indices are no weights: Pythia-1.4B stores a triangle of 2,048 x 2,048 for each of its 24 layers', () => {
    const pythia = bundledModel('EleutherAI/pythia-1.4b');
    const mask = 24 * 2048 * 2048;
    for (const dtype of ['BOOL', 'U8']) {
      expect(checkSafetensors(pythia, told({ F16: 1_414_647_808, [dtype]: mask })).differenceFraction).toBe(0);
    }
  });

  it('a tied head that is stored twice is named', () => {
    const tied = model({ tie_word_embeddings: true });
    const head = 32_000 * 4096;
    const check = checkSafetensors(tied, told({ BF16: tied.totalParameters + head }));
    expect(check.sentence).toContain('tied to the embedding and stored a second time');
    expect(check.differenceFraction).toBeCloseTo(head / tied.totalParameters, 12);
  });

  it('a head that the files leave out although config.json does not tie it is named', () => {
    const untied = model({});
    const check = checkSafetensors(untied, told({ BF16: untied.totalParameters - 32_000 * 4096 }));
    expect(check.sentence).toMatch(/1\.9 % fewer in the files\. That is the output head/);
  });

  it('scales of FP8 are named, and a multi-token-prediction block beside them', () => {
    // Qwen3-8B-FP8 and GLM-4.5 as the hub lists them.
    const fp8 = bundledModel('Qwen/Qwen3-8B-FP8');
    const scales = checkSafetensors(
      { ...fp8, totalParameters: 8_190_735_360 - 1e7 },
      told({ F8_E4M3: 8_191_159_296 - 1e7 + 2e6 }),
    );
    expect(scales.sentence).toContain('Quantization scales');
    const glm = checkSafetensors(bundledModel('zai-org/GLM-4.5'), told({ BF16: 358_337_791_296 }));
    expect(glm.differenceFraction).toBeGreaterThan(0);
    expect(glm.sentence).toMatch(
      /1\.6 % more in the files\. That is the block for multi-token prediction \(3,988,069,792 weights\) with its own copies/,
    );
  });

  it('files of another model are doubted', () => {
    for (const stored of [3e9, 70e9]) {
      expect(checkSafetensors(model({}), told({ BF16: stored })).sentence).toContain(
        'No usual reason fits: check that config.json belongs',
      );
    }
  });
});

describe('packed formats', () => {
  const gptOss = bundledModel('openai/gpt-oss-20b');

  it('gpt-oss-20b: the hub counts its MXFP4 weights unpacked, scales included', () => {
    const check = checkSafetensors(gptOss, told({ BF16: 1_804_459_584, U8: 19_707_494_400 }));
    expect(check.storedParameters).toBe(21_511_953_984);
    expect(check.sentence).toContain('Quantization scales');
  });

  it('as its headers have them, two weights in an element and a scale per 32, its bytes are compared', () => {
    const packed = 19_110_297_600 / 2 + 19_110_297_600 / 32;
    const check = checkSafetensors(gptOss, told({ BF16: 1_804_459_584, U8: packed }, 2 * 1_804_459_584 + packed));
    expect(check.storedParameters).toBeNull();
    expect(Math.abs(check.differenceFraction ?? 1)).toBeLessThan(0.001);
    expect(check.sentence).toContain('expected for mxfp4');
  });

  it('eight weights in an element of AWQ are no eighth of the model', () => {
    const awq = model({ quantization_config: { quant_method: 'awq', bits: 4, group_size: 128 } });
    const bytes = weightBytes(awq, 'int4');
    const sixteenBit = 2 * 32_000 * 4096;
    const check = checkSafetensors(awq, told({ F16: sixteenBit, I32: (bytes - 2 * sixteenBit) / 4 }));
    expect(check.storedParameters).toBeNull();
    expect(check.differenceFraction).toBeCloseTo(0, 3);
  });

  it('a weight a byte is a weight', () => {
    const groups = {
      group_0: { weights: { num_bits: 8, type: 'int' }, input_activations: { num_bits: 8, type: 'int' } },
    };
    const int8 = model({ quantization_config: { quant_method: 'compressed-tensors', config_groups: groups } });
    expect(checkSafetensors(int8, told({ I8: int8.totalParameters })).differenceFraction).toBe(0);
  });
});

describe('what cannot be compared says why', () => {
  it('no number at all, or a format that cannot be told', () => {
    expect(checkSafetensors(model({}), told({}))).toMatchObject({
      storedParameters: null,
      storedBytes: null,
      differenceFraction: null,
      sentence: expect.stringContaining('their weights and bytes are not told') as string,
    });
    const odd = model({ quantization_config: { quant_method: 'homemade' } });
    expect(checkSafetensors(odd, told({ U8: 1000 }, 1000))).toMatchObject({
      differenceFraction: null,
      sentence: expect.stringContaining('format of their weights is not known') as string,
    });
  });

  it('the size alone is compared with the bytes: Devstral-Small-2507 has an index of 47,144,806,400', () => {
    // Its config: 40 layers of 5,120, 32 heads of 128 over 8, FFN of 32,768, 131,072 tokens, head of its own.
    const devstral = model({
      hidden_size: 5120,
      intermediate_size: 32_768,
      num_hidden_layers: 40,
      num_key_value_heads: 8,
      head_dim: 128,
      vocab_size: 131_072,
    });
    const check = checkSafetensors(devstral, told({}, 47_144_806_400));
    expect(check).toMatchObject({
      storedParameters: null,
      storedBytes: 47_144_806_400,
      countedParameters: 23_572_403_200,
      differenceFraction: 0,
    });
  });
});
