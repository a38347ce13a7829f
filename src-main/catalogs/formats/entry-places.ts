import { isObject, type Json } from './json-fields.ts';
import { linesOf, type JsonPath } from './json-places.ts';
import { fieldOf } from './problems.ts';

export interface FactPlace {
  /** From 1; null where the file does not have the fact. */
  line: number | null;
  /** As the file calls it. */
  field: string;
  /** What stands there, where the file has it in another unit than our own files. */
  given: number | null;
}

/**
 * Where the entries of a content stand in the file they were read from. Entries go by the names that the rules give them:
 * a GPU's id, a provider's, `provider/instance`, `provider/instance/region`.
 */
export interface EntryPlaces {
  /** The entry that has to go where this one is wrong: a file may say several at one place. null = none of the file's. */
  unitOf(entry: string): string | null;
  /** Places of facts, by their keys in our own files, in the order asked. */
  of(facts: readonly { entry: string; key: string }[]): FactPlace[];
}

/** Path of a fact within its entry. */
type KeyPath = (key: string) => JsonPath;
const sameKey: KeyPath = (key) => [key];

/** Entries of a JSON file. */
export class JsonEntries implements EntryPlaces {
  readonly #text: string;
  readonly #data: unknown;
  readonly #entries = new Map<string, { unit: string; path: JsonPath; keyPath: KeyPath }>();

  /** `data`: the text, read. */
  constructor(text: string, data: unknown) {
    this.#text = text;
    this.#data = data;
  }

  add(
    entry: string,
    path: JsonPath,
    { keyPath = sameKey, unit = entry }: { keyPath?: KeyPath; unit?: string } = {},
  ): void {
    this.#entries.set(entry, { unit, path, keyPath });
  }

  unitOf(entry: string): string | null {
    return this.#entries.get(entry)?.unit ?? null;
  }

  of(facts: readonly { entry: string; key: string }[]): FactPlace[] {
    const paths = facts.map(({ entry, key }) => {
      const place = this.#entries.get(entry);
      return place ? [...place.path, ...place.keyPath(key)] : null;
    });
    const lines = linesOf(
      this.#text,
      paths.flatMap((path) => (path ? [path] : [])),
    );
    let at = 0;
    return paths.map((path, index) =>
      path
        ? { line: lines[at++] ?? null, field: fieldOf(path), given: this.#numberAt(path) }
        : { line: null, field: facts[index]?.key ?? '', given: null },
    );
  }

  #numberAt(path: JsonPath): number | null {
    const value = path.reduce<unknown>(
      (at, key) => (isObject(at) || Array.isArray(at) ? (at as Json)[key] : undefined),
      this.#data,
    );
    return typeof value === 'number' ? value : null;
  }
}

/** Entries of a table: one line each, and columns in the place of keys. */
export class TableEntries implements EntryPlaces {
  readonly #columns: Readonly<Record<string, string>>;
  readonly #lines = new Map<string, number>();

  constructor(columns: Readonly<Record<string, string>>) {
    this.#columns = columns;
  }

  /** Of an entry that several rows bring, the row that counts. */
  set(entry: string, line: number): void {
    this.#lines.set(entry, line);
  }

  unitOf(entry: string): string | null {
    return this.#lines.has(entry) ? entry : null;
  }

  of(facts: readonly { entry: string; key: string }[]): FactPlace[] {
    return facts.map(({ entry, key }) => ({
      line: this.#lines.get(entry) ?? null,
      field: this.#columns[key] ?? key,
      given: null,
    }));
  }
}
