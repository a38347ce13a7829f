import { distance } from 'fastest-levenshtein';

/** Edits per letter up to which a name still looks meant. */
const FARTHEST = 0.5;

/**
 * Names that were probably meant, nearest first. People leave out the owner and endings (`llama-2-7b` for
 * `meta-llama/Llama-2-7b-hf`), so the part after the slash is compared too, and a name that contains the given one counts
 * as near.
 */
export function nearestNames(given: string, names: Iterable<string>, count = 3): string[] {
  const wanted = given.toLowerCase();
  const scored = [...new Set(names)].map((name) => ({ name, score: dissimilarity(wanted, name.toLowerCase()) }));
  return scored
    .filter(({ score }) => score <= FARTHEST)
    .sort((one, other) => one.score - other.score || (one.name < other.name ? -1 : 1))
    .slice(0, count)
    .map(({ name }) => name);
}

/** 0 = the same, 1 = nothing in common. */
function dissimilarity(wanted: string, name: string): number {
  const parts = [name, name.slice(name.lastIndexOf('/') + 1)];
  const edits = parts.map((part) => distance(wanted, part) / Math.max(wanted.length, part.length, 1));
  if (wanted.length < 3 || !name.includes(wanted)) return Math.min(...edits);
  // Contained: near, and the nearer the less is left over.
  return Math.min(...edits, FARTHEST * (1 - wanted.length / name.length));
}

/** ` Did you mean A, B or C?`, or nothing when no name is near. */
export function didYouMean(names: readonly string[]): string {
  const [last, ...others] = [...names].reverse();
  if (last === undefined) return '';
  const list = others.length > 0 ? `${others.reverse().join(', ')} or ${last}` : last;
  return ` Did you mean ${list}?`;
}
