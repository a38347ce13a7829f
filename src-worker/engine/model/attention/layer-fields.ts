import { LIMITS, type ConfigFields } from '../fields.ts';

const FIELD = 'per_layer_config';

/**
 * `per_layer_config`, by which Transformers 5 writes layers that differ from the others: the fields of each layer (0-based),
 * its own values before those of the file for `names`. Null when the file has no such object; then the family's own fields
 * tell the layers apart.
 */
export function layerFields(
  fields: ConfigFields,
  numLayers: number,
  names: readonly string[],
): ((layer: number) => ConfigFields) | null {
  const written = fields.nested(FIELD);
  if (written === null) return null;
  const own = new Map(
    written.names().map((name): [number, ConfigFields] => {
      const layer = /^\d{1,6}$/.test(name) ? Number(name) : LIMITS.layers;
      if (layer >= numLayers)
        throw fields.invalid(`${FIELD}.${name}`, name, `the number of a layer below ${numLayers}`);
      return [layer, fields.inner(`${FIELD}.${name}`, {}, names)];
    }),
  );
  return (layer) => own.get(layer) ?? fields;
}
