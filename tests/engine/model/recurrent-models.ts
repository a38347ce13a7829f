/**
 * Published models with constant states: the fields of their config.json that decide the size, and their total. The totals
 * were counted by instantiating the Transformers 5.18 class without weights (tied matrices once), or, where no class is
 * named, are the sum of the published safetensors; none was computed by this project's code.
 */

const everyNth = (layers: number, at: readonly number[], name: string, others: string): string[] =>
  Array.from({ length: layers }, (_, layer) => (at.includes(layer) ? name : others));

const granite = (heads: number, kvHeads: number, mambaHeads: number) => ({
  model_type: 'granitemoehybrid',
  num_hidden_layers: 40,
  num_attention_heads: heads,
  num_key_value_heads: kvHeads,
  layer_types: everyNth(40, [5, 15, 25, 35], 'attention', 'mamba'),
  mamba_n_heads: mambaHeads,
  mamba_d_head: 64,
  mamba_d_state: 128,
  mamba_n_groups: 1,
  mamba_expand: 2,
  vocab_size: 100_352,
  max_position_embeddings: 131_072,
  tie_word_embeddings: true,
});

const mamba = (hidden_size: number, num_hidden_layers: number) => ({
  model_type: 'mamba',
  hidden_size,
  num_hidden_layers,
  state_size: 16,
  vocab_size: 50_280,
});

const nemotronH = {
  model_type: 'nemotron_h',
  num_key_value_heads: 8,
  mamba_num_heads: 128,
  n_groups: 8,
  ssm_state_size: 128,
  vocab_size: 131_072,
  tie_word_embeddings: false,
};

const lfm2 = (hidden_size: number, block_ff_dim: number, num_attention_heads: number) => ({
  model_type: 'lfm2',
  hidden_size,
  block_ff_dim,
  num_attention_heads,
  num_hidden_layers: 16,
  num_key_value_heads: 8,
  full_attn_idxs: [2, 5, 8, 10, 12, 14],
  vocab_size: 65_536,
  max_position_embeddings: 128_000,
});

const falconH1 = {
  model_type: 'falcon_h1',
  mamba_d_conv: 4,
  mamba_rms_norm: false,
  projectors_bias: false,
};

const zamba2 = { model_type: 'zamba2', num_attention_heads: 32, adapter_rank: 128, vocab_size: 32_000 };

const recurrentGemma = { model_type: 'recurrent_gemma', num_key_value_heads: 1, vocab_size: 256_000 };

export const PUBLISHED_RECURRENT: [id: string, total: number, config: Record<string, unknown>][] = [
  ['state-spaces/mamba-370m-hf', 371_516_416, mamba(1024, 48)],
  ['state-spaces/mamba-790m-hf', 793_204_224, mamba(1536, 48)],
  ['state-spaces/mamba-1.4b-hf', 1_372_178_432, mamba(2048, 48)],
  ['state-spaces/mamba-2.8b-hf', 2_768_345_600, mamba(2560, 64)],
  [
    'mistralai/Mamba-Codestral-7B-v0.1',
    7_285_403_648,
    { model_type: 'mamba2', hidden_size: 4096, num_hidden_layers: 64, vocab_size: 32_768 },
  ],
  [
    'state-spaces/mamba2-2.7b',
    2_702_599_680,
    {
      model_type: 'mamba2',
      hidden_size: 2560,
      num_heads: 80,
      head_dim: 64,
      n_groups: 1,
      num_hidden_layers: 64,
      vocab_size: 50_288,
      tie_word_embeddings: true,
    },
  ],
  [
    'ai21labs/AI21-Jamba-1.5-Large',
    398_555_145_696,
    {
      model_type: 'jamba',
      hidden_size: 8192,
      intermediate_size: 24_576,
      num_hidden_layers: 72,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      num_experts: 16,
      num_experts_per_tok: 2,
      mamba_dt_rank: 512,
      vocab_size: 65_536,
      max_position_embeddings: 262_144,
    },
  ],
  [
    'ai21labs/AI21-Jamba-Reasoning-3B',
    3_029_337_472,
    {
      model_type: 'jamba',
      hidden_size: 2560,
      intermediate_size: 8192,
      num_hidden_layers: 28,
      num_attention_heads: 20,
      num_key_value_heads: 1,
      num_experts: 1,
      num_experts_per_tok: 1,
      attn_layer_period: 14,
      attn_layer_offset: 7,
      mamba_dt_rank: 160,
      vocab_size: 65_536,
      max_position_embeddings: 262_144,
      tie_word_embeddings: true,
    },
  ],
  [
    'ibm-ai-platform/Bamba-9B-v1',
    9_778_138_240,
    {
      model_type: 'bamba',
      hidden_size: 4096,
      intermediate_size: 14_336,
      num_hidden_layers: 32,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      attn_layer_indices: [9, 18, 27],
      mamba_d_state: 128,
      mamba_n_heads: 128,
      vocab_size: 128_000,
      max_position_embeddings: 4096,
    },
  ],
  [
    'ibm-granite/granite-4.0-h-small',
    32_207_337_984,
    {
      ...granite(32, 8, 128),
      hidden_size: 4096,
      intermediate_size: 768,
      shared_intermediate_size: 1536,
      num_local_experts: 72,
      num_experts_per_tok: 10,
    },
  ],
  [
    'ibm-granite/granite-4.0-h-tiny',
    6_939_037_248,
    {
      ...granite(12, 4, 48),
      hidden_size: 1536,
      intermediate_size: 512,
      shared_intermediate_size: 1024,
      num_local_experts: 64,
      num_experts_per_tok: 6,
    },
  ],
  [
    'ibm-granite/granite-4.0-h-micro',
    3_191_396_096,
    {
      ...granite(32, 8, 64),
      hidden_size: 2048,
      intermediate_size: 8192,
      shared_intermediate_size: 8192,
      num_local_experts: 0,
      num_experts_per_tok: 0,
    },
  ],
  [
    // No Mamba layer at all under the same model_type.
    'ibm-granite/granite-4.0-micro',
    3_402_836_480,
    {
      ...granite(40, 8, 128),
      layer_types: Array<string>(40).fill('attention'),
      mamba_d_head: 'auto',
      hidden_size: 2560,
      intermediate_size: 8192,
      shared_intermediate_size: 8192,
      num_local_experts: 0,
      num_experts_per_tok: 0,
    },
  ],
  [
    'tiiuae/Falcon-H1-0.5B-Instruct',
    521_411_104,
    {
      ...falconH1,
      hidden_size: 1024,
      intermediate_size: 2048,
      num_hidden_layers: 36,
      num_attention_heads: 8,
      num_key_value_heads: 2,
      head_dim: 64,
      mamba_d_ssm: 1536,
      mamba_n_heads: 24,
      mamba_d_head: 64,
      mamba_d_state: 128,
      mamba_n_groups: 1,
      vocab_size: 32_784,
    },
  ],
  [
    'tiiuae/Falcon-H1-34B-Instruct',
    33_642_221_312,
    {
      ...falconH1,
      hidden_size: 5120,
      intermediate_size: 21_504,
      num_hidden_layers: 72,
      num_attention_heads: 20,
      num_key_value_heads: 4,
      head_dim: 128,
      mamba_d_ssm: 4096,
      mamba_n_heads: 32,
      mamba_d_head: 128,
      mamba_d_state: 256,
      mamba_n_groups: 2,
      vocab_size: 261_120,
    },
  ],
  [
    'Zyphra/Zamba-7B-v1',
    7_232_490_496,
    {
      model_type: 'zamba',
      hidden_size: 3712,
      intermediate_size: 14_848,
      num_hidden_layers: 76,
      num_attention_heads: 16,
      num_key_value_heads: 16,
      vocab_size: 32_000,
    },
  ],
  [
    'Zyphra/Zamba2-1.2B',
    1_215_064_704,
    {
      ...zamba2,
      hidden_size: 2048,
      intermediate_size: 8192,
      num_hidden_layers: 38,
      n_mamba_heads: 64,
      mamba_d_state: 128,
      num_mem_blocks: 1,
      use_shared_attention_adapter: true,
      layers_block_type: everyNth(38, [5, 11, 17, 23, 29, 35], 'hybrid', 'mamba'),
    },
  ],
  [
    'Zyphra/Zamba2-7B',
    7_356_749_648,
    {
      ...zamba2,
      hidden_size: 3584,
      intermediate_size: 14_336,
      num_hidden_layers: 81,
      n_mamba_heads: 112,
      mamba_d_state: 64,
      mamba_ngroups: 2,
      num_mem_blocks: 2,
      layers_block_type: everyNth(81, [6, 11, 17, 23, 29, 35, 41, 47, 53, 59, 65, 71, 77], 'hybrid', 'mamba'),
    },
  ],
  ['LiquidAI/LFM2-350M', 354_483_968, lfm2(1024, 6656, 16)],
  ['LiquidAI/LFM2-700M', 742_489_344, lfm2(1536, 10_240, 24)],
  ['LiquidAI/LFM2-1.2B', 1_170_340_608, lfm2(2048, 12_288, 32)],
  [
    'LiquidAI/LFM2-2.6B',
    2_569_272_320,
    {
      ...lfm2(2048, 10_752, 32),
      block_auto_adjust_ff_dim: false,
      num_hidden_layers: 30,
      layer_types: everyNth(30, [2, 5, 9, 13, 17, 21, 24, 27], 'full_attention', 'conv'),
    },
  ],
  [
    // With the 22 · 32 correction biases of its routers, which the class keeps as buffers.
    'LiquidAI/LFM2-8B-A1B',
    8_339_929_856 + 22 * 32,
    {
      model_type: 'lfm2_moe',
      hidden_size: 2048,
      intermediate_size: 7168,
      moe_intermediate_size: 1792,
      num_hidden_layers: 24,
      num_dense_layers: 2,
      num_experts: 32,
      num_experts_per_tok: 4,
      num_attention_heads: 32,
      num_key_value_heads: 8,
      layer_types: everyNth(24, [2, 6, 10, 14, 18, 21], 'full_attention', 'conv'),
      vocab_size: 65_536,
    },
  ],
  [
    'nvidia/Nemotron-H-8B-Base-8K',
    8_100_852_736,
    {
      ...nemotronH,
      hidden_size: 4096,
      intermediate_size: 21_504,
      hybrid_override_pattern: 'M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M*-M-M-M-M-M-',
      num_hidden_layers: 52,
      num_attention_heads: 32,
      attention_head_dim: 128,
      mamba_head_dim: 64,
    },
  ],
  [
    'nvidia/NVIDIA-Nemotron-Nano-9B-v2',
    8_888_227_328,
    {
      ...nemotronH,
      hidden_size: 4480,
      intermediate_size: 15_680,
      hybrid_override_pattern: 'M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-',
      num_hidden_layers: 56,
      num_attention_heads: 40,
      head_dim: 128,
      mamba_head_dim: 80,
    },
  ],
  [
    'nvidia/NVIDIA-Nemotron-Nano-12B-v2',
    12_310_001_152,
    {
      ...nemotronH,
      hidden_size: 5120,
      intermediate_size: 20_480,
      hybrid_override_pattern: 'M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-',
      num_hidden_layers: 62,
      num_attention_heads: 40,
      head_dim: 128,
      mamba_head_dim: 80,
    },
  ],
  [
    'google/recurrentgemma-2b',
    2_682_862_080,
    {
      ...recurrentGemma,
      hidden_size: 2560,
      intermediate_size: 15_360,
      num_hidden_layers: 26,
      num_attention_heads: 10,
      lru_width: 2560,
    },
  ],
  [
    'google/recurrentgemma-9b',
    8_579_977_216,
    {
      ...recurrentGemma,
      hidden_size: 4096,
      intermediate_size: 24_576,
      num_hidden_layers: 38,
      num_attention_heads: 16,
      lru_width: 4096,
    },
  ],
  [
    'MiniMaxAI/MiniMax-Text-01',
    456_089_655_296,
    {
      model_type: 'minimax_text_01',
      hidden_size: 6144,
      intermediate_size: 9216,
      num_hidden_layers: 80,
      num_attention_heads: 64,
      num_key_value_heads: 8,
      head_dim: 128,
      num_local_experts: 32,
      num_experts_per_tok: 2,
      vocab_size: 200_064,
      attn_type_list: Array.from({ length: 80 }, (_, layer) => (layer % 8 === 7 ? 1 : 0)),
    },
  ],
  [
    'allenai/Olmo-Hybrid-7B',
    7_430_870_688,
    {
      model_type: 'olmo_hybrid',
      hidden_size: 3840,
      intermediate_size: 11_008,
      num_hidden_layers: 32,
      num_attention_heads: 30,
      vocab_size: 100_352,
      max_position_embeddings: 65_536,
    },
  ],
  [
    // Its text decoder alone.
    'Qwen/Qwen3.5-0.8B',
    752_393_024,
    {
      model_type: 'qwen3_5_text',
      hidden_size: 1024,
      intermediate_size: 3584,
      num_hidden_layers: 24,
      num_attention_heads: 8,
      num_key_value_heads: 2,
      linear_num_value_heads: 16,
      vocab_size: 248_320,
      tie_word_embeddings: true,
    },
  ],
];

/** Bundled files: total of the text decoder, parameters a token uses, block for multi-token prediction, KV elements per token. */
export interface RecurrentFacts {
  total: number;
  active: number;
  tokenPrediction: number;
  kvElements: number;
}

const qwen35Moe35B = { total: 34_660_610_688, active: 3_454_988_928, tokenPrediction: 844_640_768, kvElements: 10_240 };
const qwen35Moe397B = {
  total: 396_346_350_336,
  active: 17_349_040_896,
  tokenPrediction: 6_595_568_128,
  kvElements: 15_360,
};
const nemotron3Nano = { total: 31_577_937_344, active: 3_580_073_408, kvElements: 3072 };
const nemotron3Ultra = {
  total: 549_308_968_960,
  active: 56_058_818_560,
  tokenPrediction: 11_215_609_856,
  kvElements: 6144,
};

/**
 * Totals from published safetensors metadata or enumerated tensor by tensor from the published modelling code; KV elements by
 * hand as 2 · KV heads · head size for each layer of full attention (10 to 16 of 2 · 256, 6 of 2 · 128, ...).
 */
export const BUNDLED_RECURRENT: Record<string, RecurrentFacts> = {
  'ai21labs/Jamba-v0.1': {
    total: 51_570_323_328,
    active: 12_110_311_296,
    tokenPrediction: 0,
    kvElements: 4 * 2 * 8 * 128,
  },
  'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16': { ...nemotron3Nano, tokenPrediction: 0 },
  'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4': { ...nemotron3Nano, tokenPrediction: 0 },
  'nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4': {
    total: 120_668_687_360,
    active: 12_770_216_960,
    tokenPrediction: 2_942_324_736,
    kvElements: 8 * 2 * 2 * 128,
  },
  'nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16': nemotron3Ultra,
  'nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-FP8': nemotron3Ultra,
  'nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-NVFP4': nemotron3Ultra,
  'nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4': { ...nemotron3Nano, tokenPrediction: 1_335_325_824 },
  'nvidia/Nemotron-H-56B-Base-8K': {
    total: 56_324_350_464,
    active: 56_324_350_464,
    tokenPrediction: 0,
    kvElements: 10 * 2 * 8 * 128,
  },
  'nvidia/Qwen3.5-122B-A10B-NVFP4': {
    total: 122_111_526_912,
    active: 9_771_288_576,
    tokenPrediction: 2_523_679_232,
    kvElements: 12 * 2 * 2 * 256,
  },
  'nvidia/Qwen3.5-397B-A17B-NVFP4': qwen35Moe397B,
  'nvidia/Qwen3.6-27B-NVFP4': {
    total: 26_895_998_464,
    active: 26_895_998_464,
    tokenPrediction: 424_699_392,
    kvElements: 16 * 2 * 4 * 256,
  },
  'nvidia/Qwen3.6-35B-A3B-NVFP4': qwen35Moe35B,
  'Qwen/Qwen3-Next-80B-A3B-Instruct': {
    total: 79_674_391_296,
    active: 3_874_929_408,
    tokenPrediction: 1_650_471_424,
    kvElements: 12 * 2 * 2 * 256,
  },
  'Qwen/Qwen3.5-35B-A3B': qwen35Moe35B,
  'Qwen/Qwen3.5-397B-A17B': qwen35Moe397B,
  'state-spaces/mamba-130m-hf': { total: 129_135_360, active: 129_135_360, tokenPrediction: 0, kvElements: 0 },
  'tiiuae/falcon-mamba-7b-instruct': {
    total: 7_272_665_088,
    active: 7_272_665_088,
    tokenPrediction: 0,
    kvElements: 0,
  },
};
