import { attentionTraits } from './attention/kinds.ts';
import type { Model } from './types.ts';

/** KV-cache growth of one sequence on one GPU of a tensor-parallel group. */
export interface KvLayout {
  /** Bytes per token of the layers that keep the whole context. */
  fullBytesPerToken: number;
  /** Layers that keep only the last `windowTokens`, by window, shortest first. */
  windowed: { windowTokens: number; bytesPerToken: number }[];
}

/**
 * KV bytes a token adds, per GPU: for grouped-query attention 2 · ceil(KV heads / TP) · head size · bytes per element per
 * layer. `kvBytes` is 2 for a 16-bit cache, 1 for fp8. Scales of a quantized cache are not counted (one per tensor).
 */
export function kvLayout(model: Model, kvBytes: 1 | 2, tensorParallel: number): KvLayout {
  let fullBytesPerToken = 0;
  const windows = new Map<number, number>();
  for (const { attention } of model.layers) {
    const bytes = attentionTraits(attention).kvElementsPerToken(attention, tensorParallel) * kvBytes;
    if (attention.windowTokens === null) fullBytesPerToken += bytes;
    else windows.set(attention.windowTokens, (windows.get(attention.windowTokens) ?? 0) + bytes);
  }
  const windowed = [...windows]
    .map(([windowTokens, bytesPerToken]) => ({ windowTokens, bytesPerToken }))
    .sort((one, other) => one.windowTokens - other.windowTokens);
  return { fullBytesPerToken, windowed };
}

/** KV bytes of a token while no window is full, per GPU. With `tensorParallel` 1: the whole model. */
export function kvBytesPerToken(model: Model, kvBytes: 1 | 2, tensorParallel: number): number {
  const { fullBytesPerToken, windowed } = kvLayout(model, kvBytes, tensorParallel);
  return windowed.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, fullBytesPerToken);
}

/** KV bytes of one sequence of `tokens`, per GPU: windowed layers stop growing at their window. */
export const kvBytesPerSequence = (layout: KvLayout, tokens: number): number =>
  layout.windowed.reduce(
    (sum, { windowTokens, bytesPerToken }) => sum + Math.min(tokens, windowTokens) * bytesPerToken,
    layout.fullBytesPerToken * tokens,
  );
