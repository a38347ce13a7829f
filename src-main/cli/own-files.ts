import { resolve } from 'node:path';
import { MAX_CATALOG_BYTES, type CatalogFileDraft } from '../../src-worker/protocol/catalog-api.ts';
import type { StartFile } from '../services/catalogs/files.ts';
import type { Options } from './context.ts';
import { readTextFile } from './files.ts';

/** A catalog file by its path: SkyPilot's sheets are told apart by the folder they lie in. Throws file errors. */
export function catalogFile(
  path: string,
  told: Partial<Pick<CatalogFileDraft, 'format' | 'provider' | 'asOf'>> = {},
): CatalogFileDraft {
  const text = readTextFile(path, MAX_CATALOG_BYTES);
  const { format = null, provider = null, asOf = null } = told;
  return { fileName: resolve(path), text, format, provider, asOf };
}

/** The files of `--catalog` and `--workloads`, which lie over all catalogs for one command. */
export function ownFiles(options: Options): StartFile[] {
  const useGoodPart = options['goodPart'] === true;
  return ['catalog', 'workloads'].flatMap((name) => {
    const paths = options[name];
    return Array.isArray(paths) ? paths.map((path) => ({ ...catalogFile(String(path)), useGoodPart })) : [];
  });
}
