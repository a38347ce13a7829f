import type { ConfigFields } from '../fields.ts';

/** Width, network, layers, heads, KV heads (null = one per head), vocabulary, context of a class of decoders. */
type Sizes = readonly [number, number, number, number, number | null, number, number];

/**
 * What the configuration classes of Transformers set for keys a file leaves out. Only files around a decoder rely on it: they
 * keep in `text_config` what differs from the class, while a decoder's own file has every size. Keys that files set to null
 * (windows, head sizes) are not here: null and absent read alike.
 */
const SIZES: Readonly<Record<string, Sizes>> = {
  aria_text: [4096, 4096, 32, 32, null, 32_000, 2048],
  cohere: [8192, 22528, 40, 64, null, 256_000, 8192],
  cohere2: [8192, 22528, 40, 64, null, 256_000, 8192],
  deepseek_v2: [4096, 11008, 32, 32, null, 102_400, 2048],
  deepseek_v3: [7168, 18432, 61, 128, 128, 129_280, 4096],
  emu3_text_model: [4096, 14336, 32, 32, 8, 184_622, 9216],
  ernie4_5_vl_moe_text: [2560, 12288, 28, 20, 4, 103_424, 131_072],
  gemma: [3072, 24576, 28, 16, 16, 256_000, 8192],
  gemma2: [2304, 9216, 26, 8, 4, 256_000, 8192],
  gemma3_text: [2304, 9216, 26, 8, 4, 262_208, 131_072],
  gemma3n_text: [2048, 16384, 35, 8, 2, 262_400, 32_768],
  gemma4_text: [2304, 9216, 30, 8, 4, 262_144, 131_072],
  glm4: [4096, 13696, 40, 32, 2, 151_552, 131_072],
  glm4v_moe_text: [4096, 10944, 46, 96, 8, 151_424, 65_536],
  glm4v_text: [4096, 13696, 40, 32, 2, 151_552, 32_768],
  glm_ocr_text: [1024, 4096, 16, 16, 8, 59_392, 131_072],
  granite: [4096, 11008, 32, 32, null, 32_000, 2048],
  hunyuan_vl_text: [4096, 11008, 32, 32, null, 290_943, 2048],
  // Remote code of the InternLM2 checkpoints.
  internlm2: [4096, 11008, 32, 32, null, 103_168, 2048],
  llama: [4096, 11008, 32, 32, null, 32_000, 2048],
  llama4_text: [5120, 8192, 48, 40, 8, 202_048, 131_072],
  ministral3: [4096, 14336, 34, 32, 8, 131_072, 262_144],
  mistral: [4096, 14336, 32, 32, 8, 32_000, 131_072],
  mixtral: [4096, 14336, 32, 32, 8, 32_000, 131_072],
  mllama_text_model: [4096, 14336, 40, 32, 8, 128_256, 131_072],
  opt: [768, 3072, 12, 12, null, 50_272, 2048],
  phi3: [3072, 8192, 32, 32, null, 32_064, 4096],
  qwen2: [4096, 22016, 32, 32, 32, 151_936, 32_768],
  qwen2_moe: [2048, 5632, 24, 16, 16, 151_936, 32_768],
  qwen2_vl_text: [8192, 29568, 80, 64, 8, 152_064, 32_768],
  qwen2_5_vl_text: [8192, 29568, 80, 64, 8, 152_064, 32_768],
  qwen2_5_omni_text: [3584, 18944, 28, 28, 4, 152_064, 32_768],
  qwen3: [4096, 22016, 32, 32, 32, 151_936, 32_768],
  qwen3_moe: [2048, 6144, 24, 32, 4, 151_936, 32_768],
  qwen3_vl_text: [4096, 22016, 32, 32, 32, 151_936, 128_000],
  qwen3_vl_moe_text: [2048, 5632, 24, 16, 16, 151_936, 128_000],
  qwen3_5_text: [4096, 12288, 32, 16, 4, 248_320, 32_768],
};

/** Further keys of single classes. */
const FURTHER: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  gemma: { head_dim: 256 },
  llama4_text: {
    head_dim: 128,
    intermediate_size_mlp: 16384,
    interleave_moe_layer_step: 1,
    num_local_experts: 16,
    num_experts_per_tok: 1,
  },
  mllama_text_model: { cross_attention_layers: [3, 8, 13, 18, 23, 28, 33, 38] },
  qwen3_vl_moe_text: { num_experts: 60, num_experts_per_tok: 4, moe_intermediate_size: 1408, head_dim: 128 },
};

const defaultsOf = (modelType: string): Record<string, unknown> => {
  const sizes = Object.hasOwn(SIZES, modelType) ? SIZES[modelType] : undefined;
  if (!sizes) return {};
  const [hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, kvHeads, vocab_size, context] = sizes;
  return {
    hidden_size,
    intermediate_size,
    num_hidden_layers,
    num_attention_heads,
    ...(kvHeads === null ? {} : { num_key_value_heads: kvHeads }),
    vocab_size,
    max_position_embeddings: context,
    ...FURTHER[modelType],
  };
};

/** A decoder's fields inside another file, completed by its class. */
export const withTextDefaults = (text: ConfigFields, modelType: string): ConfigFields =>
  text.withDefaults(defaultsOf(modelType));
