import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';

/** A copy of the bundled catalogs (without the model configs, unless asked for) that a test may break; gone when the test ends. */
export function copyOfCatalogs({ withConfigs = false } = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-catalogs-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const isConfig = (path: string): boolean => /[\\/]models[\\/]configs[\\/]./.test(path);
  cpSync(bundledCatalogsFolder(), folder, { recursive: true, filter: (path) => withConfigs || !isConfig(path) });
  return folder;
}

/** Replaces the first occurrence of `search` in a file; fails when it is not there, so that no test breaks nothing. */
export function breakFile(folder: string, path: string, search: string | RegExp, replacement: string): void {
  const file = join(folder, path);
  const before = readFileSync(file, 'utf8');
  const after = before.replace(search, replacement);
  if (after === before) throw new Error(`${path} does not contain ${String(search)}`);
  writeFileSync(file, after);
}

/** The ConfigIqError that `work` throws. */
export function errorOf(work: () => unknown): ConfigIqError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ConfigIqError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}
