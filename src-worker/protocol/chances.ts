/** Chances that are known to about a percent are not written as certain: these are the nearest that are. */
const NEAREST = 0.995;

/** A chance as people read it: 86 %, more than 99 %, less than 1 %; 0 and 100 % only where nothing is unsure. */
export function chanceText(chance: number): string {
  if (chance > NEAREST && chance < 1) return 'more than 99 %';
  if (chance < 1 - NEAREST && chance > 0) return 'less than 1 %';
  return `${Math.round(chance * 100)} %`;
}

/** Least chance for each word, falling. */
const WORDS: readonly (readonly [least: number, words: string])[] = [
  [0.95, 'very likely'],
  [0.8, 'likely'],
  [0.6, 'more likely than not'],
  [0.4, 'as good as a coin toss'],
  [0.2, 'unlikely'],
  [0, 'very unlikely'],
];

export const chanceWords = (chance: number): string => WORDS.find(([least]) => chance >= least)?.[1] ?? 'very unlikely';

/**
 * Why every range may lie within its target and the chance still be 78 %: one value in ten lies above even the range of one
 * figure (80 %, two-sided), and a chance counts all figures and every error at once (engine/uncertainty/capacity-spread).
 */
export const CHANCE_BESIDE_RANGES =
  'A range is of one figure by itself; the chance asks that all targets hold at once, with the longer queues that slower steps bring.';
