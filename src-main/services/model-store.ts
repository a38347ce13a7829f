import { dirname } from 'node:path';
import { listedFacts } from '../../src-worker/answers/model-summary.ts';
import { analyzeModel, embedsSentence } from '../../src-worker/engine/model/analyze.ts';
import { errorInfo, invalidInput, fileError } from '../../src-worker/engine/errors.ts';
import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import type { ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { chooseFrom, suggestNames } from '../../src-worker/protocol/suggest.ts';
import { aliasSource, listBundledModelIds, loadAliases, readBundledModel, type Alias } from '../catalogs/models.ts';
import { findCached, scanCache, type BrokenModel, type CachedModel } from '../hub/cache.ts';
import type { PulledModel } from '../hub/pull.ts';
import { readFolderSafetensors } from '../hub/safetensors-folder.ts';
import type { Store, StoredModel } from '../store/store.ts';
import { checkedModel, readConfig } from './model-config.ts';
import { findConfigFile, isWrittenAsPath, missingConfig, readConfigTexts, type ConfigFile } from './model-files.ts';
import { checkId, idFromFileName, shortId } from './model-ids.ts';

type Report = (problem: string) => void;

/**
 * Every model a question may name: files of this start, then those that are kept (imported, pulled), then bundled ones,
 * then those of the local Hugging Face cache, then aliases: another id of a bundled architecture, with what differs.
 */
export interface ModelStore {
  /** All of them by id; those that cannot be analyzed say why. Database rows that cannot be read go to `report`. */
  list(report: Report): ModelListEntry[];
  /** By id or alias, letter case aside; the source carries the id in its own spelling. Throws `unknown_model` with near names. */
  resolve(name: string): ModelSource;
  /** The same with what the safetensors files beside its config say; files that cannot be read go to `report`. */
  describe(name: string, report: Report): ModelSource;
  /** Checks, analyzes and keeps a config. `id` null = from the file name. */
  import(request: { text: string; fileName: string; id: string | null }, addedAt: string): ModelSource;
  /** The same for a path to a config or to the folder that holds one, with the safetensors files beside it. */
  importPath(request: { path: string; id: string | null }, addedAt: string, report: Report): ModelSource;
  /** Checks, analyzes and keeps what was pulled from a hub. */
  keep(pulled: Omit<PulledModel, 'notes'>, addedAt: string): ModelSource;
  /** False when no imported or pulled model has this id. */
  remove(id: string): boolean;
  /** Puts back what was removed, or replaced by one of the same id, last. False when nothing was since the start. */
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

/**
 * Opens the config store over the bundled catalogs, the database and the local Hugging Face cache (null = without one).
 * Throws file errors of the catalogs.
 */
export function createModelStore(catalogsFolder: string, store: Store, cacheFolder: string | null = null): ModelStore {
  const bundledIds = new Map(listBundledModelIds(catalogsFolder).map((id) => [key(id), id]));
  const aliases = new Map([...loadAliases(catalogsFolder)].map(([name, alias]) => [key(name), { name, ...alias }]));
  const files = new Map<string, ModelSource>();
  /** What left the store while the program runs, to be put back. */
  const displaced = new Map<string, StoredModel>();
  // Bundled files do not change while the program runs; the others are analyzed again, there are few.
  const bundledEntries = new Map<string, ModelListEntry>();

  /** Says in the source that a bundled model is hidden. Told on the way out, because catalogs change and rows stay. */
  const withPlace = (source: ModelSource): ModelSource => {
    if (source.origin === 'bundled' || source.factsOf) return source;
    const name = key(source.id);
    const alias = aliases.get(name);
    const hidden = bundledIds.has(name) ? 'the bundled one' : alias && `the alias of ${alias.of}`;
    return hidden === undefined ? source : { ...source, source: `${source.source} (takes the place of ${hidden})` };
  };
  const cached = (): ReturnType<typeof scanCache> =>
    cacheFolder === null ? { models: [], broken: [] } : scanCache(cacheFolder);
  const findInCache = (name: string): ModelSource | null => {
    const found = cacheFolder === null ? null : findCached(cacheFolder, name);
    // What is broken there gives way to an alias; nothing else has the name.
    if (found === null || ('problem' in found && aliases.has(key(name)))) return null;
    return readCached(found);
  };
  const findByName = (name: string): ModelSource | null => {
    const known = files.get(key(name)) ?? store.readModel(name.trim());
    if (known) return known;
    const bundled = bundledIds.get(key(name));
    return bundled === undefined ? findInCache(name) : readBundledModel(catalogsFolder, bundled);
  };
  /** What is stored otherwise is analyzed by itself, once; the rest is as its model. */
  const aliasEntry = (alias: Alias & { name: string }, meant: ModelListEntry): ModelListEntry => {
    if (Object.keys(alias.differences).length === 0) return { ...meant, id: alias.name };
    const known = meant.origin === 'bundled' ? bundledEntries.get(alias.name) : undefined;
    if (known) return known;
    const base = findByName(alias.of);
    if (!base) return { ...meant, id: alias.name };
    const entry = entryOf(aliasSource(alias.name, alias, base));
    if (meant.origin === 'bundled') bundledEntries.set(alias.name, entry);
    return entry;
  };
  const find = (name: string): ModelSource | null => {
    const found = findByName(name);
    if (found) return found;
    const alias = aliases.get(key(name));
    const base = alias && findByName(alias.of);
    return alias && base ? aliasSource(alias.name, alias, base) : null;
  };
  const unknownModel = (name: string): Error => {
    const near = suggestNames(name, [
      ...store.listModels().rows.map(({ id }) => id),
      ...bundledIds.values(),
      ...cached().models.map(({ id }) => id),
      ...[...aliases.values()].map(({ name: alias }) => alias),
    ]);
    const cure = near.length > 0 ? chooseFrom(near, near) : 'import its config.json, or see the list of models.';
    const sentence = `Unknown model "${name.slice(0, 100)}": ${cure}`;
    return invalidInput('unknown_model', sentence, { model: shortId(name), nearest: near });
  };
  const known = (name: string): ModelSource => {
    const found = find(name);
    if (!found) throw unknownModel(name);
    return found;
  };
  const setAside = (id: string): void => {
    const stored = store.readModel(id);
    if (stored) displaced.set(key(id), stored);
  };
  const keepModel = (model: ModelSource, addedAt: string, origin: StoredModel['origin']): ModelSource => {
    const kept: StoredModel = { ...model, origin, addedAt };
    setAside(kept.id);
    store.saveModel(kept);
    // A file of this start would hide what was just kept under its name.
    files.delete(key(kept.id));
    return withPlace(kept);
  };

  return {
    list(report) {
      const { rows, problems } = store.listModels();
      problems.forEach(report);
      const entries = new Map<string, ModelListEntry>();
      for (const id of bundledIds.values()) {
        let entry = bundledEntries.get(id);
        if (!entry) bundledEntries.set(id, (entry = bundledEntry(readBundledModel(catalogsFolder, id), id)));
        entries.set(key(id), entry);
      }
      for (const model of rows) entries.set(key(model.id), entryOf(model));
      const { models, broken } = cached();
      for (const model of [...models, ...broken]) {
        if (!entries.has(key(model.id))) entries.set(key(model.id), cachedEntry(model));
      }
      for (const [name, alias] of aliases) {
        const meant = entries.get(key(alias.of));
        if (meant && !entries.has(name)) entries.set(name, { ...aliasEntry(alias, meant), alias_of: meant.id });
      }
      return [...entries.values()].sort((one, other) => (key(one.id) < key(other.id) ? -1 : 1));
    },
    resolve: (name) => withPlace(known(name)),
    describe: (name, report) => withPlace(withSafetensors(known(name), report)),
    import({ text, fileName, id }, addedAt) {
      const checked = (id ?? idFromFileName(fileName)).trim();
      checkId(checked, id === null ? 'import' : 'given');
      const told = { id: checked, source: fileName, revision: null, safetensors: null, addedAt };
      const model = checkedModel({ config: text, quantization: null }, { ...told, origin: 'imported' });
      return keepModel(model, addedAt, 'imported');
    },
    importPath({ path, id }, addedAt, report) {
      const file = findConfigFile(path);
      if (!file) throw missingConfig(path);
      const checked = (id ?? file.id).trim();
      checkId(checked, id === null ? 'import' : 'given');
      return keepModel(withSafetensors(readFile({ ...file, id: checked }), report), addedAt, 'imported');
    },
    keep(pulled, addedAt) {
      const { id, source, revision, safetensors } = pulled;
      const model = checkedModel(pulled, { id, source, revision, safetensors, addedAt, origin: 'hub' });
      return keepModel(model, addedAt, 'hub');
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
    configText: (name) => JSON.stringify(known(name).config, null, 2),
    resolveNameOrPath(nameOrPath) {
      // A known name wins over a file that happens to be called so, unless it is written as a path.
      const named = isWrittenAsPath(nameOrPath) ? null : find(nameOrPath);
      if (named) return withPlace(named);
      const file = findConfigFile(nameOrPath);
      if (!file) throw isWrittenAsPath(nameOrPath) ? missingConfig(nameOrPath) : unknownModel(nameOrPath);
      checkId(file.id.trim(), 'path');
      const source = readFile({ ...file, id: file.id.trim() });
      files.set(key(source.id), source);
      return withPlace(source);
    },
  };
}

/** Reads, checks and analyzes a file. Throws file errors. */
function readFile({ path, id, revision, writtenAt }: ConfigFile): ModelSource {
  const told = { id, source: path, revision, safetensors: null, addedAt: writtenAt };
  return checkedModel(readConfigTexts(path), { ...told, origin: 'file' });
}

/** A model of the Hugging Face cache, analyzed by whoever uses it. Throws file errors. */
function readCached(model: CachedModel | BrokenModel): ModelSource {
  if ('problem' in model) throw fileError('cached_model_broken', model.problem, { model: model.id });
  const { id, folder, revision, addedAt } = model;
  const file = findConfigFile(folder);
  if (!file) throw missingConfig(folder);
  const config = readConfig(readConfigTexts(file.path), file.path);
  return { id, config, origin: 'hf_cache', source: file.path, revision, safetensors: null, addedAt };
}

/** With what the safetensors files beside a file of this machine say; other sources have theirs. */
function withSafetensors(source: ModelSource, report: Report): ModelSource {
  if (source.origin !== 'file' && source.origin !== 'hf_cache') return source;
  const { summary, problem } = readFolderSafetensors(dirname(source.source));
  if (problem !== null) report(problem);
  return { ...source, safetensors: summary };
}

type Told = Pick<ModelListEntry, 'id' | 'origin' | 'source' | 'revision' | 'added_at'>;

const unsupportedEntry = (told: Told, reason: string): ModelListEntry => ({
  ...told,
  ...listedFacts(null),
  supported: false,
  reason,
  alias_of: null,
});

/** A line of the list. What cannot be analyzed stays in it, with the reason. */
function entryOf(source: ModelSource): ModelListEntry {
  const { id, origin, revision, addedAt } = source;
  const told: Told = { id, origin, source: source.source, revision, added_at: addedAt };
  try {
    const model = analyzeModel(source);
    // What embeds texts is counted, but there is nothing to size.
    const reason = model.generatesText ? null : embedsSentence(source.id);
    return { ...told, ...listedFacts(model), supported: reason === null, reason, alias_of: null };
  } catch (thrown) {
    return unsupportedEntry(told, errorInfo(thrown).message);
  }
}

function bundledEntry(source: ModelSource | null, id: string): ModelListEntry {
  if (source) return entryOf(source);
  const told: Told = { id, origin: 'bundled', source: 'the bundled catalog', revision: null, added_at: null };
  return unsupportedEntry(told, 'Its file is missing.');
}

function cachedEntry(model: CachedModel | BrokenModel): ModelListEntry {
  try {
    return entryOf(readCached(model));
  } catch (thrown) {
    const told = 'problem' in model ? null : model;
    return unsupportedEntry(
      {
        id: model.id,
        origin: 'hf_cache',
        source: told?.folder ?? 'the local Hugging Face cache',
        revision: told?.revision ?? null,
        added_at: told?.addedAt ?? null,
      },
      errorInfo(thrown).message,
    );
  }
}
