import { describe, expect, it } from 'vitest';
import { tokenFlops } from '../../../src-worker/engine/model/flops.ts';
import { kvBytesPerSequence, kvBytesPerToken, kvLayout } from '../../../src-worker/engine/model/kv.ts';
import { layerParameters, parameterBreakdown } from '../../../src-worker/engine/model/parameters.ts';
import type { Model } from '../../../src-worker/engine/model/types.ts';
import { analyze, bundledModel, llama, llamaConfig, mixtral } from './bundled.ts';

describe('Llama-2-7B worked by hand', () => {
  const model = llama();

  it('has 4 attention matrices of 4096 x 4096, 3 FFN matrices of 4096 x 11008 and 2 norms per layer', () => {
    const layer = 4 * 4096 * 4096 + 3 * 4096 * 11008 + 2 * 4096;
    expect(model.layers.map(layerParameters)).toEqual(Array<number>(32).fill(layer));
    expect(model.totalParameters).toBe(2 * 32000 * 4096 + 32 * layer + 4096);
  });

  it('keeps 512 KiB of 16-bit KV cache per token', () => {
    expect(kvBytesPerToken(model, 2, 1)).toBe(512 * 1024);
    expect(kvBytesPerToken(model, 1, 1)).toBe(256 * 1024);
  });

  it('takes two FLOP per weight but the embedding, and 4 x hidden per layer and attended token', () => {
    const { total, attentionOverContext } = tokenFlops(model, 1000);
    const multiplied = 32 * (4 * 4096 * 4096 + 3 * 4096 * 11008) + 32000 * 4096;
    expect(attentionOverContext).toBe(32 * 4 * 4096 * 1000);
    expect(total).toBe(2 * multiplied + attentionOverContext);
  });
});

describe('attention', () => {
  it('KV cache: GQA stores numKvHeads, not numHeads', () => {
    const grouped = llama({ num_key_value_heads: 8 });
    expect(kvBytesPerToken(grouped, 2, 1)).toBe(2 * 32 * 8 * 128 * 2);
    expect(kvBytesPerToken(llama(), 2, 1) / kvBytesPerToken(grouped, 2, 1)).toBe(4);
  });

  it('replicates KV heads when the GPUs outnumber them', () => {
    const grouped = llama({ num_key_value_heads: 2 });
    const perGpu = [1, 2, 4, 8].map((tensorParallel) => kvBytesPerToken(grouped, 2, tensorParallel));
    expect(perGpu).toEqual([perGpu[0], perGpu[0]! / 2, perGpu[0]! / 2, perGpu[0]! / 2]);
  });

  it('never keeps more per GPU with more GPUs', () => {
    for (const kvHeads of [1, 2, 4, 8, 16, 32]) {
      const model = llama({ num_key_value_heads: kvHeads });
      const perGpu = [1, 2, 3, 4, 6, 8, 16].map((tensorParallel) => kvBytesPerToken(model, 2, tensorParallel));
      expect(perGpu).toEqual([...perGpu].sort((one, other) => other - one));
    }
  });

  it("reads Falcon's multi_query as one KV head, whatever num_kv_heads says", () => {
    const falcon = analyze({
      model_type: 'falcon',
      hidden_size: 4544,
      num_attention_heads: 71,
      num_kv_heads: 71,
      num_hidden_layers: 32,
      multi_query: true,
      new_decoder_architecture: false,
      vocab_size: 65024,
    });
    expect(falcon.layers[0]?.attention).toMatchObject({ label: 'MQA 71 query / 1 KV heads of 64' });
    // The hub lists 7,217,189,760 for Falcon-7B, which stores the tied head (65,024 x 4,544) a second time.
    expect(falcon.totalParameters).toBe(7_217_189_760 - 65_024 * 4_544);
  });

  it('takes head_dim over hidden size / heads', () => {
    const nemo = bundledModel('mistralai/Mistral-Nemo-Instruct-2407');
    expect(nemo.layers[0]?.attention).toMatchObject({ numHeads: 32, label: 'GQA 32 query / 8 KV heads of 128' });
    expect(nemo.hiddenSize).toBe(5120);
  });
});

describe('sliding windows', () => {
  const windows = (model: ReturnType<typeof llama>): (number | null)[] =>
    model.layers.map(({ attention }) => attention.cache[0]?.windowTokens ?? null);

  it('slides in every layer of the first Mistral', () => {
    const model = llama({ model_type: 'mistral', sliding_window: 4096, max_position_embeddings: 32768 });
    expect(new Set(windows(model))).toEqual(new Set([4096]));
  });

  it('is inert in Qwen2 while use_sliding_window is false, and starts at max_window_layers when it is true', () => {
    const config = { model_type: 'qwen2', sliding_window: 4096, max_window_layers: 28, max_position_embeddings: 32768 };
    expect(windows(llama({ ...config, use_sliding_window: false })).every((window) => window === null)).toBe(true);
    const sliding = windows(llama({ ...config, use_sliding_window: true }));
    expect(sliding.slice(0, 28)).toEqual(Array(28).fill(null));
    expect(sliding.slice(28)).toEqual(Array(4).fill(4096));
  });

  it('alternates in Gemma 2, window first', () => {
    const model = bundledModel('google/gemma-2-9b');
    expect(windows(model).slice(0, 4)).toEqual([4096, null, 4096, null]);
  });

  it('follows layer_types where the file has them', () => {
    const layer_types = ['full_attention', 'sliding_attention', 'sliding_attention'];
    const model = llama({ num_hidden_layers: 3, sliding_window: 512, layer_types });
    expect(windows(model)).toEqual([null, 512, 512]);
  });

  it('is none when it is no shorter than the context', () => {
    expect(windows(llama({ model_type: 'phi3', sliding_window: 262144 }))).toEqual(Array(32).fill(null));
  });

  it('stops the cache of a sequence from growing beyond the window', () => {
    const layout = kvLayout(bundledModel('openai/gpt-oss-120b'), 1, 1);
    // 36 layers, every other with a window of 128: 18 x 2 x 8 heads x 64.
    expect(layout).toEqual({
      fullBytesPerToken: 18_432,
      windowed: [{ windowTokens: 128, bytesPerToken: 18_432 }],
      stateBytes: 0,
    });
    expect(kvBytesPerSequence(layout, 100)).toBe(2 * 18_432 * 100);
    expect(kvBytesPerSequence(layout, 10_000)).toBe(18_432 * 10_000 + 18_432 * 128);
  });
});

describe('mixture of experts', () => {
  it('uses fewer parameters than it has, and all of them when every expert is chosen', () => {
    const model = mixtral();
    expect(model.activeParameters).toBeLessThan(model.totalParameters);
    expect(model.totalParameters - model.activeParameters).toBe(32 * 6 * 3 * 4096 * 14336);
    const everyExpert = mixtral({ num_experts_per_tok: 8 });
    expect(everyExpert.activeParameters).toBe(everyExpert.totalParameters);
  });

  it('is dense where the file says so', () => {
    const kinds = bundledModel('zai-org/GLM-4.5').layers.map(({ ffn }) => ffn.kind);
    expect(kinds.slice(0, 4)).toEqual(['dense', 'dense', 'dense', 'moe']);
    const qwen = llama({
      model_type: 'qwen3_moe',
      num_hidden_layers: 4,
      num_experts: 8,
      num_experts_per_tok: 2,
      moe_intermediate_size: 768,
      decoder_sparse_step: 2,
      mlp_only_layers: [3],
    });
    expect(qwen.layers.map(({ ffn }) => ffn.kind)).toEqual(['dense', 'moe', 'dense', 'dense']);
  });
});

describe('laws of counting', () => {
  it('doubling the layers doubles the parameters of the layers and nothing else', () => {
    for (const model_type of ['llama', 'gemma2', 'gpt_neox', 'qwen3', 'starcoder2']) {
      const once = parameterBreakdown(llama({ model_type, num_hidden_layers: 8 }));
      const twice = parameterBreakdown(llama({ model_type, num_hidden_layers: 16 }));
      expect(twice.attention).toBe(2 * once.attention);
      expect(twice.denseFfn).toBe(2 * once.denseFfn);
      expect(twice.embedding + twice.head).toBe(once.embedding + once.head);
    }
  });

  it('counts a tied head once', () => {
    const tied = llama({ tie_word_embeddings: true });
    expect(llama().totalParameters - tied.totalParameters).toBe(32000 * 4096);
    expect(tied.isHeadTied).toBe(true);
  });

  it("uses the family's default where tie_word_embeddings is absent", () => {
    const config = llamaConfig({ tie_word_embeddings: undefined });
    expect(analyze(config).isHeadTied).toBe(false);
    expect(analyze({ ...config, model_type: 'gemma', architectures: ['GemmaForCausalLM'] }).isHeadTied).toBe(true);
  });

  it('gives the same model for the same file', () => {
    expect(llama()).toEqual(llama());
  });
});

describe('context length', () => {
  const context = (changes: Record<string, unknown>): number => llama(changes).maxContextTokens;

  it('is what Llama 3 and LongRoPE files state, factor or not', () => {
    const llama3 = { rope_type: 'llama3', factor: 8, original_max_position_embeddings: 8192 };
    expect(context({ max_position_embeddings: 131072, rope_scaling: llama3 })).toBe(131072);
    const longrope = { type: 'longrope', long_factor: [1], short_factor: [1] };
    expect(context({ max_position_embeddings: 131072, rope_scaling: longrope })).toBe(131072);
  });

  it('is factor x original with YaRN, once', () => {
    const yarn = { type: 'yarn', factor: 4, original_max_position_embeddings: 32768 };
    expect(context({ max_position_embeddings: 32768, rope_scaling: yarn })).toBe(131072);
    expect(context({ max_position_embeddings: 131072, rope_scaling: yarn })).toBe(131072);
    expect(context({ max_position_embeddings: 131072, rope_parameters: { ...yarn, rope_type: 'yarn' } })).toBe(131072);
  });

  it('is multiplied by linear and dynamic scaling', () => {
    expect(context({ max_position_embeddings: 4096, rope_scaling: { type: 'linear', factor: 2.5 } })).toBe(10240);
  });

  it('is multiplied by a scaling that is not known as well, which is said and labelled estimated', () => {
    const scaled = (rope_type: string, factor?: number): Model =>
      llama({ max_position_embeddings: 4096, rope_parameters: { rope_type, factor } });
    const novel = scaled('novel', 8);
    expect(novel.maxContextTokens).toBe(32_768);
    expect(novel.isEstimated).toBe(true);
    expect(novel.assumptions).toEqual([
      'The scaling "novel" of positions (rope_type) is not known: its factor 8 is taken to multiply the 4,096 tokens of the file, as linear scaling does.',
    ]);
    // Without a factor, or with one that changes nothing, the length is the one written.
    for (const factor of [undefined, 1]) {
      expect(scaled('novel', factor)).toMatchObject({ maxContextTokens: 4096, isEstimated: false, assumptions: [] });
    }
    // Those that vLLM knows (rotary_embedding, get_rope) multiply without a word.
    for (const known of ['linear', 'dynamic', 'ntk', 'yarn', 'deepseek_yarn', 'xdrope', 'openpangu']) {
      expect(scaled(known, 8)).toMatchObject({ maxContextTokens: 32_768, isEstimated: false, assumptions: [] });
    }
  });

  it('is as written for Gemma 3, whose length counts its scaling already, in both key styles', () => {
    const linear = { rope_type: 'linear', factor: 8 };
    const gemma3 = { model_type: 'gemma3_text', max_position_embeddings: 131072 };
    expect(context({ ...gemma3, rope_scaling: linear })).toBe(131072);
    const byKind = { full_attention: linear, sliding_attention: { rope_type: 'default' } };
    expect(context({ ...gemma3, rope_parameters: byKind })).toBe(131072);
    expect(context({ max_position_embeddings: 4096, rope_parameters: byKind })).toBe(8 * 4096);
  });

  it('is the smallest length stated, unless model_max_length outranks it', () => {
    expect(context({ max_position_embeddings: 32768, seq_length: 8192 })).toBe(8192);
    expect(context({ max_position_embeddings: 8192, model_max_length: 131072 })).toBe(131072);
  });

  it('is assumed, and says so, where the file names none', () => {
    const model = llama({ max_position_embeddings: null });
    expect(model.maxContextTokens).toBe(2048);
    expect(model.assumptions).toEqual([expect.stringContaining('2,048 tokens assumed')]);
  });
});
