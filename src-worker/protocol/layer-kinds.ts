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
  /** One letter a layer: `AAAB, and so on` where kinds take turns; null where each stands together. */
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
  const letters = layers.map((layer) => letterOf(keys.indexOf(keyOf(layer))).repeat(layer.count)).join('');
  return { kinds, order: orderText(letters) };
}

const FIRST_LETTER = 'A'.charCodeAt(0);
const letterOf = (index: number): string => String.fromCharCode(FIRST_LETTER + index);

/** Turns longer than this are not taken for turns: the order is written out. */
const LONGEST_TURN = 16;

/** Letters of a part of an order that is written out. */
const PART = 10;

/** `AAAB, and so on` where the order repeats itself, the last turn may be cut short; else every letter, in parts of ten. */
function orderText(letters: string): string {
  for (let period = 1; period <= Math.min(LONGEST_TURN, letters.length / 2); period += 1) {
    const turn = letters.slice(0, period);
    if ([...letters].every((letter, index) => letter === turn[index % period])) return `${turn}, and so on`;
  }
  return letters.match(new RegExp(`.{1,${PART}}`, 'g'))?.join(' ') ?? letters;
}
