import type { PredictInputDraft } from '../../src-worker/protocol/requests.ts';

/** What the closed form is held against the simulation on: dense models and experts, on one GPU and on several. */
export const DEPLOYMENTS: Pick<PredictInputDraft, 'model' | 'gpu' | 'tp' | 'quantization'>[] = [
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-a100-80gb' },
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-h100-80gb', quantization: 'fp8' },
  { model: 'meta-llama/Llama-3.1-8B-Instruct', gpu: 'nvidia-l4', quantization: 'fp8' },
  { model: 'meta-llama/Llama-2-7b-hf', gpu: 'nvidia-a100-80gb' },
  { model: 'meta-llama/Llama-3.1-70B-Instruct', gpu: 'nvidia-h100-80gb', tp: 4 },
  { model: 'meta-llama/Llama-3.1-70B-Instruct', gpu: 'nvidia-a100-80gb', tp: 8 },
  { model: 'Qwen/Qwen2.5-32B-Instruct-AWQ', gpu: 'nvidia-l40s', tp: 2 },
  { model: 'google/gemma-3-27b-it', gpu: 'nvidia-h200' },
  { model: 'Qwen/Qwen3-30B-A3B', gpu: 'nvidia-h100-80gb' },
  { model: 'openai/gpt-oss-120b', gpu: 'nvidia-h200' },
  { model: 'mistralai/Mixtral-8x7B-v0.1', gpu: 'nvidia-h100-80gb', tp: 2 },
  { model: 'deepseek-ai/DeepSeek-V3', gpu: 'nvidia-h200', tp: 8 },
];
