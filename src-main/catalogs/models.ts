import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import {
  aliasDifferencesFileSchema,
  aliasesFileSchema,
  modelsIndexSchema,
  type AliasDifferencesFile,
  type ModelsIndexFile,
} from '../../src-worker/protocol/catalog-files.ts';
import { catalogError, parseJson, readCatalogFile, readText } from './files.ts';

/**
 * The bundled Hugging Face configs. The index decides what exists: a model id never becomes part of a path, so an id
 * from outside cannot leave the folder.
 */

const INDEX = 'models/index.json';
const ALIASES = 'models/aliases.json';
const DIFFERENCES = 'models/alias-differences.json';

/** Ids of every bundled config, in the order of the index. Throws fileError. */
export function listBundledModelIds(catalogsFolder: string): string[] {
  return listBundledModels(catalogsFolder).map(({ id }) => id);
}

/** The index: id, file in `models/configs` and provenance of every bundled config. Throws fileError. */
export function listBundledModels(catalogsFolder: string): ModelsIndexFile['models'] {
  const { content } = readCatalogFile(catalogsFolder, INDEX, modelsIndexSchema);
  const ids = new Set<string>();
  for (const { id } of content.models) {
    if (ids.has(id)) throw catalogError(INDEX, `models[${id}]`, 'is there twice: remove one.');
    ids.add(id);
  }
  return content.models;
}

/** One bundled config, not yet checked beyond being JSON; null when no model of this exact id is bundled. Throws fileError. */
export function readBundledModel(catalogsFolder: string, id: string): ModelSource | null {
  const entry = listBundledModels(catalogsFolder).find((model) => model.id === id);
  if (!entry) return null;
  const path = `models/configs/${entry.file}`;
  return {
    id: entry.id,
    config: parseJson(path, readText(catalogsFolder, path)),
    origin: 'bundled',
    source: entry.provenance,
    // The provenance names the commit of the repository the config was found in, not the model's own revision.
    revision: null,
    safetensors: null,
    addedAt: null,
  };
}

/** Another id of a bundled architecture. */
export interface Alias {
  /** The bundled id. */
  of: string;
  /** Fields of its own config.json, laid over the bundled one. */
  differences: Record<string, unknown>;
}

/** Names of re-uploads that store their weights otherwise. They are only asked for care: what is stored stands in the file. */
const NAMES_A_FORMAT = /(awq|gptq|fp8|fp4|int[48]|w\d+a\d+|bnb|gguf)/i;

/**
 * Other ids of the same architecture, by alias. One whose name speaks of a format has to say how it stores its weights, so
 * that none is taken for a 16-bit checkpoint. Throws fileError.
 */
export function loadAliases(catalogsFolder: string): Map<string, Alias> {
  const { content } = readCatalogFile(catalogsFolder, ALIASES, aliasesFileSchema);
  const { content: differences } = readCatalogFile(catalogsFolder, DIFFERENCES, aliasDifferencesFileSchema);
  const bundled = new Set(listBundledModelIds(catalogsFolder));
  const aliases = new Map<string, Alias>();
  for (const [alias, id] of Object.entries(content.aliases)) {
    if (!bundled.has(id))
      throw catalogError(ALIASES, `aliases.${alias}`, `"${id}" is not in ${INDEX}: name a bundled model.`);
    if (bundled.has(alias)) throw catalogError(ALIASES, `aliases.${alias}`, `is itself bundled: remove the alias.`);
    const own = differencesOf(differences, alias);
    if (NAMES_A_FORMAT.test(alias) && own['quantization_config'] === undefined) {
      throw catalogError(
        DIFFERENCES,
        `aliases.${alias}`,
        'is missing, and its name speaks of a format: say how it stores its weights.',
      );
    }
    aliases.set(alias, { of: id, differences: own });
  }
  const stray = Object.keys(differences.aliases).find((alias) => !aliases.has(alias));
  if (stray !== undefined) throw catalogError(DIFFERENCES, `aliases.${stray}`, `is not in ${ALIASES}: remove it.`);
  return aliases;
}

function differencesOf({ aliases, quantizations }: AliasDifferencesFile, alias: string): Record<string, unknown> {
  const own = aliases[alias];
  if (own === undefined) return {};
  const config = 'config' in own ? own.config : {};
  if (own.quantization === undefined) return config;
  const stored = quantizations[own.quantization];
  if (stored === undefined) {
    const words = `"${own.quantization}" is not among quantizations: name one of ${Object.keys(quantizations).join(', ')}.`;
    throw catalogError(DIFFERENCES, `aliases.${alias}.quantization`, words);
  }
  return { quantization_config: stored.config, ...config };
}

/** The config of an alias: that of the model it stands for, with its own fields laid over it. */
export function aliasSource(alias: string, { differences }: Alias, base: ModelSource): ModelSource {
  const config = { ...(base.config as Record<string, unknown>), ...differences };
  // What is known of the files of the other repository says nothing of this one's.
  return { ...base, id: alias, config, safetensors: null, factsOf: { id: base.id, differs: Object.keys(differences) } };
}
