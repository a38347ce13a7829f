import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fetchElectron, findElectron, rememberedFailure, whyNoWindow } from '../../scripts/electron-binary.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configiq-electron-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const installer = async (text: string): Promise<string> => {
  const file = join(folder, 'install.cjs');
  await writeFile(file, text);
  return file;
};

describe('the fetch of Electron', () => {
  it('that fails is remembered with its reason, so that it is tried once', async () => {
    const script = await installer(`console.error(new TypeError('fetch failed').stack); process.exit(1);`);
    expect(rememberedFailure(folder)).toBeNull();
    expect(await fetchElectron(folder, 10_000, script)).toBe('fetch failed');
    expect(rememberedFailure(folder)).toBe('fetch failed');
  });

  it('that hangs is ended at the limit', async () => {
    const pidFile = join(folder, 'pid');
    const script = await installer(
      `require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); setInterval(() => {}, 1000);`,
    );
    expect(await fetchElectron(folder, 1000, script)).toBe('not done within 1 s');
    const pid = Number(await readFile(pidFile, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it('that ends well without a binary has failed', async () => {
    vi.stubEnv('ELECTRON_EXEC_PATH', join(folder, 'missing'));
    const script = await installer('process.exit(0);');
    expect(await fetchElectron(folder, 10_000, script)).toBe('the installer left no binary behind');
  });

  it('is tried again for another version, and after a damaged note', async () => {
    await writeFile(join(folder, 'electron-fetch.json'), '{"version":"1.0.0","reason":"old"}');
    expect(rememberedFailure(folder)).toBeNull();
    await writeFile(join(folder, 'electron-fetch.json'), '{"version":');
    expect(rememberedFailure(folder)).toBeNull();
  });
});

describe('the Electron binary', () => {
  it('is the one ELECTRON_EXEC_PATH names, or none when there is nothing', async () => {
    const binary = join(folder, 'electron');
    vi.stubEnv('ELECTRON_EXEC_PATH', binary);
    expect(findElectron()).toBeNull();
    await writeFile(binary, '');
    await chmod(binary, 0o755);
    expect(findElectron()).toBe(binary);
  });

  it.runIf(process.platform === 'linux')('shows no window without a display, and says so', () => {
    vi.stubEnv('DISPLAY', '');
    vi.stubEnv('WAYLAND_DISPLAY', '');
    expect(whyNoWindow()).toBe('there is no display (DISPLAY is not set)');
  });
});
