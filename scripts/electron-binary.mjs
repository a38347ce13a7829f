import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

// The electron package is never imported here: under plain Node that downloads the binary, without a limit on time.
const require = createRequire(import.meta.url);
/** Name in the data folder of the note that a fetch failed. */
const NOTE = 'electron-fetch.json';

/** The Electron binary: ELECTRON_EXEC_PATH, else the one the electron package has unpacked; null when there is none. */
export function findElectron() {
  const named = process.env.ELECTRON_EXEC_PATH;
  if (named) return existsSync(named) ? named : null;
  const { folder } = electronPackage();
  const pathFile = join(folder, 'path.txt');
  if (!existsSync(pathFile)) return null;
  const binary = join(process.env.ELECTRON_OVERRIDE_DIST_PATH ?? join(folder, 'dist'), readFileSync(pathFile, 'utf8'));
  return existsSync(binary) ? binary : null;
}

/** Why a window cannot be shown on this machine, or null when it can. */
export function whyNoWindow() {
  if (process.platform !== 'linux') return null;
  if (!process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) return 'there is no display (DISPLAY is not set)';
  if (process.getuid?.() === 0) return 'Electron does not run its sandbox as root';
  return null;
}

/** The failed fetch remembered for this version of Electron, as a sentence, or null. */
export function rememberedFailure(dataFolder) {
  const file = join(dataFolder, NOTE);
  if (!existsSync(file)) return null;
  try {
    const note = JSON.parse(readFileSync(file, 'utf8'));
    return note.version === electronPackage().version ? String(note.reason) : null;
  } catch {
    // A damaged note only costs one more try, which writes it anew.
    return null;
  }
}

/**
 * Runs the electron package's own installer, for `limitMs` at most. Resolves to null when the binary is there, else to
 * the reason it is not, which is remembered in the data folder so that the next start does not wait again.
 */
export async function fetchElectron(dataFolder, limitMs, installer = join(electronPackage().folder, 'install.js')) {
  const { version } = electronPackage();
  const reason = await runInstaller(installer, limitMs);
  if (reason === null && findElectron()) return null;
  const remembered = reason ?? 'the installer left no binary behind';
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(join(dataFolder, NOTE), `${JSON.stringify({ version, reason: remembered })}\n`);
  return remembered;
}

function runInstaller(script, limitMs) {
  return new Promise((resolve) => {
    const installer = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    let isLate = false;
    installer.stderr.setEncoding('utf8').on('data', (text) => (complaint += text));
    const timer = setTimeout(() => {
      isLate = true;
      installer.kill('SIGKILL');
    }, limitMs);
    installer.on('close', (code) => {
      clearTimeout(timer);
      if (isLate) resolve(`not done within ${Math.round(limitMs / 1000)} s`);
      else resolve(code === 0 ? null : firstCause(complaint));
    });
  });
}

/** The first line of what the installer printed, which is a stack trace, without "TypeError: ". */
function firstCause(complaint) {
  const line = complaint.split('\n').find((text) => text.trim() !== '') ?? 'no reason given';
  return line
    .trim()
    .replace(/^\w*Error: /, '')
    .slice(0, 160);
}

function electronPackage() {
  const file = require.resolve('electron/package.json');
  return { folder: dirname(file), version: JSON.parse(readFileSync(file, 'utf8')).version };
}
