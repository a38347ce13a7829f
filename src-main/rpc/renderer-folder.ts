import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileError } from '../../src-worker/engine/errors.ts';

/**
 * The folder of the built page. Searched upwards, because this file runs from src-main/rpc under tests and from
 * out/main or one of its chunks when built. Throws a file error when the page has not been built.
 */
export function rendererFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) {
      const built = join(folder, 'out', 'renderer');
      if (existsSync(join(built, 'index.html'))) return built;
      throw fileError('page_missing', `The built page ${join(built, 'index.html')} is missing: run "npm run build".`);
    }
    if (folder === dirname(folder)) throw fileError('page_missing', 'The folder of ConfigIQ cannot be found.');
  }
}
