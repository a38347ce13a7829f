import { invalidInput } from '../../errors.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import type { Frame } from '../frame.ts';

/** Which layers see only the last tokens: reads the fields once, then gives the window of each layer (null = all). */
export type WindowRule = (fields: ConfigFields, frame: Frame) => (layer: number) => number | null;

export interface WindowOptions {
  /** Class default of `sliding_window`; absent = none. */
  tokens?: number;
  /** Flag without which the window is inert (Qwen: `use_sliding_window`, off unless said). */
  enabledBy?: string;
  /** Every n-th layer sees everything, the others slide; a file's `sliding_window_pattern` wins. */
  fullEvery?: number;
  /** Field with the number of first layers that see everything. */
  fullLayersField?: string;
}

const LAYER_KINDS = { full_attention: 'full', sliding_attention: 'sliding' } as const;
type LayerKind = keyof typeof LAYER_KINDS;

const isLayerKind = (value: unknown): value is LayerKind =>
  typeof value === 'string' && Object.hasOwn(LAYER_KINDS, value);

/** `layer_types`, one entry per layer, or null when the file has none. Kinds not covered yet are refused in words. */
function layerKinds(fields: ConfigFields, numLayers: number): LayerKind[] | null {
  const written = fields.optionalTexts(['layer_types'], LIMITS.layers);
  if (!written) return null;
  if (written.length !== numLayers) {
    throw fields.invalid('layer_types', written, `a list of ${numLayers} entries, one per layer`);
  }
  return written.map((kind) => {
    if (isLayerKind(kind)) return kind;
    const message = `${fields.modelId} has layers of the kind "${kind.slice(0, 40)}" (layer_types), which is not supported yet; supported are full_attention and sliding_attention.`;
    throw invalidInput('model_unsupported', message, {
      model: fields.modelId,
      model_type: fields.optionalText(['model_type']),
      layer_kind: kind.slice(0, 40),
    });
  });
}

/** `sliding_window_pattern`: a number n (every n-th layer is full) or a text with one letter per layer ("LLLG"). */
function fullEvery(fields: ConfigFields, otherwise: number | undefined): number | undefined {
  const names = ['sliding_window_pattern', '_sliding_window_pattern'];
  if (!fields.holdsText(names)) return fields.optionalCount(names, LIMITS.layers) ?? otherwise;
  const pattern = fields.optionalText(names) ?? '';
  if (!/^L+G$/.test(pattern)) throw fields.invalid(names[0] ?? '', pattern, 'a number, or letters L closed by one G');
  return pattern.length;
}

/**
 * Sliding-window attention. `layer_types` decides where it is given, then the pattern, then `fullLayersField`; with none of
 * them every layer slides. A window no shorter than the context is none.
 */
export function slidingWindow(options: WindowOptions = {}): WindowRule {
  return (fields, frame) => {
    const kinds = layerKinds(fields, frame.numLayers);
    const tokens =
      fields.optionalCount(['sliding_window', 'sliding_window_size'], LIMITS.context, 0) ?? options.tokens ?? 0;
    const isEnabled = options.enabledBy === undefined || fields.flag([options.enabledBy], false);
    if (kinds?.includes('sliding_attention') && isEnabled && tokens === 0) {
      throw fields.missing(['sliding_window'], 'the window of the sliding layers, in tokens');
    }
    if (!isEnabled || tokens === 0 || tokens >= frame.maxContextTokens) return () => null;
    if (kinds) return (layer) => (kinds[layer] === 'sliding_attention' ? tokens : null);
    const period = fullEvery(fields, options.fullEvery);
    if (period !== undefined) return (layer) => ((layer + 1) % period === 0 ? null : tokens);
    const field = options.fullLayersField;
    const firstSliding = field === undefined ? 0 : (fields.optionalCount([field], LIMITS.layers, 0) ?? 0);
    return (layer) => (layer >= firstSliding ? tokens : null);
  };
}

/** Every layer sees the whole context, unless the file lists layers that slide. */
export const wholeContext: WindowRule = (fields, frame) =>
  fields.has('layer_types') ? slidingWindow()(fields, frame) : () => null;
