/** `memoryGib` as documents write it: `memory_gib`. */
const snakeCase = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function withSnakeCaseKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSnakeCaseKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), withSnakeCaseKeys(inner)]));
}

/** Plain data of a host's call as a document shows it: every key in snake_case, values as they are. */
export const snakeCaseKeys = (data: object): object =>
  // An object or an array stays one.
  withSnakeCaseKeys(data) as object;
