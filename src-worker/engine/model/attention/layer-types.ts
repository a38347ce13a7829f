import { invalidInput } from '../../errors.ts';
import { LIMITS, type ConfigFields } from '../fields.ts';
import type { Frame } from '../frame.ts';

const NAMES = ['layer_types', 'layers_block_type'];

/**
 * The kind of each layer as the file lists it, or null when it does not; entries behind the last layer belong to blocks for
 * multi-token prediction. Throws `config_invalid` for another length.
 */
export function layerTypes(fields: ConfigFields, numLayers: number): string[] | null {
  const written = fields.optionalTexts(NAMES, LIMITS.layers);
  if (!written) return null;
  // Files with blocks for multi-token prediction list the kinds of those blocks after the layers.
  const blocks = fields.optionalCount(['num_nextn_predict_layers', 'mtp_num_hidden_layers'], LIMITS.layers, 0) ?? 0;
  if (written.length < numLayers || written.length > numLayers + blocks) {
    throw fields.invalid(NAMES, written, `a list of ${numLayers} entries, one per layer`);
  }
  return written.slice(0, numLayers);
}

/** Refuses a file that lists layers of a kind its family does not have. */
export function checkLayerTypes(fields: ConfigFields, numLayers: number, known: readonly string[]): void {
  const unknown = layerTypes(fields, numLayers)?.find((type) => !known.includes(type));
  if (unknown === undefined) return;
  const shown = unknown.slice(0, 40);
  const message = `${fields.modelId} has layers of the kind "${shown}" (layer_types), which is not supported yet; supported are ${known.join(', ')}.`;
  throw invalidInput('model_unsupported', message, {
    model: fields.modelId,
    model_type: fields.optionalText(['model_type']),
    layer_kind: shown,
  });
}

/** The kind of each layer (0-based) where the file does not list them. */
export type LayerTypeRule = (fields: ConfigFields, frame: Frame) => (layer: number) => string;

/** Reads one part of a layer: the fields once, then that of each layer (0-based). */
type PartReader<Part> = (fields: ConfigFields, frame: Frame) => (layer: number) => Part;

/**
 * Layers of several kinds: `readers` of their attention (or FFN) by the names `layer_types` uses, `otherwise` for files
 * without the list. A kind is read only where a layer has it, so that its fields may be missing elsewhere.
 */
export function byLayerType<Part>(
  readers: Readonly<Record<string, PartReader<Part>>>,
  otherwise: LayerTypeRule,
): PartReader<Part> {
  return (fields, frame) => {
    const written = layerTypes(fields, frame.numLayers);
    const typeOf = written ? (layer: number): string => written[layer] ?? '' : otherwise(fields, frame);
    const opened = new Map<PartReader<Part>, (layer: number) => Part>();
    return (layer) => {
      const type = typeOf(layer);
      const reader = Object.hasOwn(readers, type) ? readers[type] : undefined;
      if (!reader) throw fields.invalid(NAMES, type, `one of ${Object.keys(readers).join(', ')}`);
      const partOf = opened.get(reader) ?? reader(fields, frame);
      opened.set(reader, partOf);
      return partOf(layer);
    };
  };
}

/** Every n-th layer of one kind, the others of another: n from the file's `field`, else `otherwise` (the class default). */
export const everyNth =
  (field: string, otherwise: number, nth: string, others: string): LayerTypeRule =>
  (fields) => {
    const period = fields.optionalCount([field], LIMITS.layers) ?? otherwise;
    return (layer) => ((layer + 1) % period === 0 ? nth : others);
  };
