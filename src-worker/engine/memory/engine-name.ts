/** Engines whose makers write them otherwise than their id. */
const NAMES: Readonly<Record<string, string>> = { vllm: 'vLLM', trtllm: 'TensorRT-LLM', sglang: 'SGLang' };

/** An engine as people write it: `TensorRT-LLM`. */
export const engineLabel = (engine: string): string => NAMES[engine] ?? engine;

/** An engine and its version as people write them: `vLLM 0.22`. */
export const engineName = ({ engine, version }: { engine: string; version: string }): string =>
  `${engineLabel(engine)} ${version}`;
