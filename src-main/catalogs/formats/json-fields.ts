import type { JsonPath } from './json-places.ts';
import { nameProblem, shown, type JsonProblems } from './problems.ts';

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface Bounds {
  /** Exclusive unless `mayEqual`. */
  above: number;
  mayEqual?: boolean;
  most: number;
  /** What a person would write: `USD per hour, 1.05`. */
  example: string;
}

/** Fields of foreign JSON, one by one: what is wrong goes to the problems, and the caller is given null. */
export class JsonFields {
  readonly #problems: JsonProblems;

  constructor(problems: JsonProblems) {
    this.#problems = problems;
  }

  /** Absent and null = null, without a problem. */
  optionalNumber(owner: Json, key: string, path: JsonPath, bounds: Bounds): number | null {
    return owner[key] === undefined || owner[key] === null ? null : this.number(owner, key, path, bounds);
  }

  number(owner: Json, key: string, path: JsonPath, { above, mayEqual = false, most, example }: Bounds): number | null {
    const value = owner[key];
    const place = [...path, key];
    if (value === undefined || value === null) {
      this.#problems.add(place, `is missing: give a number (${example})`);
    } else if (typeof value !== 'number' || !Number.isFinite(value)) {
      this.#problems.add(place, `must be a number (${example}), got ${shown(value)}`);
    } else if (value < above || (value === above && !mayEqual)) {
      const least = mayEqual ? `at least ${above}` : `above ${above}`;
      this.#problems.add(
        place,
        `must be ${least}, got ${value}: give the right figure, or leave it out where it is unknown`,
      );
    } else if (value > most) {
      this.#problems.add(place, `must be at most ${most}, got ${value}: check the unit (${example})`);
    } else return value;
    return null;
  }

  /** A name that people will read and type. */
  name(owner: Json, key: string, path: JsonPath, what: string): string | null {
    return this.#nameAt(owner[key], [...path, key], what);
  }

  #nameAt(value: unknown, path: JsonPath, what: string): string | null {
    if (typeof value === 'string' && value.trim() !== '') return this.checkedName(value.trim(), path);
    const got = value === undefined ? 'is missing' : `must be a text, got ${shown(value)}`;
    this.#problems.add(path, `${got}: give ${what}`);
    return null;
  }

  checkedName(name: string, path: JsonPath): string | null {
    const words = nameProblem(name);
    if (words === null) return name;
    this.#problems.add(path, `${shown(name)} ${words}`);
    return null;
  }

  /** Names in a list; absent = none. null when one of them cannot be taken. */
  names(owner: Json, key: string, path: JsonPath): string[] | null {
    const value = owner[key];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) {
      this.#problems.add([...path, key], `must be a list of names, got ${shown(value)}`);
      return null;
    }
    const names = value.map((name: unknown, index) => this.#nameAt(name, [...path, key, index], 'a name'));
    return names.includes(null) ? null : (names as string[]);
  }

  object(owner: Json, key: string, path: JsonPath): Json {
    const value = owner[key];
    if (isObject(value)) return value;
    if (value !== undefined && value !== null) {
      this.#problems.add([...path, key], `must be an object, got ${shown(value)}`);
    }
    return {};
  }
}
