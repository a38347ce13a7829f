import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { z } from 'zod';
import { fileError } from '../../src-worker/engine/errors.ts';
import { andMore, issueWords } from '../../src-worker/protocol/issues.ts';

/** A catalog file that passed its schema, with its text for the content hash. */
export interface CatalogFile<Content> {
  /** Inside the catalogs folder, with forward slashes: `clouds/gcp.json`. */
  path: string;
  content: Content;
  text: string;
}

/** What a catalogs folder is known by. Two suffice, so that a missing one is named instead of the whole folder. */
const LANDMARKS = ['gpus.json', 'clouds', 'models', 'workloads'];

/**
 * The folder of the bundled catalogs: the nearest `catalogs/` above this module (or above `start`), in the sources as in
 * the built chunks. Throws fileError when the installation has none.
 */
export function bundledCatalogsFolder(start = import.meta.dirname): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const candidate = join(folder, 'catalogs');
    if (LANDMARKS.filter((name) => existsSync(join(candidate, name))).length >= 2) return candidate;
    if (dirname(folder) === folder) break;
  }
  throw fileError(
    'catalogs_missing',
    'The folder "catalogs" is missing from this installation: install configiq again.',
  );
}

/** JSON files of a sub-folder in a fixed order; an absent folder is an error, an empty one is not. */
export function listCatalogFiles(catalogsFolder: string, folder: string): string[] {
  try {
    return readdirSync(join(catalogsFolder, folder))
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => `${folder}/${name}`);
  } catch (cause) {
    throw fileError(
      'catalog_unreadable',
      `The catalog folder ${folder}/ cannot be read in ${catalogsFolder} (${reasonOf(cause)}): restore it.`,
      { file: folder },
      cause,
    );
  }
}

/** What a schema last made of each path. */
const checkedTexts = new WeakMap<z.ZodType, Map<string, CatalogFile<unknown>>>();

/**
 * Reads one file and checks it; every error names file, field, value and cure. A text that was checked before is not checked
 * again, so its content is shared by all who read it and refuses every write.
 */
export function readCatalogFile<Schema extends z.ZodType>(
  catalogsFolder: string,
  path: string,
  schema: Schema,
): CatalogFile<z.output<Schema>> {
  const text = readText(catalogsFolder, path);
  let checked = checkedTexts.get(schema);
  if (!checked) checkedTexts.set(schema, (checked = new Map<string, CatalogFile<unknown>>()));
  const last = checked.get(path);
  if (last?.text === text) return last as CatalogFile<z.output<Schema>>;
  const data = parseJson(path, text);
  const result = schema.safeParse(data);
  if (!result.success) throw invalidFile(path, data, result.error);
  const file = { path, content: frozen(result.data), text };
  checked.set(path, file);
  return file;
}

/** Refuses every write from now on, however deep. */
function frozen<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}

/** A field that passed the schema and still cannot be right: a reference to nothing, a duplicate. */
export function catalogError(path: string, field: string, problem: string): Error {
  return fileError('catalog_invalid', `${path}: ${field}: ${problem}`, { file: path, field });
}

export function readText(catalogsFolder: string, path: string): string {
  try {
    return readFileSync(join(catalogsFolder, path), 'utf8');
  } catch (cause) {
    throw fileError(
      'catalog_unreadable',
      `The catalog file ${path} cannot be read in ${catalogsFolder} (${reasonOf(cause)}): restore it.`,
      { file: path },
      cause,
    );
  }
}

export function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replaceAll(/\s+/g, ' ').slice(0, 160) : String(cause);
    throw fileError(
      'catalog_malformed',
      `${path} is not valid JSON (${reason}): mend it there or restore the file.`,
      { file: path },
      cause,
    );
  }
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : String(cause);

function invalidFile(path: string, data: unknown, error: z.ZodError): Error {
  const [issue] = error.issues;
  if (!issue) return catalogError(path, 'file', 'is not valid.');
  const field = fieldName(data, issue.path) || 'file';
  const value = issue.path.reduce<unknown>(member, data);
  return catalogError(
    path,
    field,
    `${issueWords(issue, { value })}${andMore(error.issues.length)}; catalogs/README.md says what belongs there.`,
  );
}

function member(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
}

/** `gpus[nvidia-t4].memory_usable_gib`: entries of a list go by their name, which people can search for. */
function fieldName(data: unknown, path: readonly PropertyKey[]): string {
  let value = data;
  let field = '';
  for (const key of path) {
    value = member(value, key);
    if (typeof key === 'number') {
      const label = [
        member(value, 'id'),
        member(value, 'name'),
        member(value, 'region'),
        member(value, 'version'),
      ].find((candidate) => typeof candidate === 'string');
      field += `[${label ?? key}]`;
    } else {
      field += field === '' ? String(key) : `.${String(key)}`;
    }
  }
  return field;
}
