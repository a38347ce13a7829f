import { LIMITS, type ConfigFields } from '../fields.ts';
import type { Frame } from '../frame.ts';
import { layerTypes } from './layer-types.ts';

/** Which layers see only the last tokens: reads the fields once, then gives the window of each layer (null = all). */
export type WindowRule = (fields: ConfigFields, frame: Frame) => (layer: number) => number | null;

export interface WindowOptions {
  /** Class default of `sliding_window`; absent = none. */
  tokens?: number;
  /** Flag without which the window is inert (Qwen: `use_sliding_window`, off unless said). */
  enabledBy?: string;
  /** Every n-th layer sees everything, the others slide; a file's `sliding_window_pattern` wins. */
  fullEvery?: number;
  /** Further fields that name that n. */
  fullEveryFields?: readonly string[];
  /** The first layer of each n sees everything instead of the last one. */
  isFullFirst?: boolean;
  /** Field with the number of first layers that see everything. */
  fullLayersField?: string;
}

/** Entries of `layer_types` whose layers see a window only. */
const WINDOWED: ReadonlySet<string> = new Set(['sliding_attention', 'chunked_attention']);

const WINDOW_NAMES = ['sliding_window', 'sliding_window_size', 'attention_chunk_size'];

/** The window as written; the class default where the file leaves it out, none where it writes null. */
function windowTokens(fields: ConfigFields, otherwise: number): number {
  const written = fields.optionalCount(WINDOW_NAMES, LIMITS.context, -1);
  if (written !== null) return Math.max(written, 0);
  return WINDOW_NAMES.some((name) => fields.isWrittenNull(name)) ? 0 : otherwise;
}

/** `sliding_window_pattern`: a number n (every n-th layer is full) or a text with one letter per layer ("LLLG"). */
function fullEvery(fields: ConfigFields, options: WindowOptions): number | undefined {
  const names = ['sliding_window_pattern', '_sliding_window_pattern', ...(options.fullEveryFields ?? [])];
  if (!fields.holdsText(names)) return fields.optionalCount(names, LIMITS.layers) ?? options.fullEvery;
  const pattern = fields.optionalText(names) ?? '';
  if (!/^L+G$/.test(pattern)) throw fields.invalid(names, pattern, 'a number, or letters L closed by one G');
  return pattern.length;
}

/**
 * Sliding-window attention. `layer_types` decides where it is given, then the pattern, then `fullLayersField`; with none of
 * them every layer slides. A window no shorter than the context is none.
 */
export function slidingWindow(options: WindowOptions = {}): WindowRule {
  return (fields, frame) => {
    const types = layerTypes(fields, frame.numLayers);
    const tokens = windowTokens(fields, options.tokens ?? 0);
    const isEnabled = options.enabledBy === undefined || fields.flag([options.enabledBy], false);
    if (types?.some((type) => WINDOWED.has(type)) && isEnabled && tokens === 0) {
      throw fields.missing(['sliding_window'], 'the window of the sliding layers, in tokens');
    }
    if (!isEnabled || tokens === 0 || tokens >= frame.maxContextTokens) return () => null;
    if (types) return (layer) => (WINDOWED.has(types[layer] ?? '') ? tokens : null);
    const period = fullEvery(fields, options);
    const offset = options.isFullFirst ? 0 : 1;
    if (period !== undefined) return (layer) => ((layer + offset) % period === 0 ? null : tokens);
    const field = options.fullLayersField;
    const firstSliding = field === undefined ? 0 : (fields.optionalCount([field], LIMITS.layers, 0) ?? 0);
    return (layer) => (layer >= firstSliding ? tokens : null);
  };
}

/** The window of the layers `isWindowed` names, for families whose files say it in their own way. */
export const windowWhere =
  (tokens: number, isWindowed: (fields: ConfigFields, frame: Frame) => (layer: number) => boolean): WindowRule =>
  (fields, frame) => {
    if (fields.has('layer_types')) return slidingWindow({ tokens })(fields, frame);
    const written = windowTokens(fields, tokens);
    if (written === 0 || written >= frame.maxContextTokens) return () => null;
    const slides = isWindowed(fields, frame);
    return (layer) => (slides(layer) ? written : null);
  };

/** Every layer sees the whole context, unless the file lists layers that slide. */
export const wholeContext: WindowRule = (fields, frame) =>
  fields.has('layer_types') ? slidingWindow()(fields, frame) : () => null;
