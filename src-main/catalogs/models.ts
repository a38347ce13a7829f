import type { ModelSource } from '../../src-worker/engine/model/source.ts';
import { aliasesFileSchema, modelsIndexSchema, type ModelsIndexFile } from '../../src-worker/protocol/catalog-files.ts';
import { catalogError, parseJson, readCatalogFile, readText } from './files.ts';

/**
 * The bundled Hugging Face configs. The index decides what exists: a model id never becomes part of a path, so an id
 * from outside cannot leave the folder.
 */

const INDEX = 'models/index.json';
const ALIASES = 'models/aliases.json';

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

/** Other ids of the same architecture, by alias, to the bundled id. Throws fileError. */
export function loadAliases(catalogsFolder: string): Map<string, string> {
  const { content } = readCatalogFile(catalogsFolder, ALIASES, aliasesFileSchema);
  const bundled = new Set(listBundledModelIds(catalogsFolder));
  for (const [alias, id] of Object.entries(content.aliases)) {
    if (!bundled.has(id))
      throw catalogError(ALIASES, `aliases.${alias}`, `"${id}" is not in ${INDEX}: name a bundled model.`);
    if (bundled.has(alias)) throw catalogError(ALIASES, `aliases.${alias}`, `is itself bundled: remove the alias.`);
  }
  return new Map(Object.entries(content.aliases));
}
