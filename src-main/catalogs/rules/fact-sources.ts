import { wrong } from './entries.ts';
import type { CatalogRule } from './types.ts';

/** `x`, `-` and `n/a` name nothing; the shortest collected source has 20 letters. */
const SHORTEST_SOURCE = 6;

export const factSources: CatalogRule = {
  name: 'fact-sources',
  sentence: 'The facts of every GPU say where they were found.',
  check: ({ gpus }) =>
    gpus
      .filter(({ source }) => source.trim().length < SHORTEST_SOURCE)
      .map(({ id, source }) => wrong(id, 'source', source, 'names no document: say which data sheet or page.')),
};
