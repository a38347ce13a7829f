/**
 * Totals of bundled models that catalogs/models/index.json has no count for, from the safetensors metadata that Hugging Face
 * publishes with them. They are oracles: none was computed by this project's code.
 */
export const HUB_TOTALS: Record<string, number> = {
  'codellama/CodeLlama-34b-Instruct-hf': 33_743_970_304,
  'google/gemma-2-9b': 9_241_705_984,
  'meta-llama/Llama-2-13b-hf': 13_015_864_320,
  'meta-llama/Llama-3.2-3B': 3_212_749_824,
  'meta-llama/Llama-3.3-70B-Instruct': 70_553_706_496,
  'microsoft/phi-4': 14_659_507_200,
  'mistralai/Mistral-Large-Instruct-2407': 122_610_069_504,
  'mistralai/Mistral-Nemo-Instruct-2407': 12_247_782_400,
  'mistralai/Mixtral-8x22B-v0.1': 140_620_634_112,
  'Qwen/Qwen2.5-14B': 14_770_033_664,
  'Qwen/Qwen2.5-3B': 3_085_938_688,
  'Qwen/Qwen3-0.6B': 596_049_920,
  'Qwen/Qwen3-4B': 4_022_468_096,
};
