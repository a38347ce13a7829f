import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../src-main/store/open.ts';
import type { Store } from '../../src-main/store/store.ts';

/** A folder of this test's own, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-store-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A store over `file`, closed when the test ends. */
export function openedStore(file: string): Store {
  const { store } = openStore(file);
  onTestFinished(() => {
    store.close();
  });
  return store;
}

/** Path of a database that does not exist yet. */
export const newDatabase = (): string => join(temporaryFolder(), 'configiq.sqlite');
