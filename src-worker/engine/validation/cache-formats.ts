/**
 * Bytes of one element of the KV cache by its format, as measurement files and the option --kv-cache-dtype of vLLM write it;
 * null = as the engine does by itself.
 */
export const KV_CACHE_BYTES: Readonly<Record<string, 1 | 2 | null>> = {
  auto: null,
  fp16: 2,
  bf16: 2,
  float16: 2,
  bfloat16: 2,
  fp8: 1,
  fp8_e4m3: 1,
  fp8_e5m2: 1,
  int8: 1,
};
