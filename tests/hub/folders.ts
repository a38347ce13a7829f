import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder of this test's own, removed when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'configiq-hub-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Writes files with the folders they need, by path. */
export function writeFiles(folder: string, files: Record<string, string | Buffer>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** A repository as Hugging Face's tools keep it: blobs by their hash, relative links to them, branches as files. */
export function cacheRepository(
  cache: string,
  repository: string,
  {
    commit,
    files,
    refs = { main: commit },
  }: { commit: string; files: Record<string, string | Buffer>; refs?: Record<string, string> },
): void {
  const folder = join(cache, repository);
  Object.entries(files).forEach(([path, content], index) => {
    const blob = `${index}`.padStart(40, 'f');
    const link = join(folder, 'snapshots', commit, path);
    writeFiles(folder, { [`blobs/${blob}`]: content });
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join('../..', '../'.repeat(path.split('/').length - 1), 'blobs', blob), link);
  });
  for (const [name, text] of Object.entries(refs)) writeFiles(folder, { [`refs/${name}`]: text });
}
