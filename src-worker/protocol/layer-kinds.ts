import type { LayerSummary } from './documents.ts';

/** Layers that are alike, wherever they stand. */
export interface LayerKind {
  layer: LayerSummary;
  /** How many there are. */
  count: number;
  /** What the order calls them: A, B, … */
  letter: string;
}

export interface LayerKinds {
  kinds: LayerKind[];
  /** `1 A, 1 B, and so on` where kinds take turns; null where each stands together. */
  order: string | null;
}

const keyOf = (layer: LayerSummary): string => JSON.stringify({ ...layer, count: 0, first: 0 });

/** The kinds of layers of a model in the order they first appear, and how they take turns where they do. */
export function layerKinds(layers: readonly LayerSummary[]): LayerKinds {
  const keys = [...new Set(layers.map(keyOf))];
  const kinds = keys.flatMap((key, index): LayerKind[] => {
    const alike = layers.filter((layer) => keyOf(layer) === key);
    const [layer] = alike;
    return layer ? [{ layer, count: alike.reduce((sum, { count }) => sum + count, 0), letter: letterOf(index) }] : [];
  });
  if (layers.length === kinds.length) return { kinds, order: null };
  return { kinds, order: orderText(layers.map((layer) => `${layer.count} ${letterOf(keys.indexOf(keyOf(layer)))}`)) };
}

const FIRST_LETTER = 'A'.charCodeAt(0);
const letterOf = (index: number): string => String.fromCharCode(FIRST_LETTER + index);

/** `1 A, 1 B, and so on` where the order repeats itself; the last turn may be cut short. */
function orderText(order: readonly string[]): string {
  for (let period = 1; period <= order.length / 2; period += 1) {
    const turn = order.slice(0, period);
    if (order.every((part, index) => part === turn[index % period])) return `${turn.join(', ')}, and so on`;
  }
  return order.join(', ');
}
