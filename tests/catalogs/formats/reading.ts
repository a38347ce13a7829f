import { changesBetween } from '../../../src-main/catalogs/changes.ts';
import type { CatalogContent } from '../../../src-main/catalogs/content.ts';
import { readCatalogText } from '../../../src-main/catalogs/formats/registry.ts';
import { checkedCatalog, judged } from '../../../src-main/catalogs/judge.ts';
import { stack, type LayeredCatalog } from '../../../src-main/catalogs/layers.ts';
import { bundledCatalogsFolder, loadBundled } from '../../../src-main/catalogs/load.ts';
import type { CatalogChange, CatalogFileDraft } from '../../../src-worker/protocol/catalog-api.ts';

const bundled = loadBundled(bundledCatalogsFolder());
export const beneath: LayeredCatalog = stack(bundled.layers);

const checked = (catalog: LayeredCatalog) => checkedCatalog(bundled, catalog);
const before = checked(beneath);

/** A file read over the bundled catalogs, before the rules look at it. */
export const readAlone = (text: string | object, draft: Partial<CatalogFileDraft> = {}) =>
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

/** A file read over the bundled catalogs, and what the rules say of it. */
export function read(text: string | object, draft: Partial<CatalogFileDraft> = {}) {
  const found = readAlone(text, draft);
  return { ...judged(found, before, (content) => over({ content }), checked), format: found.format };
}

export type Read = ReturnType<typeof read>;

/** The catalogs with the file over them. */
export const over = ({ content }: { content: CatalogContent }): LayeredCatalog =>
  stack([...bundled.layers, { layer: 'file', origin: 'the file', content }]);

export const changesOf = (found: { content: CatalogContent }): CatalogChange[] => changesBetween(beneath, over(found));

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
