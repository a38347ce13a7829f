import { distinctLayers } from './parameters.ts';
import type { CacheShare, ContextWork, Model, StateShare } from './types.ts';
import { shareOnGpu } from './weight.ts';

/** What one sequence keeps on one GPU of a tensor-parallel group. */
export interface KvLayout {
  /** Bytes per token of the layers that keep the whole context. */
  fullBytesPerToken: number;
  /** Layers that keep only the last `windowTokens`, by window, shortest first. */
  windowed: { windowTokens: number; bytesPerToken: number }[];
  /** Bytes whatever the length: recurrent and convolution states. */
  stateBytes: number;
}

/** What the bytes of one token in one layer's cache follow from. */
type CachedElements = Pick<
  CacheShare | ContextWork,
  'elementsPerToken' | 'bytesPerElement' | 'fp8BytesPerElement' | 'splitUnits'
>;

const bytesPerCachedElement = ({ bytesPerElement, fp8BytesPerElement = 1 }: CachedElements, kvBytes: 1 | 2): number =>
  bytesPerElement ?? (kvBytes === 1 ? fp8BytesPerElement : kvBytes);

/** Bytes one token adds to one layer's cache on one GPU. */
export const cacheBytesPerToken = (elements: CachedElements, kvBytes: 1 | 2, tensorParallel: number): number =>
  elements.elementsPerToken * shareOnGpu(elements, tensorParallel) * bytesPerCachedElement(elements, kvBytes);

/** Bytes one sequence keeps in one layer on one GPU whatever its length. */
export const stateBytes = ({ elements, bytesPerElement, splitUnits }: StateShare, tensorParallel: number): number =>
  elements * bytesPerElement * shareOnGpu({ splitUnits }, tensorParallel);

/**
 * What a sequence keeps, per GPU: for grouped-query attention 2 · ceil(KV heads / TP) · head size · bytes per element per
 * token and layer (beyond one head per GPU they are copied, not split), for MLA the compressed vector on every GPU.
 * `kvBytes` is 2 for a 16-bit cache, 1 for fp8. Scales of a quantized cache count where each token has its own
 * (`fp8BytesPerElement`); one per tensor is left out.
 */
export function kvLayout(model: Model, kvBytes: 1 | 2, tensorParallel: number): KvLayout {
  let fullBytesPerToken = 0;
  let fixed = 0;
  const windows = new Map<number, number>();
  for (const { layer, count } of distinctLayers(model.layers)) {
    for (const share of layer.attention.cache) {
      const bytes = count * cacheBytesPerToken(share, kvBytes, tensorParallel);
      if (share.windowTokens === null) fullBytesPerToken += bytes;
      else windows.set(share.windowTokens, (windows.get(share.windowTokens) ?? 0) + bytes);
    }
    for (const share of layer.attention.state) fixed += count * stateBytes(share, tensorParallel);
  }
  const windowed = [...windows]
    .map(([windowTokens, bytesPerToken]) => ({ windowTokens, bytesPerToken }))
    .sort((one, other) => one.windowTokens - other.windowTokens);
  return { fullBytesPerToken, windowed, stateBytes: fixed };
}

/** KV bytes of a token while no window is full, per GPU. With `tensorParallel` 1: the whole model. */
export function kvBytesPerToken(model: Model, kvBytes: 1 | 2, tensorParallel: number): number {
  const { fullBytesPerToken, windowed } = kvLayout(model, kvBytes, tensorParallel);
  return windowed.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, fullBytesPerToken);
}

/** Bytes one sequence of `tokens` keeps, per GPU: windowed layers stop growing at their window. */
export const kvBytesPerSequence = (layout: KvLayout, tokens: number): number =>
  layout.windowed.reduce(
    (sum, { windowTokens, bytesPerToken }) => sum + Math.min(tokens, windowTokens) * bytesPerToken,
    layout.stateBytes + layout.fullBytesPerToken * tokens,
  );

/**
 * Bytes a decoding sequence of `contextTokens` reads in one step, per GPU: of each layer the tokens it attends to (not the
 * whole cache where a window or an indexer chooses), and its states.
 */
export function contextBytesRead(model: Model, kvBytes: 1 | 2, tensorParallel: number, contextTokens: number): number {
  let bytes = 0;
  for (const { layer, count } of distinctLayers(model.layers)) {
    for (const work of layer.attention.context) {
      const attended = Math.min(contextTokens, work.attendedTokens ?? contextTokens);
      bytes += count * attended * cacheBytesPerToken(work, kvBytes, tensorParallel);
    }
    for (const share of layer.attention.state) bytes += count * stateBytes(share, tensorParallel);
  }
  return bytes;
}
