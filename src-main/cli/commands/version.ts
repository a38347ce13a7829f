import { bundledCatalogsFolder, loadFacts } from '../../catalogs/load.ts';
import type { Run } from '../context.ts';
import { EXIT } from '../errors.ts';

/** What computed an answer: product, engine, catalog. Neither the database nor a worker is needed for it. */
export const runVersion: Run = ({ terminal }) => {
  const { configiq, engine, catalog } = loadFacts(bundledCatalogsFolder()).versions;
  terminal.print(`configiq ${configiq}\nengine ${engine}\ncatalog ${catalog}\n`);
  return Promise.resolve(EXIT.answered);
};
