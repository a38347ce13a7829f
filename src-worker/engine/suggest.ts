/**
 * Near matches for a name that nobody knows, best first, at most `limit`. Upper and lower case count as equal; a name that
 * contains the unknown one (or is contained in it) ranks before one that is merely spelled alike.
 * Example: ("h10", GPU ids) gives nvidia-h100-80gb first, ("us-centrall1-a", zones) gives us-central1-a.
 */
export function suggestNames(unknown: string, known: readonly string[], limit = 3): string[] {
  const wanted = unknown.trim().toLowerCase().slice(0, LONGEST_NAME);
  if (wanted === '') return [];
  return [...new Set(known)]
    .map((name) => ({ name, badness: badness(wanted, name.toLowerCase()) }))
    .filter(({ badness: value }) => value < 1)
    .sort((a, b) => a.badness - b.badness || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map(({ name }) => name);
}

/** `did you mean "a" or "b"?`, else what there is to choose from: the end of a sentence about an unknown name. */
export function didYouMean(unknown: string, known: readonly string[]): string {
  return chooseFrom(suggestNames(unknown, known), known);
}

/** The same for near matches found by other means. */
export function chooseFrom(near: readonly string[], known: readonly string[]): string {
  if (near.length > 0) return `did you mean ${alternatives(near)}?`;
  if (known.length === 0) return 'there is none to choose from.';
  const names = [...new Set(known)].sort();
  const shown = names.slice(0, MOST_NAMES_LISTED).join(', ');
  return names.length > MOST_NAMES_LISTED
    ? `known are ${shown} and ${names.length - MOST_NAMES_LISTED} more.`
    : `known: ${shown}.`;
}

/** Anything longer is no name; it would only cost time. */
const LONGEST_NAME = 80;
const MOST_NAMES_LISTED = 8;
/** Share of letters that may differ before a name no longer counts as near. */
const FARTHEST = 0.4;

function alternatives(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.at(-1) ?? '';
  return quoted.length === 1 ? last : `${quoted.slice(0, -1).join(', ')} or ${last}`;
}

/** 0 = the same letters, below 1 = near, 1 = unrelated. */
function badness(wanted: string, name: string): number {
  const slash = name.lastIndexOf('/');
  // People leave out the owner of a model: llama-2-7b for meta-llama/Llama-2-7b-hf.
  return slash < 0 ? spelling(wanted, name) : Math.min(spelling(wanted, name), spelling(wanted, name.slice(slash + 1)));
}

function spelling(wanted: string, name: string): number {
  const distance = editDistance(wanted, name) / Math.max(wanted.length, name.length);
  const isPart = wanted.length >= 2 && (name.includes(wanted) || (name.length >= 2 && wanted.includes(name)));
  if (isPart) return distance / 2;
  return distance <= FARTHEST ? 0.5 + distance : 1;
}

/** Letters to insert, drop, replace or swap with their neighbor (optimal string alignment distance). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = at(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let best = Math.min(replaced, at(previous, column) + 1, at(current, column - 1) + 1);
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwap) best = Math.min(best, at(beforePrevious, column - 2) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY;
