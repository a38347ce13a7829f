import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../../src-worker/engine/model/flops.ts';
import { undividedHeads } from '../../../../src-worker/engine/model/heads.ts';
import { kvBytesPerSequence, kvBytesPerToken, kvLayout } from '../../../../src-worker/engine/model/kv.ts';
import { parameterBreakdown } from '../../../../src-worker/engine/model/parameters.ts';
import { sumOfParameters } from '../../../../src-worker/engine/model/weight.ts';
import { bundledModel } from '../bundled.ts';
import { tinyLatent } from '../latent.ts';

const attentionOf = (changes: Record<string, unknown> = {}) => tinyLatent(changes).layers[0]!.attention;

describe('multi-head latent attention worked by hand', () => {
  it('compresses queries, keys and values, with the names of the checkpoint', () => {
    const shapes = attentionOf().weights.map(({ name, rows, columns }) => [name, rows, columns]);
    expect(shapes).toEqual([
      ['self_attn.q_a_proj', 300, 1000],
      ['self_attn.q_a_layernorm', 300, 1],
      ['self_attn.q_b_proj', 10 * 60, 300],
      ['self_attn.kv_a_proj_with_mqa', 220, 1000],
      ['self_attn.kv_a_layernorm', 200, 1],
      ['self_attn.kv_b_proj', 10 * 90, 200],
      ['self_attn.o_proj', 1000, 10 * 50],
    ]);
    const total = 300_000 + 300 + 180_000 + 220_000 + 200 + 180_000 + 500_000;
    expect(sumOfParameters(attentionOf().weights)).toBe(total);
  });

  it('takes queries straight from the hidden state where q_lora_rank is null', () => {
    const { weights, label } = attentionOf({ q_lora_rank: null });
    expect(weights.map(({ name }) => name)).not.toContain('self_attn.q_a_proj');
    expect(weights[0]).toMatchObject({ name: 'self_attn.q_proj', rows: 600, columns: 1000 });
    expect(label).toBe('MLA 10 heads, latent 200 + 20');
    // 600 x 1000 in place of 300 x 1000 + 300 + 600 x 300.
    expect(sumOfParameters(weights) - sumOfParameters(attentionOf().weights)).toBe(600_000 - 480_300);
  });

  it("has the class's compressed query where the key is absent", () => {
    // DeepseekV3Config and DeepseekV2Config of Transformers: 1536.
    for (const model_type of ['deepseek_v3', 'deepseek_v2', 'kimi_k2']) {
      const { weights } = attentionOf({ model_type, q_lora_rank: undefined });
      expect(weights[0]).toMatchObject({ name: 'self_attn.q_a_proj', rows: 1536 });
    }
  });

  it('adds biases to what leads down and to the output when attention_bias says so', () => {
    const biases = attentionOf({ attention_bias: true }).weights.filter(({ name }) => name.endsWith('.bias'));
    expect(biases.map(({ name, rows }) => [name, rows])).toEqual([
      ['self_attn.q_a_proj.bias', 300],
      ['self_attn.kv_a_proj_with_mqa.bias', 220],
      ['self_attn.o_proj.bias', 1000],
    ]);
  });

  it('takes hidden size over heads as the value head where the file gives none, as MiniCPM3 does', () => {
    const { weights } = bundledModel('openbmb/MiniCPM3-4B').layers[0]!.attention;
    expect(weights.at(-1)).toMatchObject({ name: 'self_attn.o_proj', rows: 2560, columns: 40 * 64 });
  });

  it('divides by heads what leads up, and copies what leads down', () => {
    const { attention } = parameterBreakdown(tinyLatent(), 5);
    const copied = 300_000 + 300 + 220_000 + 200;
    expect(attention).toBe(4 * (copied + (180_000 + 180_000 + 500_000) / 5));
  });

  it('scores c + rope and sums c per head when decoding, nope + rope and v in a prompt', () => {
    const [work] = attentionOf().context;
    expect(work).toMatchObject({ decodeFlop: 2 * 10 * (220 + 200), promptFlop: 2 * 10 * (60 + 50) });
  });
});

describe('KV cache of multi-head latent attention', () => {
  // 61 layers of 512 + 64 elements; the published figure for DeepSeek-V3 is 70.272 KB per token.
  it('is 70,272 bytes per token of DeepSeek-V3, on one GPU and on each of eight', () => {
    const model = bundledModel('deepseek-ai/DeepSeek-V3');
    expect([1, 2, 8, 16].map((tensorParallel) => kvBytesPerToken(model, 2, tensorParallel))).toEqual(
      Array(4).fill(61 * 576 * 2),
    );
    expect(kvBytesPerToken(model, 1, 8)).toBe(35_136);
    expect(kvBytesPerSequence(kvLayout(model, 2, 8), 1000)).toBe(70_272_000);
  });

  it('does not ask for the KV heads, but tensor parallelism must divide the query heads', () => {
    expect(kvBytesPerToken(tinyLatent({ num_key_value_heads: 1 }), 2, 1)).toBe(kvBytesPerToken(tinyLatent(), 2, 1));
    expect(undividedHeads(tinyLatent(), 4)?.count).toBe(10);
    expect(undividedHeads(tinyLatent(), 5)).toBeNull();
  });

  it('is far smaller than that of the same heads uncompressed', () => {
    // 128 heads x (192 + 128) = 40,960 elements a layer uncompressed, 576 compressed: 1.4 %.
    const model = bundledModel('deepseek-ai/DeepSeek-V3');
    expect(kvBytesPerToken(model, 2, 1) / (61 * 128 * (192 + 128) * 2)).toBeCloseTo(576 / 40_960, 12);
  });
});

describe('laws of latent attention', () => {
  it('decoding grows linearly with the context', () => {
    const model = tinyLatent();
    const at = (tokens: number): number => tokenFlops(model, tokens).attentionOverContext;
    expect(at(2000)).toBe(2 * at(1000));
    expect(at(1000)).toBe(4 * 1000 * 2 * 10 * 420);
  });

  it('a prompt costs less per pair than decoding, which reads less', () => {
    const model = bundledModel('deepseek-ai/DeepSeek-V3');
    const prompt = tokenFlops(model, 1000, 'prompt').attentionOverContext;
    const decode = tokenFlops(model, 1000, 'decode').attentionOverContext;
    // (192 + 128) against (576 + 512) elements per head.
    expect(decode / prompt).toBeCloseTo(1088 / 320, 12);
  });

  it('a narrower compressed query has fewer parameters', () => {
    const totals = [600, 300, 150, 75].map((q_lora_rank) => tinyLatent({ q_lora_rank }).totalParameters);
    expect(totals).toEqual([...totals].sort((one, other) => other - one));
    expect(new Set(totals).size).toBe(4);
  });

  it('never holds more per GPU with more GPUs, and never less cache', () => {
    const model = bundledModel('deepseek-ai/DeepSeek-V2-Lite');
    const held = [1, 2, 4, 8, 16].map((tensorParallel) => parameterBreakdown(model, tensorParallel).attention);
    expect(held).toEqual([...held].sort((one, other) => other - one));
    const cache = [1, 2, 4, 8, 16].map((tensorParallel) => kvBytesPerToken(model, 2, tensorParallel));
    expect(new Set(cache)).toEqual(new Set([27 * 576 * 2]));
  });
});

describe('fields of latent attention that cannot be', () => {
  it.each([
    ['kv_lora_rank', 0],
    ['kv_lora_rank', 'wide'],
    ['q_lora_rank', -1],
    ['qk_rope_head_dim', 1.5],
    ['v_head_dim', 0],
  ])('%s = %s is refused with field and cure', (field, value) => {
    expect(() => tinyLatent({ [field]: value })).toThrow(new RegExp(`${field} is .+: it must be a whole number from`));
  });

  it('says what is missing where the class has no default', () => {
    expect(() => tinyLatent({ model_type: 'deepseek_v3', kv_lora_rank: null })).toThrow(/kv_lora_rank is missing/);
  });
});
