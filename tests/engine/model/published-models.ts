/**
 * Models that are not bundled: the fields of their published config.json that decide the size, and their total. None of the
 * totals was computed by this project's code.
 */
export interface PublishedModel {
  id: string;
  total: number;
  config: Record<string, unknown>;
}

type Sizes = [hidden: number, layers: number, heads: number, kvHeads: number, width: number, vocabulary: number];

const sized = (model_type: string, sizes: Sizes, others: Record<string, unknown> = {}): Record<string, unknown> => {
  const [hidden_size, num_hidden_layers, num_attention_heads, num_key_value_heads, intermediate_size, vocab_size] =
    sizes;
  return {
    model_type,
    hidden_size,
    num_hidden_layers,
    num_attention_heads,
    num_key_value_heads,
    intermediate_size,
    vocab_size,
    max_position_embeddings: 4096,
    ...others,
  };
};

/** Totals of the safetensors metadata on the hub (tied matrices once). */
export const PUBLISHED: PublishedModel[] = [
  { id: '01-ai/Yi-34B', total: 34_388_917_248, config: sized('llama', [7168, 60, 56, 8, 20480, 64000]) },
  {
    id: 'deepseek-ai/deepseek-coder-33b',
    total: 33_342_991_360,
    config: sized('llama', [7168, 62, 56, 8, 19200, 32256]),
  },
  {
    id: 'mistralai/Mistral-Large-Instruct-2411',
    total: 122_610_069_504,
    config: sized('mistral', [12288, 88, 96, 8, 28672, 32768], { head_dim: 128, sliding_window: null }),
  },
  {
    id: 'mistralai/Mixtral-8x22B-Instruct-v0.1',
    total: 140_630_071_296,
    config: sized('mixtral', [6144, 56, 48, 8, 16384, 32768], { num_local_experts: 8, num_experts_per_tok: 2 }),
  },
  { id: 'microsoft/phi-4', total: 14_659_507_200, config: sized('phi3', [5120, 40, 40, 10, 17920, 100352]) },
  { id: 'microsoft/Phi-3-medium-4k', total: 13_960_238_080, config: sized('phi3', [5120, 40, 40, 10, 17920, 32064]) },
  {
    id: 'microsoft/phi-2',
    total: 2_779_683_840,
    config: sized('phi', [2560, 32, 32, 32, 10240, 51200], { tie_word_embeddings: false }),
  },
  {
    // The same model with the names of its first files: GPT-2's, the inner width left out.
    id: 'microsoft/phi-2 (phi-msft)',
    total: 2_779_683_840,
    config: {
      model_type: 'phi-msft',
      n_embd: 2560,
      n_layer: 32,
      n_head: 32,
      n_head_kv: null,
      n_inner: null,
      n_positions: 2048,
      vocab_size: 51200,
      tie_word_embeddings: false,
    },
  },
  {
    id: 'ibm-granite/granite-3.3-8b-instruct',
    total: 8_170_848_256,
    config: sized('granite', [4096, 40, 32, 8, 12800, 49155], { tie_word_embeddings: true }),
  },
  {
    id: 'LGAI-EXAONE/EXAONE-4.0-1.2B',
    total: 1_279_391_488,
    config: sized('exaone4', [2048, 30, 32, 8, 4096, 102400], { tie_word_embeddings: true, sliding_window: null }),
  },
  // Untied, which its file need not say: Exaone4Config's default.
  {
    id: 'LGAI-EXAONE/EXAONE-4.0-32B',
    total: 32_003_216_384,
    config: sized('exaone4', [5120, 64, 40, 8, 27392, 102400]),
  },
  // Biases on queries, keys and values by Glm4Config's default.
  { id: 'zai-org/GLM-4-9B-0414', total: 9_400_279_040, config: sized('glm4', [4096, 40, 32, 2, 13696, 151552]) },
  {
    id: 'ByteDance-Seed/Seed-OSS-36B-Instruct',
    total: 36_151_104_512,
    config: sized('seed_oss', [5120, 64, 80, 8, 27648, 155136]),
  },
  {
    id: 'baichuan-inc/Baichuan2-13B-Chat',
    total: 13_896_668_160,
    config: sized('baichuan', [5120, 40, 40, 40, 13696, 125696]),
  },
  {
    id: 'stabilityai/stablelm-2-1_6b',
    total: 1_644_515_328,
    config: sized('stablelm', [2048, 24, 32, 32, 5632, 100352], { use_qkv_bias: true }),
  },
  { id: 'bigcode/starcoder2-7b', total: 7_173_923_840, config: sized('starcoder2', [4608, 32, 36, 4, 18432, 49152]) },
  {
    id: 'bigcode/starcoder2-15b',
    total: 15_957_889_024,
    config: sized('starcoder2', [6144, 40, 48, 4, 24576, 49152], { tie_word_embeddings: false }),
  },
  {
    id: 'EleutherAI/gpt-j-6b',
    total: 6_050_882_784,
    config: {
      model_type: 'gptj',
      n_embd: 4096,
      n_layer: 28,
      n_head: 16,
      n_inner: null,
      n_positions: 2048,
      vocab_size: 50400,
      tie_word_embeddings: false,
    },
  },
  {
    id: 'bigscience/bloom-7b1',
    total: 7_069_016_064,
    config: { model_type: 'bloom', hidden_size: 4096, n_layer: 30, n_head: 32, vocab_size: 250880 },
  },
  {
    id: 'tiiuae/falcon-rw-1b',
    total: 1_311_625_216,
    config: {
      model_type: 'falcon',
      hidden_size: 2048,
      num_hidden_layers: 24,
      num_attention_heads: 32,
      vocab_size: 50304,
      multi_query: false,
      parallel_attn: false,
      new_decoder_architecture: false,
      alibi: true,
      bias: true,
    },
  },
  {
    id: 'facebook/xglm-564M',
    total: 564_463_616,
    config: {
      model_type: 'xglm',
      d_model: 1024,
      num_layers: 24,
      attention_heads: 16,
      ffn_dim: 4096,
      vocab_size: 256008,
      max_position_embeddings: 2048,
    },
  },
  {
    // Projects a 512 wide embedding in and out, and has no final norm (post-norm layers).
    id: 'facebook/opt-350m',
    total: 331_196_416,
    config: {
      model_type: 'opt',
      hidden_size: 1024,
      word_embed_proj_dim: 512,
      num_hidden_layers: 24,
      num_attention_heads: 16,
      ffn_dim: 4096,
      vocab_size: 50272,
      max_position_embeddings: 2048,
      do_layer_norm_before: false,
    },
  },
  {
    id: 'internlm/internlm2_5-20b',
    total: 19_861_149_696,
    config: sized('internlm2', [6144, 48, 48, 8, 16384, 92544], { bias: false }),
  },
  {
    id: 'internlm/internlm3-8b-instruct',
    total: 8_804_241_408,
    config: sized('internlm3', [4096, 48, 32, 2, 10240, 128512], { head_dim: 128, qkv_bias: false, bias: false }),
  },
  {
    id: 'openbmb/MiniCPM-2B-sft-bf16',
    total: 2_724_880_896,
    config: sized('minicpm', [2304, 40, 36, 36, 5760, 122753]),
  },
  { id: 'allenai/OLMo-2-0425-1B', total: 1_484_916_736, config: sized('olmo2', [2048, 16, 16, 16, 8192, 100352]) },
  { id: 'allenai/OLMo-2-1124-13B', total: 13_716_198_400, config: sized('olmo2', [5120, 40, 40, 40, 13824, 100352]) },
  {
    id: 'CohereLabs/aya-expanse-32b',
    total: 32_296_476_672,
    config: sized('cohere', [8192, 40, 64, 8, 24576, 256000]),
  },
  {
    id: 'Qwen/Qwen3-0.6B',
    total: 596_049_920,
    config: sized('qwen3', [1024, 28, 16, 8, 3072, 151936], { head_dim: 128, tie_word_embeddings: true }),
  },
  {
    id: 'google/gemma-3-1b-it',
    total: 999_885_952,
    config: sized('gemma3_text', [1152, 26, 4, 1, 6912, 262144], { head_dim: 256, sliding_window: 512 }),
  },
  {
    id: 'google/gemma-3-270m',
    total: 268_098_176,
    config: sized('gemma3_text', [640, 18, 4, 1, 2048, 262144], { head_dim: 256, sliding_window: 512 }),
  },
  {
    id: 'google/vaultgemma-1b',
    total: 1_038_741_120,
    config: sized('vaultgemma', [1152, 26, 4, 4, 6912, 256000], { head_dim: 256 }),
  },
  { id: 'HuggingFaceTB/SmolLM3-3B', total: 3_075_098_624, config: sized('smollm3', [2048, 36, 16, 4, 11008, 128256]) },
  {
    id: 'microsoft/bitnet-b1.58-2B-4T-bf16',
    total: 2_412_820_480,
    config: sized('bitnet', [2560, 30, 20, 5, 6912, 128256], { tie_word_embeddings: true }),
  },
  {
    id: 'tencent/Hunyuan-A13B-Instruct',
    total: 80_393_183_232,
    config: sized('hunyuan_v1_moe', [4096, 32, 32, 8, 3072, 128167], {
      attention_head_dim: 128,
      num_experts: 64,
      moe_topk: Array<number>(32).fill(8),
      num_shared_expert: Array<number>(32).fill(1),
      moe_intermediate_size: Array<number>(32).fill(3072),
      use_mixed_mlp_moe: true,
      use_qk_norm: true,
      use_cla: false,
      tie_word_embeddings: true,
    }),
  },
  {
    id: 'inclusionAI/Ling-lite',
    total: 16_801_974_272,
    config: sized('bailing_moe', [2048, 28, 16, 4, 5632, 126464], {
      head_dim: 128,
      num_experts: 64,
      num_experts_per_tok: 6,
      num_shared_experts: 2,
      moe_intermediate_size: 1408,
      use_bias: false,
      use_qkv_bias: false,
    }),
  },
  {
    id: 'inclusionAI/Ling-mini-2.0',
    total: 16_255_643_392,
    config: sized('bailing_moe', [2048, 20, 16, 4, 5120, 157184], {
      head_dim: 128,
      num_experts: 256,
      num_experts_per_tok: 8,
      num_shared_experts: 1,
      moe_intermediate_size: 512,
      first_k_dense_replace: 1,
      use_qk_norm: true,
      moe_router_enable_expert_bias: true,
    }),
  },
  {
    id: 'apple/OpenELM-270M',
    total: 271_527_168,
    config: {
      model_type: 'openelm',
      model_dim: 1280,
      num_transformer_layers: 16,
      head_dim: 64,
      num_query_heads: [12, 12, 12, 12, 12, 16, 16, 16, 16, 16, 16, 16, 20, 20, 20, 20],
      num_kv_heads: [3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5],
      ffn_multipliers: [0.5, 0.73, 0.97, 1.2, 1.43, 1.67, 1.9, 2.13, 2.37, 2.6, 2.83, 3.07, 3.3, 3.53, 3.77, 4.0],
      ffn_dim_divisor: 256,
      normalize_qk_projections: true,
      share_input_output_layers: true,
      vocab_size: 32000,
      max_context_length: 2048,
    },
  },
];

const gqa = (h: number, H: number, K: number, d: number): number => 2 * h * H * d + 2 * h * K * d;
const gated = (h: number, f: number): number => 3 * h * f;

/**
 * Totals worked out by hand from the tensors of the published modelling code, term by term. Where a file was not at hand its
 * sizes are only near the published ones: what is tested is that the total follows from them.
 */
export const WORKED: PublishedModel[] = [
  {
    // Untied; 60 layers of grouped-query attention, a plain FFN and one LayerNorm with bias.
    id: 'tiiuae/falcon-11B',
    total: 2 * 65024 * 4096 + 60 * (gqa(4096, 32, 8, 128) + 2 * 4096 * 16384 + 2 * 4096) + 2 * 4096,
    config: {
      model_type: 'falcon',
      hidden_size: 4096,
      num_hidden_layers: 60,
      num_attention_heads: 32,
      num_kv_heads: 8,
      ffn_hidden_size: 16384,
      vocab_size: 65024,
      new_decoder_architecture: true,
      num_ln_in_parallel_attn: 1,
      parallel_attn: true,
      bias: false,
      tie_word_embeddings: false,
    },
  },
  {
    // One LayerNorm with bias per layer; a norm weight per head for queries and keys.
    id: 'stabilityai/stablelm-2-12b',
    total: 2 * 100352 * 5120 + 40 * (gqa(5120, 32, 8, 160) + 40 * 160 + gated(5120, 13824) + 2 * 5120) + 2 * 5120,
    config: sized('stablelm', [5120, 40, 32, 8, 13824, 100352], { use_parallel_residual: true, qk_layernorm: true }),
  },
  {
    // Learned positions; biases on the output projection and the FFN only.
    id: 'EleutherAI/gpt-neo-2.7B',
    total:
      (50257 + 2048) * 2560 + 32 * (4 * 2560 * 2560 + 2560 + 2 * 2560 * 10240 + 10240 + 2560 + 4 * 2560) + 2 * 2560,
    config: {
      model_type: 'gpt_neo',
      hidden_size: 2560,
      num_layers: 32,
      num_heads: 20,
      intermediate_size: null,
      vocab_size: 50257,
      max_position_embeddings: 2048,
      attention_types: [[['global', 'local'], 16]],
      window_size: 256,
    },
  },
  {
    id: 'zai-org/GLM-4-32B-0414',
    total: 2 * 151552 * 6144 + 61 * (gqa(6144, 48, 2, 128) + gated(6144, 23040) + 4 * 6144) + 6144,
    config: sized('glm4', [6144, 61, 48, 2, 23040, 151552], { attention_bias: false }),
  },
  {
    id: 'nvidia/Nemotron-Mini-4B-Instruct',
    total: 2 * 256000 * 3072 + 32 * (gqa(3072, 24, 8, 128) + 2 * 3072 * 9216 + 4 * 3072) + 2 * 3072,
    config: sized('nemotron', [3072, 32, 24, 8, 9216, 256000], { head_dim: 128 }),
  },
  {
    id: 'upstage/solar-pro-preview-instruct',
    total: 2 * 32128 * 5120 + 64 * (gqa(5120, 40, 10, 128) + gated(5120, 17920) + 2 * 5120) + 5120,
    config: sized('solar', [5120, 64, 40, 10, 17920, 32128]),
  },
  {
    // The class default ties the head.
    id: 'hpcai-tech/grok-1',
    total: 131072 * 6144 + 64 * (gqa(6144, 48, 8, 128) + 8 * 6144 + 8 * gated(6144, 32768) + 4 * 6144) + 6144,
    config: sized('grok-1', [6144, 64, 48, 8, 32768, 131072], { num_experts: 8, num_experts_per_tok: 2 }),
  },
  {
    // Beside 128 experts a dense network of the hidden size with its own norm.
    id: 'Snowflake/snowflake-arctic-instruct',
    total:
      2 * 32000 * 7168 +
      35 * (gqa(7168, 56, 8, 128) + 128 * 7168 + 128 * gated(7168, 4864) + gated(7168, 7168) + 3 * 7168) +
      7168,
    config: sized('arctic', [7168, 35, 56, 8, 4864, 32000], {
      num_local_experts: 128,
      num_experts_per_tok: 2,
      moe_layer_frequency: 1,
      parallel_attn_mlp_res: true,
    }),
  },
  {
    id: 'adept/persimmon-8b-chat',
    total:
      2 * 262144 * 4096 +
      36 * (4 * 4096 * 4096 + 4 * 4096 + 4 * 64 + 2 * 4096 * 16384 + 16384 + 4096 + 4 * 4096) +
      2 * 4096,
    config: sized('persimmon', [4096, 36, 64, 64, 16384, 262144]),
  },
  {
    // SwiGLU with biases, ALiBi instead of positions.
    id: 'inceptionai/jais-13b',
    total:
      84992 * 5120 + 40 * (4 * 5120 * 5120 + 4 * 5120 + gated(5120, 13653) + 2 * 13653 + 5120 + 4 * 5120) + 2 * 5120,
    config: {
      model_type: 'jais',
      n_embd: 5120,
      n_layer: 40,
      n_head: 40,
      n_inner: 13653,
      n_positions: 2048,
      vocab_size: 84992,
      activation_function: 'swiglu',
      position_embedding_type: 'alibi',
    },
  },
  {
    // Jais2Config: biases everywhere, squared ReLU, LayerNorms.
    id: 'inceptionai/Jais-2-8B-Chat',
    total:
      2 * 150272 * 3328 + 32 * (4 * 3328 * 3328 + 4 * 3328 + 2 * 3328 * 26624 + 26624 + 3328 + 4 * 3328) + 2 * 3328,
    config: sized('jais2', [3328, 32, 26, 26, 26624, 150272]),
  },
  {
    // CodeGen: GPT-J's layout, 34 of 34 layers.
    id: 'Salesforce/codegen-16B-mono',
    total: 2 * 51200 * 6144 + 51200 + 34 * (4 * 6144 * 6144 + 2 * 6144 * 24576 + 24576 + 6144 + 2 * 6144) + 2 * 6144,
    config: {
      model_type: 'codegen',
      n_embd: 6144,
      n_layer: 34,
      n_head: 24,
      n_inner: null,
      n_positions: 2048,
      vocab_size: 51200,
      tie_word_embeddings: false,
    },
  },
  {
    id: 'mosaicml/mpt-30b',
    total: 50432 * 7168 + 48 * (4 * 7168 * 7168 + 2 * 7168 * 28672 + 2 * 7168) + 7168,
    config: {
      model_type: 'mpt',
      d_model: 7168,
      n_layers: 48,
      n_heads: 64,
      expansion_ratio: 4,
      vocab_size: 50432,
      max_seq_len: 8192,
      no_bias: true,
      attn_config: { alibi: true, attn_type: 'multihead_attention', qk_ln: false },
    },
  },
  {
    id: 'kyutai/helium-1-2b',
    total: 2 * 64000 * 2048 + 28 * (gqa(2048, 16, 8, 128) + gated(2048, 8192) + 2 * 2048) + 2048,
    config: sized('helium', [2048, 28, 16, 8, 8192, 64000], { head_dim: 128 }),
  },
  {
    id: 'facebook/cwm',
    total: 2 * 128256 * 6144 + 64 * (gqa(6144, 48, 8, 128) + gated(6144, 21504) + 2 * 6144) + 6144,
    config: sized('cwm', [6144, 64, 48, 8, 21504, 128256]),
  },
  {
    // One norm per layer, five KV heads for groups of eight queries.
    id: 'pfnet/plamo-13b',
    total: 2 * 50432 * 5120 + 40 * (gqa(5120, 40, 5, 128) + gated(5120, 13824) + 5120) + 5120,
    config: {
      model_type: 'plamo',
      hidden_size: 5120,
      num_hidden_layers: 40,
      num_attention_heads: 40,
      n_shared_head: 8,
      intermediate_size: 13824,
      vocab_size: 50432,
      max_position_embeddings: 4096,
    },
  },
  {
    // Four norms per layer; the gate of the attention is as wide as its queries.
    id: 'arcee-ai/Trinity-Mini',
    total:
      2 * 200192 * 2048 +
      32 * (gqa(2048, 32, 4, 128) + 2048 * 32 * 128 + 2 * 128 + 4 * 2048) +
      2 * gated(2048, 6144) +
      30 * (128 * 2048 + 128 + 128 * gated(2048, 1024) + gated(2048, 1024)) +
      2048,
    config: sized('afmoe', [2048, 32, 32, 4, 6144, 200192], {
      head_dim: 128,
      num_dense_layers: 2,
      num_experts: 128,
      num_experts_per_tok: 8,
      num_shared_experts: 1,
      moe_intermediate_size: 1024,
      sliding_window: 2048,
      global_attn_every_n_layers: 4,
    }),
  },
  {
    id: 'upstage/Solar-Open-100B',
    total:
      2 * 196608 * 4096 + 48 * (gqa(4096, 64, 8, 128) + 128 * 4096 + 128 + 129 * gated(4096, 1280) + 2 * 4096) + 4096,
    config: sized('solar_open', [4096, 48, 64, 8, 10240, 196608], { n_routed_experts: 128, n_shared_experts: 1 }),
  },
  {
    // Norms on queries and keys, one dense layer, a shared expert, a bias per expert.
    id: 'tencent/Hy3-preview',
    total:
      2 * 120832 * 4096 +
      80 * (gqa(4096, 64, 8, 128) + 2 * 128 + 2 * 4096) +
      gated(4096, 13312) +
      79 * (192 * 4096 + 192 + 193 * gated(4096, 1536)) +
      4096,
    config: sized('hy_v3', [4096, 80, 64, 8, 13312, 120832], {
      num_experts: 192,
      num_experts_per_tok: 8,
      moe_intermediate_size: 1536,
    }),
  },
  {
    id: 'LGAI-EXAONE/K-EXAONE-236B-A23B',
    total:
      2 * 153600 * 6144 +
      48 * (gqa(6144, 64, 8, 128) + 2 * 128 + 2 * 6144) +
      gated(6144, 18432) +
      47 * (128 * 6144 + 128 + 129 * gated(6144, 2048)) +
      6144,
    config: sized('exaone_moe', [6144, 48, 64, 8, 18432, 153600], {
      head_dim: 128,
      num_experts: 128,
      num_experts_per_tok: 8,
      num_shared_experts: 1,
      moe_intermediate_size: 2048,
      sliding_window: 128,
      sliding_window_pattern: 'LLLG',
    }),
  },
  {
    id: 'allenai/FlexOlmo-7x7B-1T',
    total: 2 * 100352 * 4096 + 32 * (4 * 4096 * 4096 + 2 * 4096 + 7 * 4096 + 7 * gated(4096, 11008) + 2 * 4096) + 4096,
    config: sized('flex_olmo', [4096, 32, 32, 32, 11008, 100352]),
  },
  {
    // Fused gate and up of a shared network beside the experts.
    id: 'ibm-research/moe-7b-1b-active-shared-experts (its class)',
    total:
      49152 * 1536 +
      40 * (gqa(1536, 24, 8, 64) + 62 * 1536 + 62 * gated(1536, 512) + gated(1536, 1024) + 2 * 1536) +
      1536,
    config: sized('granitemoeshared', [1536, 40, 24, 8, 512, 49152], {
      num_local_experts: 62,
      num_experts_per_tok: 6,
      shared_intermediate_size: 1024,
      tie_word_embeddings: true,
    }),
  },
  {
    id: 'openbmb/MiniCPM4-8B',
    total: 2 * 73448 * 4096 + 32 * (gqa(4096, 32, 2, 128) + gated(4096, 16384) + 2 * 4096) + 4096,
    config: sized('minicpm', [4096, 32, 32, 2, 16384, 73448], {
      tie_word_embeddings: false,
      sparse_config: { kernel_size: 32, block_size: 64, topk: 64 },
    }),
  },
  {
    id: 'openbmb/MiniCPM-MoE-8x2B',
    total: 122753 * 2304 + 40 * (gqa(2304, 36, 36, 64) + 8 * 2304 + 8 * gated(2304, 5760) + 2 * 2304) + 2304,
    config: sized('minicpm', [2304, 40, 36, 36, 5760, 122753], { num_experts: 8, num_experts_per_tok: 2 }),
  },
  {
    // Biases on the projections of attention, not on the FFN.
    id: 'FreedomIntelligence/openPangu-Embedded-7B-V1.1',
    total:
      2 * 153376 * 4096 +
      34 * (gqa(4096, 32, 8, 128) + 40 * 128 + 8 * 128 + 4096 + gated(4096, 12800) + 2 * 4096) +
      4096,
    config: sized('PanguEmbedded', [4096, 34, 32, 8, 12800, 153376], { bias: true, tie_word_embeddings: false }),
  },
  {
    // Norms also behind attention and FFN.
    id: 'naver-hyperclovax/HyperCLOVAX-SEED-Think-14B',
    total: 2 * 110592 * 6144 + 38 * (gqa(6144, 48, 8, 128) + gated(6144, 14336) + 4 * 6144) + 6144,
    config: sized('hyperclovax', [6144, 38, 48, 8, 14336, 110592], { head_dim: 128, use_post_norm: true }),
  },
  {
    // Only the two output projections have biases.
    id: 'Tele-AI/TeleChat2-7B',
    total: 2 * 131072 * 4096 + 30 * (4 * 4096 * 4096 + 4096 + gated(4096, 12288) + 4096 + 2 * 4096) + 4096,
    config: {
      model_type: 'telechat',
      hidden_size: 4096,
      n_layer: 30,
      n_head: 32,
      ffn_hidden_size: 12288,
      vocab_size: 131072,
      seq_length: 8192,
      tie_word_embeddings: false,
    },
  },
  {
    id: 'kajuma/DiffLlama-0.3B-handcut',
    total: 2 * 32000 * 1024 + 12 * (gqa(1024, 16, 8, 64) + 4 * 64 + gated(1024, 4096) + 2 * 1024) + 1024,
    config: sized('diffllama', [1024, 12, 16, 8, 4096, 32000]),
  },
  {
    // K numbers and a matrix K x K·d for the mask; norms and scaled residuals are four vectors per layer.
    id: 'SmallDoge/Doge-320M',
    total: 32768 * 1024 + 32 * (gqa(1024, 8, 4, 128) + 4 + 4 * 4 * 128 + 2 * 128 + gated(1024, 2048) + 4 * 1024) + 1024,
    config: sized('doge', [1024, 32, 8, 4, 2048, 32768], { tie_word_embeddings: true }),
  },
  {
    // No norm has a weight.
    id: 'karpathy/nanochat-d32',
    total: 2 * 65536 * 2048 + 32 * (4 * 2048 * 2048 + 2 * 2048 * 8192),
    config: sized('nanochat', [2048, 32, 16, 16, 8192, 65536]),
  },
];
