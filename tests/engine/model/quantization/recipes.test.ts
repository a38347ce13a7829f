import { describe, expect, it } from 'vitest';
import type { Model, WeightClass } from '../../../../src-worker/engine/model/types.ts';
import { classStorage, weightBytes } from '../../../../src-worker/engine/model/weights.ts';
import { analyze, llama, llamaConfig, mixtral } from '../bundled.ts';

/** Llama-2-7B: 4 matrices of 4096 x 4096 in the attention of each of 32 layers; 11008 wide; 32,000 tokens. */
const LAYERS = 32;
const H = 4096;
const F = 11008;

type Matrix = (rows: number, columns: number) => number;

const attention = (matrix: Matrix): number => LAYERS * 4 * matrix(H, H);
const ffn = (matrix: Matrix): number => LAYERS * (2 * matrix(F, H) + matrix(H, F));
/** Embedding, head and norms at 16 bit. */
const REST = 2 * (2 * 32_000 * H + 65 * H);

const bytes = (model: Model): number => weightBytes(model, model.checkpoint.precision);
const keptOf = (model: Model, name: WeightClass): number => {
  const { kept, parameters } = classStorage(model, model.checkpoint.precision)[name];
  return kept / parameters;
};

const ct = (weights: object, more: object = {}, group: object = {}) => ({
  quant_method: 'compressed-tensors',
  config_groups: { group_0: { targets: ['Linear'], weights, ...group } },
  ignore: ['lm_head'],
  ...more,
});
const dynamic = { input_activations: { num_bits: 8, type: 'float', dynamic: true } };
const fixed = { input_activations: { num_bits: 8, type: 'float', dynamic: false } };

/** A format with the bytes of one matrix (outputs x inputs), from the description of the format or of its library. */
const FORMATS: [string, object, Matrix][] = [
  // AutoAWQ's WQLinear_GEMM: packed words, packed zero points and FP16 scales for each group of inputs.
  ['AWQ', { quant_method: 'awq', bits: 4, group_size: 64 }, (r, c) => r * c * (0.5 + 2.5 / 64)],
  // AutoGPTQ's QuantLinear: the same and g_idx, a 32-bit number for each input.
  ['GPTQ', { quant_method: 'gptq', bits: 4, group_size: 32 }, (r, c) => r * c * (0.5 + 2.5 / 32) + 4 * c],
  ['GPTQ 8 bit', { quant_method: 'gptq', bits: 8, group_size: 128 }, (r, c) => r * c * (1 + 3 / 128) + 4 * c],
  [
    'GPTQ 3 bit',
    { quant_method: 'gptq', bits: 3, group_size: 128 },
    (r, c) => r * c * (3 / 8) * (1 + 1 / 128) + r * (c / 128) * 2 + 4 * c,
  ],
  ['GPTQ per output', { quant_method: 'gptq', bits: 4, group_size: -1 }, (r, c) => r * c * 0.5 + 2.5 * r + 4 * c],
  ['AutoRound', { quant_method: 'auto-round', bits: 4, group_size: 128 }, (r, c) => r * c * (0.5 + 2.5 / 128)],
  // FP8: DeepSeek's blocks of 128 x 128 with FP32 scales.
  ['FP8 blocks', { quant_method: 'fp8', weight_block_size: [128, 128] }, (r, c) => r * c * (1 + 4 / 128 / 128)],
  ['FP8 per tensor', { quant_method: 'fp8', activation_scheme: 'static' }, (r, c) => r * c + 8],
  ['FBGEMM', { quant_method: 'fbgemm_fp8' }, (r, c) => r * c + 4 * r],
  // compressed-tensors: scales in the model's 16 bits unless a type is named.
  ['CT FP8 per output', ct({ num_bits: 8, type: 'float', strategy: 'channel' }, {}, dynamic), (r, c) => r * c + 2 * r],
  ['CT FP8 per tensor', ct({ num_bits: 8, type: 'float', strategy: 'tensor' }, {}, fixed), (r, c) => r * c + 4],
  [
    'CT FP8 blocks',
    ct({ num_bits: 8, type: 'float', strategy: 'block', block_structure: '128x128' }, {}, dynamic),
    (r, c) => r * c * (1 + 2 / 128 / 128),
  ],
  ['CT INT8', ct({ num_bits: 8, type: 'int', strategy: 'channel' }, {}, dynamic), (r, c) => r * c + 2 * r],
  // Packed: two 64-bit numbers of the shape beside each matrix.
  [
    'CT W4A16',
    ct({ num_bits: 4, type: 'int', strategy: 'group', group_size: 128 }, { format: 'pack-quantized' }),
    (r, c) => r * c * (0.5 + 2 / 128) + 16,
  ],
  [
    'CT W4A16 with zero points',
    ct(
      { num_bits: 4, type: 'int', strategy: 'group', group_size: 128, symmetric: false },
      { format: 'pack-quantized' },
    ),
    (r, c) => r * c * (0.5 + 2.5 / 128) + 16,
  ],
  [
    'CT W4A16 in order',
    ct({ num_bits: 4, type: 'int', group_size: 128, actorder: 'group' }, { format: 'pack-quantized' }),
    (r, c) => r * c * (0.5 + 2 / 128) + 16 + 4 * c,
  ],
  // Ten 3-bit numbers fit into a 32-bit word.
  [
    'CT W3A16',
    ct({ num_bits: 3, type: 'int', group_size: 128 }, { format: 'pack-quantized' }),
    (r, c) => r * Math.ceil(c * 0.4) + (r * c * 2) / 128 + 16,
  ],
  [
    'CT NVFP4',
    ct(
      { num_bits: 4, type: 'float', group_size: 16 },
      { format: 'nvfp4-pack-quantized' },
      { input_activations: { num_bits: 4, type: 'float', dynamic: 'local' } },
    ),
    (r, c) => r * c * (0.5 + 1 / 16) + 8,
  ],
  ['CT NVFP4 weights', ct({ num_bits: 4, type: 'float', group_size: 16 }), (r, c) => r * c * (0.5 + 1 / 16) + 4],
  ['CT MXFP4', ct({ num_bits: 4, type: 'float', group_size: 32 }), (r, c) => r * c * (0.5 + 1 / 32)],
  // ModelOpt: FP32 scales of weights and of activations.
  ['ModelOpt FP8', { quant_method: 'modelopt', quant_algo: 'FP8', ignore: ['lm_head'] }, (r, c) => r * c + 8],
  [
    'ModelOpt NVFP4',
    { quant_method: 'modelopt', quant_algo: 'NVFP4', group_size: 16, exclude_modules: ['lm_head'] },
    (r, c) => r * c * (0.5 + 1 / 16) + 8,
  ],
  [
    'ModelOpt, older layout',
    { quant_method: 'modelopt', quantization: { quant_algo: 'fp8_pb_wo', exclude_modules: ['lm_head'] } },
    (r, c) => r * c * (1 + 4 / 128 / 128),
  ],
  [
    'ModelOpt MXFP8',
    { producer: { name: 'modelopt' }, quant_algo: 'MXFP8', ignore: ['lm_head'] },
    (r, c) => r * c * (1 + 1 / 32),
  ],
  // bitsandbytes: an FP32 scale for 64 weights, or an 8-bit one with an FP32 one for 256 of those; tables of 16 and 256 values.
  ['NF4', { quant_method: 'bitsandbytes', load_in_4bit: true }, (r, c) => r * c * (0.5 + 4 / 64) + 64],
  [
    'NF4, double',
    { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_use_double_quant: true },
    (r, c) => r * c * (0.5 + (1 + 4 / 256) / 64) + 64 + 1024,
  ],
  ['LLM.int8', { quant_method: 'bitsandbytes', load_in_8bit: true }, (r, c) => r * c + 4 * r],
  [
    'HQQ',
    { quant_method: 'hqq', quant_config: { weight_quant_params: { nbits: 4, group_size: 64 } } },
    (r, c) => r * c * (0.5 + 4 / 64),
  ],
  ['EETQ', { quant_method: 'eetq' }, (r, c) => r * c + 2 * r],
  [
    'Quark FP8',
    {
      quant_method: 'quark',
      global_quant_config: {
        weight: { dtype: 'fp8_e4m3', qscheme: 'per_tensor' },
        input_tensors: { dtype: 'fp8_e4m3', is_dynamic: false },
      },
      exclude: ['lm_head'],
    },
    (r, c) => r * c + 8,
  ],
  [
    'Quark MXFP4',
    {
      quant_method: 'quark',
      global_quant_config: { weight: { dtype: 'fp4', qscheme: 'per_group', group_size: 32, scale_format: 'e8m0' } },
      exclude: ['lm_head'],
    },
    (r, c) => r * c * (0.5 + 1 / 32),
  ],
  [
    'torchao INT4',
    { quant_method: 'torchao', quant_type: 'int4_weight_only', quant_type_kwargs: { group_size: 64 } },
    (r, c) => r * c * (0.5 + 4 / 64),
  ],
  [
    'torchao FP8',
    {
      quant_method: 'torchao',
      quant_type: { default: { _type: 'Float8DynamicActivationFloat8WeightConfig', _data: {} } },
    },
    (r, c) => r * c + 4 * r,
  ],
  // AQLM 1x16: a 16-bit code for 8 weights, a codebook of 65,536 x 8 FP16 values, an FP16 scale for each output.
  [
    'AQLM',
    { quant_method: 'aqlm', num_codebooks: 1, nbits_per_codebook: 16, in_group_size: 8, out_group_size: 1 },
    (r, c) => (r * c) / 4 + 65_536 * 8 * 2 + 2 * r,
  ],
  ['BitNet', { quant_method: 'bitnet', quantization_mode: 'offline' }, (r, c) => (r * c) / 4 + 2],
];

describe('formats of quantized checkpoints', () => {
  it.each(FORMATS)('%s: weights, scales and zero points of every matrix', (_, quantization_config, matrix) => {
    const model = llama({ quantization_config });
    expect(model.checkpoint.problem).toBeUndefined();
    expect(bytes(model)).toBe(attention(matrix) + ffn(matrix) + REST);
    expect(model.totalParameters).toBe(llama().totalParameters);
  });

  it('count groups at the edges whole', () => {
    // 11008 = 43 x 256: 4096 inputs make 16 groups of 256, 11008 make 43; of 1000 they make 5 and 12.
    const model = llama({ quantization_config: { quant_method: 'awq', bits: 4, group_size: 1000 } });
    const matrix: Matrix = (rows, columns) => (rows * columns) / 2 + rows * Math.ceil(columns / 1000) * 2.5;
    expect(bytes(model)).toBe(attention(matrix) + ffn(matrix) + REST);
  });

  it('convert the experts of gpt-oss recipes only, whatever their list says', () => {
    const model = mixtral({ quantization_config: { quant_method: 'mxfp4', modules_to_not_convert: ['lm_head'] } });
    expect(keptOf(model, 'experts')).toBe(0);
    expect(keptOf(model, 'attention')).toBe(1);
  });
});

describe('mixed recipes', () => {
  const fp8 = { num_bits: 8, type: 'float', strategy: 'tensor' };
  const nvfp4 = { num_bits: 4, type: 'float', group_size: 16 };

  it('store each group of compressed-tensors in its own format, names before classes', () => {
    const quantization_config = {
      quant_method: 'compressed-tensors',
      ignore: ['lm_head'],
      config_groups: {
        group_0: { targets: ['Linear'], weights: nvfp4 },
        group_1: { targets: ['re:.*self_attn.*'], weights: fp8 },
      },
    };
    const model = llama({ quantization_config });
    expect(bytes(model)).toBe(attention((r, c) => r * c + 2) + ffn((r, c) => r * c * 0.5625 + 4) + REST);
    // Most weights are of the feed-forward networks.
    expect(model.checkpoint.precision).toBe('nvfp4');
  });

  it("store ModelOpt's layers in theirs, and the rest at 16 bit", () => {
    const quantization_config = {
      quant_method: 'modelopt',
      quant_algo: 'MIXED_PRECISION',
      quantized_layers: {
        'model.layers.*.mlp.up_proj': { quant_algo: 'W4A16_NVFP4', group_size: 16 },
        'model.layers.*.mlp.gate_proj': { quant_algo: 'W4A16_NVFP4', group_size: 16 },
        're:^model\\.layers\\.(0|1)\\.self_attn\\.q_proj$': { quant_algo: 'FP8' },
        lm_head: { quant_algo: 'FP8' },
      },
    };
    const model = llama({ quantization_config });
    const sixteen: Matrix = (rows, columns) => 2 * rows * columns;
    const queries = 2 * (H * H + 8) + 30 * sixteen(H, H) + LAYERS * 3 * sixteen(H, H);
    const networks = LAYERS * (2 * (F * H * 0.5625 + 4) + sixteen(H, F));
    const head = 32_000 * H + 8;
    expect(bytes(model)).toBe(queries + networks + head + 2 * (32_000 * H + 65 * H));
  });

  it('convert a part of an FP8 checkpoint further', () => {
    const quantization_config = {
      quant_method: 'fp8',
      weight_block_size: [128, 128],
      quant_algo: 'MIXED_PRECISION',
      quantized_layers: { 'layers.*.mlp.experts': { quant_algo: 'NVFP4', group_size: 16 } },
      ignore: ['*.self_attn.*', 'lm_head'],
    };
    const model = mixtral({ quantization_config });
    const { attention: attentionPart, experts } = classStorage(model, 'nvfp4');
    expect(attentionPart.bytes).toBe(attentionPart.parameters * (1 + 4 / 128 / 128));
    expect(experts.bytes).toBe(experts.parameters * 0.5625 + 32 * 8 * 3 * 8);
  });

  it("store DeepSeek-V4's experts in MXFP4 and the rest in FP8 with 8-bit scales", () => {
    const quantization_config = { quant_method: 'fp8', weight_block_size: [128, 128], scale_fmt: 'ue8m0' };
    const model = mixtral({ quantization_config, expert_dtype: 'fp4' });
    const { attention: attentionPart, experts } = classStorage(model, 'mxfp4');
    expect(model.checkpoint.precision).toBe('mxfp4');
    expect(experts.bytes).toBe(experts.parameters * (0.5 + 1 / 32));
    expect(attentionPart.bytes).toBe(attentionPart.parameters * (1 + 1 / 128 / 128));
  });

  it('give modules their own bits in GPTQ and AutoRound', () => {
    const dynamicBits = { '-:.*self_attn.*': {}, '+:.*\\.31\\..*down_proj': { bits: 8, group_size: 32 } };
    const gptq = llama({
      quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128, dynamic: dynamicBits },
    });
    const four: Matrix = (r, c) => r * c * (0.5 + 2.5 / 128) + 4 * c;
    const eight: Matrix = (r, c) => r * c * (1 + 3 / 32) + 4 * c;
    const expected = attention((r, c) => 2 * r * c) + ffn(four) - four(H, F) + eight(H, F) + REST;
    expect(bytes(gptq)).toBe(expected);
    const extra_config = { 'model.layers.0.mlp.up_proj': { bits: 16 } };
    const round = llama({
      quantization_config: { quant_method: 'auto-round', bits: 4, group_size: 128, extra_config },
    });
    expect(keptOf(round, 'denseFfn')).toBe(1 / 96);
  });

  it('convert only the modules GPTQ names', () => {
    const modules_in_block_to_quantize = [['self_attn.q_proj', 'self_attn.k_proj'], ['mlp.down_proj']];
    const config = { quant_method: 'gptq', bits: 4, group_size: 128, modules_in_block_to_quantize };
    const model = llama({ quantization_config: config });
    expect(keptOf(model, 'attention')).toBe(1 / 2);
    expect(keptOf(model, 'denseFfn')).toBe(2 / 3);
  });

  it('leave heads, routers and embeddings as their methods do', () => {
    const method = (quantization_config: object): Model => mixtral({ quantization_config });
    const list = ct({ num_bits: 8, type: 'float', strategy: 'channel' }, { ignore: [] }, dynamic);
    expect(keptOf(method(list), 'head')).toBe(0);
    expect(keptOf(method({ ...list, ignore: ['lm_head'] }), 'head')).toBe(1);
    expect(keptOf(method({ quant_method: 'fp8' }), 'head')).toBe(1);
    expect(keptOf(method({ quant_method: 'gptq', bits: 4 }), 'head')).toBe(1);
    expect(keptOf(method({ quant_method: 'gptq', bits: 4, lm_head: true }), 'head')).toBe(0);
    for (const quantization of [list, { quant_method: 'fp8' }, { quant_method: 'awq', bits: 4 }]) {
      expect(keptOf(method(quantization), 'router')).toBe(1);
      expect(keptOf(method(quantization), 'embedding')).toBe(1);
      expect(keptOf(method(quantization), 'norms')).toBe(1);
    }
  });
});

describe('patterns of a recipe', () => {
  it('that cannot be read are said and taken to match nothing', () => {
    const ignore = ['re:^(?!.*experts).*', 're:.*(?<=mlp).*'];
    const model = llama({ quantization_config: { quant_method: 'fp8', ignore } });
    expect(model.assumptions).toHaveLength(1);
    expect(model.assumptions[0]).toMatch(/by a pattern that is not read \("re:\^\(\?!\.\*experts\)\.\*" and 1 more\)/);
    expect(keptOf(model, 'attention')).toBe(0);
  });

  it('are followed for 50,000 experts by name in a moment', () => {
    const ignore: string[] = [];
    for (let layer = 0; ignore.length < 50_000; layer++) {
      for (let expert = 0; expert < 256 && ignore.length < 50_000; expert++) {
        for (const matrix of ['gate_proj', 'up_proj', 'down_proj']) {
          if (ignore.length < 50_000) ignore.push(`model.layers.${layer}.mlp.experts.${expert}.${matrix}`);
        }
      }
    }
    const config = llamaConfig({
      model_type: 'qwen3_moe',
      architectures: ['Qwen3MoeForCausalLM'],
      num_hidden_layers: 94,
      num_experts: 256,
      num_experts_per_tok: 8,
      moe_intermediate_size: 1536,
      head_dim: 128,
      num_key_value_heads: 4,
      quantization_config: { quant_method: 'fp8', weight_block_size: [128, 128], modules_to_not_convert: ignore },
    });
    const start = performance.now();
    const model = analyze(config);
    expect(performance.now() - start).toBeLessThan(1000);
    // 50,000 = 65 layers of 768 names and 80 of layer 65, whose first expert is among them.
    expect(keptOf(model, 'experts')).toBeCloseTo(66 / 94, 12);
  });
});

describe('a quantization_config that cannot be', () => {
  const group = (weights: object) => ({
    quant_method: 'compressed-tensors',
    config_groups: { group_0: { targets: ['Linear'], weights } },
  });
  it.each([
    [{ quant_method: 'awq', bits: '4' }, 'quantization_config.bits is "4": it must be a whole number from 1 to 64.'],
    [{ quant_method: 'awq', bits: 4, group_size: 'large' }, 'quantization_config.group_size is "large"'],
    [
      { quant_method: 'awq', bits: 4, modules_to_not_convert: 'lm_head' },
      'quantization_config.modules_to_not_convert is "lm_head": it must be a list',
    ],
    [
      { quant_method: 'awq', bits: 4, modules_to_not_convert: [1] },
      'quantization_config.modules_to_not_convert[0] is 1: it must be a text.',
    ],
    [
      { quant_method: 'fp8', weight_block_size: [128] },
      'quantization_config.weight_block_size is a list of 1: it must be two whole numbers',
    ],
    [
      { quant_method: 'fp8', weight_block_size: [128, -1] },
      'quantization_config.weight_block_size[1] is -1: it must be a whole number',
    ],
    [
      { quant_method: 'fp8', weight_block_size: 128 },
      'quantization_config.weight_block_size is 128: it must be a list of at most 2',
    ],
    [{ quant_method: 7 }, 'quantization_config.quant_method is 7: it must be a text'],
    [group({ num_bits: 1e9 }), 'quantization_config.config_groups.group_0.weights.num_bits is 1000000000'],
    [group({ num_bits: 4, symmetric: 'yes' }), 'weights.symmetric is "yes": it must be true or false.'],
    [
      group({ num_bits: 8, type: 'float', strategy: 'block', block_structure: '128by128' }),
      'weights.block_structure is "128by128": it must be rows x columns like "128x128".',
    ],
    [
      { quant_method: 'compressed-tensors', config_groups: { group_0: 'Linear' } },
      'quantization_config.config_groups.group_0 is "Linear": it must be an object.',
    ],
    [
      { quant_method: 'modelopt', quant_algo: 'MIXED_PRECISION', quantized_layers: { lm_head: 'FP8' } },
      'quantized_layers.lm_head is "FP8": it must be an object.',
    ],
    [
      { quant_method: 'gptq', bits: 4, modules_in_block_to_quantize: ['q_proj'] },
      'modules_in_block_to_quantize[0] is "q_proj": it must be a list of names.',
    ],
    ['awq', 'quantization_config is "awq": it must be an object.'],
  ])('%o is refused with its field and the cure', (quantization_config, sentence) => {
    expect(() => llama({ quantization_config })).toThrow(sentence);
  });

  it.each([
    { quant_method: 'modelopt', quant_algo: 'MIXED_PRECISION', quantized_layers: { lm_head: { quant_algo: 'INT2' } } },
    { quant_method: 'quark', global_quant_config: { weight: { dtype: 'fp4', qscheme: 'per_tensor' } } },
    { quant_method: 'torchao', quant_type: 'autoquant' },
    { quant_method: 'bitnet', quantization_mode: 'online' },
    { quant_method: 'gptq', bits: 16 },
    { quant_method: 'auto-round', bits: 4, data_type: 'mx_fp' },
    group({ num_bits: 4, type: 'float', group_size: 64 }),
    { quant_method: 'vptq' },
  ])('%o tells no known format, and says so', (quantization_config) => {
    const model = llama({ quantization_config });
    expect(model.checkpoint.problem).toMatch(/does not tell one known weight format/);
    expect(model.assumptions).toEqual([model.checkpoint.problem]);
  });
});
