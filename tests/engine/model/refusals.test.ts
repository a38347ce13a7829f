import { describe, expect, it } from 'vitest';
import { kvLayout } from '../../../src-worker/engine/model/kv.ts';
import { analyzeGenerator, analyzeModel } from '../../../src-worker/engine/model/analyze.ts';
import { knownModelTypes } from '../../../src-worker/engine/model/families/registry.ts';
import { unsupportedModelType } from '../../../src-worker/engine/model/families/unsupported.ts';
import { attempt } from '../../../src-worker/protocol/result.ts';
import type { ErrorInfo } from '../../../src-worker/engine/errors.ts';
import { analyze, llama, llamaConfig, sourceOf } from './bundled.ts';

function refusal(config: unknown): ErrorInfo {
  const result = attempt(() => analyze(config));
  if (result.ok) throw new Error(`accepted: ${JSON.stringify(config).slice(0, 200)}`);
  return result.error;
}

describe('a config.json that cannot be', () => {
  const hugeList = Array.from({ length: 1_000_000 }, () => 'full_attention');
  let nested: unknown = {};
  for (let depth = 0; depth < 5000; depth += 1) nested = { deeper: nested };

  it.each([
    ['num_hidden_layers', 1e9],
    ['num_hidden_layers', -1],
    ['num_hidden_layers', 0],
    ['num_hidden_layers', 2.5],
    ['num_hidden_layers', NaN],
    ['num_hidden_layers', Infinity],
    ['num_hidden_layers', '32'],
    ['num_hidden_layers', [32]],
    ['num_hidden_layers', nested],
    ['hidden_size', 1e300],
    ['hidden_size', true],
    ['vocab_size', -5],
    ['intermediate_size', {}],
    ['num_attention_heads', 1e12],
    ['num_key_value_heads', 7],
    ['num_key_value_heads', 64],
    ['num_attention_heads', 31],
    ['max_position_embeddings', 1e18],
    ['tie_word_embeddings', 'yes'],
    ['attention_bias', 1],
    ['architectures', 'LlamaForCausalLM'],
    ['model_type', 7],
    ['layer_types', hugeList],
    ['layer_types', ['full_attention']],
    ['rope_scaling', 'yarn'],
    ['quantization_config', [1]],
  ])('is refused within 50 ms for %s', (field, value) => {
    // Without a KV head count of its own the file stays valid in all other respects.
    const kvHeads = field === 'num_attention_heads' ? { num_key_value_heads: null } : {};
    const config = llamaConfig({ ...kvHeads, [field]: value });
    const error = refusal(config);
    // The fastest of three: the machine may be busy, a slow refusal stays slow.
    const durationsMs = [1, 2, 3].map(() => {
      const start = performance.now();
      refusal(config);
      return performance.now() - start;
    });
    expect(Math.min(...durationsMs)).toBeLessThan(50);
    expect(error).toMatchObject({ family: 'invalid_input', code: 'config_invalid' });
    expect(error.message).toContain(field);
    expect(error.message).toMatch(/: it must be .+\.$/);
    expect(error.message.length).toBeLessThan(400);
  });

  it.each([null, undefined, 'llama', 7, [], NaN])('is refused when it is %o instead of an object', (config) => {
    expect(refusal(config)).toMatchObject({ family: 'invalid_input', code: 'config_invalid' });
  });

  it.each(['model_type', 'hidden_size', 'num_hidden_layers', 'num_attention_heads', 'vocab_size', 'intermediate_size'])(
    'is refused without %s, saying what to add',
    (field) => {
      const error = refusal(llamaConfig({ [field]: undefined }));
      expect(error).toMatchObject({ code: 'config_invalid', details: { field } });
      expect(error.message).toContain(`${field} is missing`);
    },
  );

  it('is refused when every field is in range but the product is not', () => {
    const error = refusal(
      llamaConfig({ hidden_size: 4_194_304, intermediate_size: 4_194_304, num_hidden_layers: 2000 }),
    );
    expect(error).toMatchObject({ code: 'config_invalid' });
    expect(error.message).toContain('parameters');
  });

  it('does not take inherited names for a family', () => {
    for (const model_type of ['constructor', '__proto__', 'toString']) {
      expect(llama({ model_type }).isEstimated).toBe(true);
    }
  });

  it('does not choose more experts than there are', () => {
    const experts = { model_type: 'mixtral', num_local_experts: 2, num_experts_per_tok: 3 };
    expect(refusal(llamaConfig(experts)).message).toContain('at most the 2 experts');
  });
});

describe('a file that is no config.json', () => {
  it.each([
    ['peft_type', { peft_type: 'LORA', r: 16 }, 'adapter_config.json'],
    ['tokenizer_class', { tokenizer_class: 'LlamaTokenizer' }, 'tokenizer_config.json'],
    ['do_sample', { do_sample: true, temperature: 0.6 }, 'generation_config.json'],
    ['n_layers', { dim: 4096, n_layers: 32, n_heads: 32 }, 'params.json'],
    ['ssm_cfg', { d_model: 2560, n_layer: 64, ssm_cfg: {} }, 'original format of Mamba'],
  ])('with %s is told which one it is, and which one is needed', (field, config, words) => {
    const error = refusal(config);
    expect(error).toMatchObject({ code: 'config_invalid', details: { field } });
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/give the config\.json/);
  });
});

describe('a kind of model that is not read yet', () => {
  it.each([
    ['rwkv6', 'recurrent layers'],
    ['gla', 'linear attention layers'],
    ['ouro', 'layers that every token passes several times'],
    ['t5', 'an encoder beside the decoder'],
    ['bert', 'an encoder that does not generate text'],
  ])('%s is refused in words', (model_type, words) => {
    const error = refusal(llamaConfig({ model_type }));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'model_unsupported', details: { model_type } });
    expect(error.message).toMatch(new RegExp(`^${model_type} uses `));
    expect(error.message).toContain(words);
    expect(error.message).toContain('supported are decoders that generate text');
  });

  it.each([
    ['is_encoder_decoder', true],
    ['num_kv_shared_layers', 4],
    ['block_configs', [{}]],
    ['total_ut_steps', 4],
  ])('is recognized by %s under an unknown model_type, whatever class is named', (field, value) => {
    for (const architectures of [['LlamaForCausalLM'], ['NovelForCausalLM']]) {
      const error = refusal(llamaConfig({ model_type: 'novel', architectures, [field]: value }));
      expect(error.code).toBe('model_unsupported');
    }
  });

  it.each([
    ['num_kv_shared_layers', 0],
    ['use_cla', false],
    ['block_configs', []],
  ])('is not seen in %s: %o, which says nothing', (field, value) => {
    expect(llama({ model_type: 'novel', [field]: value }).totalParameters).toBe(llama().totalParameters);
  });

  it.each([
    'BertModel',
    // The body of another family than model_type says.
    'MistralModel',
    'LlamaForSequenceClassification',
    'LlamaForTokenClassification',
    'Qwen2ForRewardModel',
    'T5EncoderModel',
    'Wav2Vec2ForCTC',
    'LLaDAModelLM',
  ])('%s does not generate text', (architecture) => {
    const error = refusal(llamaConfig({ architectures: [architecture] }));
    expect(error.code).toBe('model_unsupported');
    expect(error.message).toContain(`${architecture} does not generate text`);
  });

  it('is counted, but not sized, when it is the body of its own family: it embeds texts', () => {
    const source = sourceOf('test/embedder', llamaConfig({ architectures: ['LlamaModel'] }));
    expect(analyzeModel(source).totalParameters).toBe(llama().totalParameters - 32_000 * 4096);
    const result = attempt(() => analyzeGenerator(source));
    if (result.ok) throw new Error('sized');
    expect(result.error).toMatchObject({ family: 'invalid_input', code: 'model_unsupported' });
    expect(result.error.message).toContain('turns texts into vectors and generates none');
  });

  it('is refused when it is a diffusion pipeline', () => {
    expect(refusal({ _class_name: 'UNet2DConditionModel' }).message).toContain('diffusion');
  });

  it('is refused for layers of another kind', () => {
    const layer_types = Array.from({ length: 32 }, (_, layer) => (layer % 4 ? 'linear_attention' : 'full_attention'));
    expect(refusal(llamaConfig({ layer_types }))).toMatchObject({
      code: 'model_unsupported',
      details: { layer_kind: 'linear_attention' },
    });
  });

  it('is never also in the table of known families', () => {
    expect(knownModelTypes().filter((modelType) => unsupportedModelType(modelType) !== null)).toEqual([]);
  });
});

describe('what an estimate leaves unread', () => {
  it('is named, save for what decides no size', () => {
    const unknown = { model_type: 'novel', architectures: ['NovelForCausalLM'] };
    const { assumptions } = llama({ ...unknown, n_expert: 64, expert_dim: 512, rms_norm_eps: 1e-5, bos_token_id: 1 });
    expect(assumptions.at(-1)).toBe(
      'Not read, and not counted if they stand for parts of the model: n_expert, expert_dim.',
    );
    expect(llama(unknown).assumptions.join(' ')).not.toContain('Not read');
    expect(llama({ n_expert: 64 }).assumptions).toEqual([]);
  });

  it('is not a kind that the file lists by layer', () => {
    const layer_types = Array.from({ length: 32 }, (_, layer) => (layer % 8 ? 'mamba2' : 'full_attention'));
    const sizes = { mamba_n_heads: 128, mamba_d_head: 64, mamba_d_state: 128, mamba_n_groups: 1, mamba_d_conv: 4 };
    const model = llama({ model_type: 'novel', architectures: ['NovelForCausalLM'], layer_types, ...sizes });
    expect(model.isEstimated).toBe(true);
    expect(model.layers.map(({ attention }) => attention.kind).slice(0, 2)).toEqual(['gqa', 'mamba2']);
  });
});

describe('a hybrid of an unknown family that lists its layers', () => {
  const mixed = Array.from({ length: 32 }, (_, layer) => (layer % 8 === 7 ? 'attention' : 'mamba'));
  const novel = {
    model_type: 'novel',
    architectures: ['NovelForCausalLM'],
    num_key_value_heads: 8,
    layer_types: mixed,
  };
  const bamba = { mamba_n_heads: 128, mamba_d_head: 64, mamba_d_state: 128, mamba_n_groups: 1, mamba_d_conv: 4 };

  it('keeps a cache in its layers of attention: 8 KV heads of 128 in four of them', () => {
    const model = llama({ ...novel, ...bamba });
    expect(model.layers.map(({ attention }) => attention.kind).slice(6, 8)).toEqual(['mamba2', 'gqa']);
    expect(kvLayout(model, 2, 1).fullBytesPerToken).toBe(4 * 2 * 8 * 128 * 2);
    expect(model.assumptions.join(' ')).not.toMatch(/Not read.*num_(attention|key_value)_heads/);
  });

  it('is read in the words of Nemotron-H as well', () => {
    const nemotron = { mamba_num_heads: 128, mamba_head_dim: 64, ssm_state_size: 128, n_groups: 1, conv_kernel: 4 };
    expect(llama({ ...novel, ...nemotron }).totalParameters).toBe(llama({ ...novel, ...bamba }).totalParameters);
  });

  it('with one kind for all its attention does not speak of grouped-query layers', () => {
    const latent = {
      kv_lora_rank: 512,
      q_lora_rank: null,
      qk_nope_head_dim: 128,
      qk_rope_head_dim: 64,
      v_head_dim: 128,
    };
    const { assumptions } = llama({ ...novel, layer_types: undefined, ...latent });
    expect(assumptions.join(' ')).not.toContain('grouped-query');
  });
});

it('refuses a rope factor that cannot be, whatever its type', () => {
  expect(refusal(llamaConfig({ rope_scaling: { factor: -4 } })).message).toContain('rope_scaling.factor');
});
