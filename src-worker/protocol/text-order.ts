const NUMERIC = new Intl.Collator('en', { numeric: true });

/** Order of texts wherever they are sorted for people: numbers inside them by size, `g6.2xlarge` before `g6.12xlarge`. */
export const compareTexts = (one: string, other: string): number => NUMERIC.compare(one, other);
