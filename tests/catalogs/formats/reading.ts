import { changesBetween } from '../../../src-main/catalogs/changes.ts';
import { readCatalogText } from '../../../src-main/catalogs/formats/registry.ts';
import { stack, type LayeredCatalog } from '../../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, loadBundled } from '../../../src-main/catalogs/load.ts';
import type { CatalogChange, CatalogFileDraft } from '../../../src-worker/protocol/catalog-api.ts';

const bundled = loadBundled(bundledCatalogsFolder());
export const beneath: LayeredCatalog = stack(bundled.layers);

/** A file read over the bundled catalogs. */
export const read = (text: string | object, draft: Partial<CatalogFileDraft> = {}) =>
  readCatalogText(
    {
      fileName: 'catalog.json',
      text: typeof text === 'string' ? text : JSON.stringify(text, null, 2),
      format: null,
      provider: null,
      ...draft,
    },
    beneath,
  );

export type Read = ReturnType<typeof read>;

/** The catalogs with the file over them. */
export const over = ({ content }: Pick<Read, 'content'>): LayeredCatalog =>
  stack([...bundled.layers, { layer: 'file', origin: 'the file', content }]);

export const changesOf = (found: Pick<Read, 'content'>): CatalogChange[] => changesBetween(beneath, over(found));

export const instanceIn = (catalog: LayeredCatalog, provider: string, name: string) => {
  const found = catalog.instances.find((one) => one.provider === provider && one.facts.name === name);
  if (!found) throw new Error(`no ${provider}/${name}`);
  return found;
};

export const offerIn = (catalog: LayeredCatalog, provider: string, name: string, region: string) => {
  const found = instanceIn(catalog, provider, name).offers.find(({ facts }) => facts.region === region);
  if (!found) throw new Error(`no ${provider}/${name}/${region}`);
  return found;
};

/** `line field` of every problem. */
export const places = ({ problems }: Read): string[] => problems.map(({ line, field }) => `${line} ${field}`);
