/** One entry of a combobox. */
export interface ComboItem {
  value: string;
  label: string;
  /** Heading it stands under; items of a group stand together in the order given. */
  group?: string;
  /** Second column: a size, a price. */
  detail?: string;
  /** Why it cannot be chosen. */
  reason?: string;
  /** Further words that find it, which are not shown. */
  search?: string;
}

export interface ComboGroup {
  heading: string;
  items: ComboItem[];
}

/** A longer list is not read anyway. */
export const MOST_SHOWN = 200;

const words = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Items that hold every word that was typed, in their order; all of them for no words. */
export function matchItems(items: ComboItem[], typed: string): ComboItem[] {
  const wanted = words(typed);
  return items.filter((item) => {
    const text = `${item.label} ${item.value} ${item.group ?? ''} ${item.search ?? ''}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

/** The first `MOST_SHOWN` of `items` under their headings, in the order in which the headings first appear. */
export function groupItems(items: ComboItem[]): ComboGroup[] {
  const groups = new Map<string, ComboItem[]>();
  for (const item of items.slice(0, MOST_SHOWN)) {
    const heading = item.group ?? '';
    groups.set(heading, [...(groups.get(heading) ?? []), item]);
  }
  return [...groups].map(([heading, members]) => ({ heading, items: members }));
}

export interface TextPiece {
  text: string;
  isMatch: boolean;
}

/** `text` cut where typed words stand in it, so that they can be set in bold. The pieces joined are `text`. */
export function markMatches(text: string, typed: string): TextPiece[] {
  const lower = text.toLowerCase();
  const marked = new Array<boolean>(text.length).fill(false);
  for (const word of words(typed)) {
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length)) {
      marked.fill(true, at, at + word.length);
    }
  }
  const pieces: TextPiece[] = [];
  for (const [index, character] of [...text.split('')].entries()) {
    const isMatch = marked[index] ?? false;
    const last = pieces.at(-1);
    if (last?.isMatch === isMatch) last.text += character;
    else pieces.push({ text: character, isMatch });
  }
  return pieces;
}
