import type { CatalogProblem } from '../../../src-worker/protocol/catalog-api.ts';
import { linesOf, type JsonPath } from './json-places.ts';

/** Spreadsheets take a text that starts so for a formula (also in full width); no provider names anything like it. */
const FORMULA_START = /^[\s'"]*[=+\-@＝＋－＠]/;

/** Why a text cannot name anything; null when it can. */
export function nameProblem(name: string): string | null {
  if (FORMULA_START.test(name)) return 'starts like the formula of a spreadsheet: give the name alone';
  // eslint-disable-next-line no-control-regex -- the very characters a name must not have
  if (/[\u0000-\u001f\u007f]/.test(name)) return 'holds a control character: give the name alone';
  return name.length > 200 ? 'is longer than 200 characters: give a shorter name' : null;
}

/** Of an instance whose price a file does not say. */
export const unpricedWords = (id: string): string =>
  `has no price of ${id}: it is excluded as price_unknown until one is given`;

const LONGEST_SHOWN = 60;
/** A value in a sentence. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}

/** `vm_instances[2].gpus[0].type`. */
export const fieldOf = (path: JsonPath): string =>
  path.reduce<string>((field, key) => {
    if (typeof key === 'number') return `${field}[${key}]`;
    return field === '' ? key : `${field}.${key}`;
  }, '') || 'file';

/** Problems of a JSON file as they are met; their lines are looked up when all are there. */
export class JsonProblems {
  readonly #found: { path: JsonPath; words: string }[] = [];

  /** `words`: what is wrong and what cures it, without the field. */
  add(path: JsonPath, words: string): void {
    this.#found.push({ path, words });
  }

  get count(): number {
    return this.#found.length;
  }

  inLines(text: string): CatalogProblem[] {
    const lines = linesOf(
      text,
      this.#found.map(({ path }) => path),
    );
    const problems = this.#found.map(({ path, words }, index): CatalogProblem => {
      const field = fieldOf(path);
      return { line: lines[index] ?? null, field, sentence: `${field} ${words}.`, rule: null };
    });
    return problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  }
}

/** Reasons with how often each was met, in the order they were first met. */
export class Counted {
  readonly #counts = new Map<string, number>();

  add(reason: string, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
  }

  list(): { reason: string; count: number }[] {
    return [...this.#counts].map(([reason, count]) => ({ reason, count }));
  }
}
