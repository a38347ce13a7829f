import { readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { listedFacts } from '../../src-worker/answers/model-summary.ts';
import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import { ConfigIqError, errorInfo, fileError, invalidInput } from '../../src-worker/engine/errors.ts';
import type { ModelSource } from '../../src-worker/engine/model/types.ts';
import type { ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { listBundledModelIds, loadAliases, readBundledModel } from '../catalogs/models.ts';
import { chooseFrom, suggestNames } from '../../src-worker/protocol/suggest.ts';
import type { Store, StoredModel } from '../store/store.ts';
import { parseJsonText } from './json-text.ts';

/** Real configs have a few kilobytes; quantization lists reach some hundred. */
const MAX_CONFIG_BYTES = 5_000_000;
const MAX_CONFIG_TEXT = '5 MB';
const MAX_ID_LENGTH = 200;

/** Every model a question may name: files of this start, then imported configs, then bundled ones, then aliases. */
export interface ModelStore {
  /** All of them by id; those that cannot be analyzed say why. Database rows that cannot be read go to `report`. */
  list(report: (problem: string) => void): ModelListEntry[];
  /** By id or alias, letter case aside; the source carries the canonical id. Throws `unknown_model` with near names. */
  resolve(name: string): ModelSource;
  /** Checks, analyzes and keeps a config. `id` null = from the file name. */
  import(request: { text: string; fileName: string; id: string | null }, addedAt: string): ModelSource;
  /** False when no imported model has this id. */
  remove(id: string): boolean;
  /** Puts back what was removed, or replaced by an import of the same id, last. False when nothing was since the start. */
  restore(id: string): boolean;
  /** The config.json as JSON text. Throws what `resolve` throws. */
  configText(name: string): string;
  /**
   * Like `resolve`, and a path to a `config.json` (or to the folder that holds one) counts as well; the file is read now
   * and stays known under its id until the program ends.
   */
  resolveNameOrPath(nameOrPath: string): ModelSource;
}

const key = (name: string): string => name.trim().toLowerCase();

/** Opens the config store over the bundled catalogs and the database. Throws file errors of the catalogs. */
export function createModelStore(catalogsFolder: string, store: Store): ModelStore {
  const bundledIds = new Map(listBundledModelIds(catalogsFolder).map((id) => [key(id), id]));
  const aliases = new Map([...loadAliases(catalogsFolder)].map(([alias, id]) => [key(alias), { alias, id }]));
  const files = new Map<string, ModelSource>();
  /** What left the store while the program runs, to be put back. */
  const displaced = new Map<string, StoredModel>();
  // Bundled files do not change while the program runs; imported ones are analyzed again, there are few.
  const bundledEntries = new Map<string, ModelListEntry>();

  /** Says in the source that a bundled model is hidden. Told on the way out, because catalogs change and rows stay. */
  const withPlace = (source: ModelSource): ModelSource => {
    const name = key(source.id);
    const alias = aliases.get(name);
    const hidden = bundledIds.has(name) ? 'the bundled one' : alias && `the alias of ${alias.id}`;
    return hidden === undefined ? source : { ...source, source: `${source.source} (takes the place of ${hidden})` };
  };
  const find = (name: string): ModelSource | null => {
    const file = files.get(key(name));
    if (file) return withPlace(file);
    const imported = store.readModel(name.trim());
    if (imported) return withPlace(sourceOf(imported));
    const bundled = bundledIds.get(key(name));
    return bundled === undefined ? null : readBundledModel(catalogsFolder, bundled);
  };
  const findByAlias = (name: string): ModelSource | null => {
    const alias = aliases.get(key(name));
    return alias ? find(alias.id) : null;
  };
  const setAside = (id: string): void => {
    const stored = store.readModel(id);
    if (stored) displaced.set(key(id), stored);
  };
  const resolveName = (name: string): ModelSource => {
    const found = find(name) ?? findByAlias(name);
    if (found) return found;
    const imported = store.listModels().rows.map(({ id }) => id);
    const near = suggestNames(name, [
      ...imported,
      ...bundledIds.values(),
      ...[...aliases.values()].map(({ alias }) => alias),
    ]);
    throw invalidInput(
      'unknown_model',
      `Unknown model "${name.slice(0, 100)}": ${near.length > 0 ? chooseFrom(near, near) : 'import its config.json, or see the list of models.'}`,
      { model: name.slice(0, MAX_ID_LENGTH), nearest: near },
    );
  };

  return {
    list(report) {
      const { rows, problems } = store.listModels();
      problems.forEach(report);
      const entries = new Map<string, ModelListEntry>();
      for (const id of bundledIds.values()) {
        let entry = bundledEntries.get(id);
        if (!entry) bundledEntries.set(id, (entry = entryOf(readBundledModel(catalogsFolder, id), id)));
        entries.set(key(id), entry);
      }
      for (const model of rows) {
        entries.set(key(model.id), { ...entryOf(sourceOf(model), model.id), added_at: model.addedAt });
      }
      for (const [name, { alias, id }] of aliases) {
        const meant = entries.get(key(id));
        if (meant && !entries.has(name)) entries.set(name, { ...meant, id: alias, alias_of: meant.id });
      }
      return [...entries.values()].sort((one, other) => (key(one.id) < key(other.id) ? -1 : 1));
    },
    resolve: resolveName,
    import({ text, fileName, id }, addedAt) {
      const checkedId = (id ?? idFromFileName(fileName)).trim();
      checkId(checkedId, id === null ? 'import' : 'given');
      const source = readConfig(text, fileName, checkedId, 'imported');
      setAside(checkedId);
      store.saveModel({ ...source, origin: 'imported', addedAt });
      return withPlace(source);
    },
    remove(id) {
      setAside(id.trim());
      return store.removeModel(id.trim());
    },
    restore(id) {
      const stored = displaced.get(key(id));
      if (!stored) return false;
      store.saveModel(stored);
      return displaced.delete(key(id));
    },
    configText: (name) => JSON.stringify(resolveName(name).config, null, 2),
    resolveNameOrPath(nameOrPath) {
      const path = existingPath(nameOrPath);
      // A known name wins over a file that happens to be called so, unless it is written as a path.
      const known = isWrittenAsPath(nameOrPath) ? null : (find(nameOrPath) ?? findByAlias(nameOrPath));
      if (known) return known;
      if (path === null) {
        if (isWrittenAsPath(nameOrPath))
          throw fileError('file_missing', `There is no file ${resolve(nameOrPath)}: check the path.`, {
            path: nameOrPath,
          });
        return resolveName(nameOrPath);
      }
      const id = idFromFileName(path).trim();
      checkId(id, 'path');
      const source = readConfig(readConfigFile(path), path, id, 'file');
      files.set(key(source.id), source);
      return withPlace(source);
    },
  };
}

const sourceOf = ({ id, config, origin, source, revision }: StoredModel): ModelSource => ({
  id,
  config,
  origin,
  source,
  revision,
});

/** The file name without `.json`, its first `__` read as `/`. */
export function idFromFileName(fileName: string): string {
  // Names come from any system's file dialogs: both kinds of slash separate folders.
  const name = fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1);
  return name.replace(/\.json$/i, '').replace('__', '/');
}

/** Checks a config that came from outside, down to its analysis. Throws file errors. */
function readConfig(text: string, source: string, id: string, origin: 'imported' | 'file'): ModelSource {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_CONFIG_BYTES) throw tooLarge(source, bytes);
  const model: ModelSource = { id, config: parseJsonText(text, source), origin, source, revision: null };
  try {
    analyzeModel(model);
  } catch (thrown) {
    // To the engine a config is a value like any other; here it is a file, and the exit code says so.
    if (!(thrown instanceof ConfigIqError) || thrown.code !== 'config_invalid') throw thrown;
    throw fileError(thrown.code, thrown.message, thrown.details, thrown);
  }
  return model;
}

/** What hubs allow. Ids are printed inside commands for a shell, so nothing a shell reads may be in one. */
const MODEL_ID = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9._-]+){0,2}$/;

function checkId(id: string, origin: IdOrigin): void {
  if (id.length <= MAX_ID_LENGTH && MODEL_ID.test(id)) return;
  const shown = JSON.stringify(id.length > 60 ? `${id.slice(0, 60)}…` : id);
  throw invalidInput(
    'model_id_invalid',
    `Model id ${shown}${ORIGIN_WORDS[origin]} cannot be used: an id starts with a letter or digit, has only letters, digits, "." "_" and "-", at most two "/", and at most ${MAX_ID_LENGTH} characters: ${ID_CURES[origin]}.`,
    { field: 'id', id: id.slice(0, MAX_ID_LENGTH) },
  );
}

/** Where an id was taken from, which decides how to mend it. */
type IdOrigin = 'given' | 'import' | 'path';

const ORIGIN_WORDS: Record<IdOrigin, string> = {
  given: '',
  import: " (from the file's name)",
  path: " (from the file's name)",
};
const ID_CURES: Record<IdOrigin, string> = {
  given: 'give one such as meta-llama/Llama-2-7b-hf',
  import: 'give one with --id, or rename the file, for example to owner__name.json',
  path: 'rename the file, for example to owner__name.json',
};

const tooLarge = (source: string, bytes: number): ConfigIqError =>
  fileError('file_too_large', `${source} has ${bytes} bytes: a config.json has at most ${MAX_CONFIG_TEXT}.`, {
    source,
    bytes,
    limit: MAX_CONFIG_BYTES,
  });

const isWrittenAsPath = (name: string): boolean =>
  /\.json$/i.test(name) || /^(\.{0,2}[/\\]|\.{1,2}$|[A-Za-z]:[/\\])/.test(name);

/** The file meant by a path, or null when there is nothing there. */
function existingPath(path: string): string | null {
  const full = resolve(path);
  const found = statSync(full, { throwIfNoEntry: false });
  if (!found) return null;
  if (!found.isDirectory()) return full;
  const inside = join(full, 'config.json');
  return statSync(inside, { throwIfNoEntry: false }) ? inside : null;
}

function readConfigFile(path: string): string {
  const found = statSync(path);
  if (!found.isFile())
    throw fileError('file_unreadable', `${path} is not a file: give the path of a config.json.`, { path });
  if (found.size > MAX_CONFIG_BYTES) throw tooLarge(path, found.size);
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw fileError(
      'file_unreadable',
      `${basename(path)} cannot be read (${reason}): check its permissions.`,
      { path },
      thrown,
    );
  }
}

/** A line of the list. What cannot be analyzed stays in it, with the reason. */
function entryOf(source: ModelSource | null, id: string): ModelListEntry {
  const known = {
    id,
    origin: source?.origin ?? 'bundled',
    source: source?.source ?? '',
    revision: source?.revision ?? null,
    added_at: null,
    alias_of: null,
  };
  if (!source) return { ...known, ...listedFacts(null), supported: false, reason: 'Its file is missing.' };
  try {
    return { ...known, ...listedFacts(analyzeModel(source)), supported: true, reason: null };
  } catch (thrown) {
    return { ...known, ...listedFacts(null), supported: false, reason: errorInfo(thrown).message };
  }
}
