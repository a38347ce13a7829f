/** Engines whose makers write them otherwise than their id. */
const NAMES: Readonly<Record<string, string>> = { vllm: 'vLLM' };

/** An engine and its version as people write them: `vLLM 0.22`. */
export const engineName = ({ engine, version }: { engine: string; version: string }): string =>
  `${NAMES[engine] ?? engine} ${version}`;
