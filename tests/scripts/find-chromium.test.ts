import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureChromium, findChromium } from '../../scripts/find-chromium.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configiq-chromium-'));
  for (const name of ['CHROMIUM', 'PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH', 'CHROME_PATH']) vi.stubEnv(name, '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function program(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, '');
  await chmod(path, 0o755);
  return path;
}

describe('finding Chromium', () => {
  it('takes the one CHROMIUM names before any other', async () => {
    const named = await program('mine');
    vi.stubEnv('CHROMIUM', named);
    expect(findChromium()).toEqual({ path: named, origin: 'CHROMIUM' });
  });

  it('refuses a name that leads nowhere, rather than testing with another browser', () => {
    vi.stubEnv('CHROMIUM', join(folder, 'missing'));
    expect(() => findChromium()).toThrow(/^CHROMIUM names .+, which does not exist[.]$/);
  });

  it('finds the one on the PATH, and says which it is', async () => {
    const onPath = await program('chromium');
    vi.stubEnv('PATH', folder);
    const said: string[] = [];
    expect(ensureChromium((line) => said.push(line))).toBe(onPath);
    expect(said).toEqual([`Chromium: ${onPath} (system).`]);
  });
});
