import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export const root = dirname(import.meta.dirname);

/** What the build reads, and the last files it writes of each of its three programs. */
const SOURCES = [
  'src-main',
  'src-worker',
  'src-renderer',
  'electron.vite.config.ts',
  'svelte.config.js',
  'package.json',
];
const OUTPUTS = ['out/main/browser.js', 'out/main/electron.js', 'out/preload/preload.cjs', 'out/renderer/index.html'];

/** Builds when a file of out/ is missing or older than a source. Returns the reason it had to, or null. */
export function buildIfStale() {
  const reason = staleReason();
  if (reason) {
    console.log(`Building ConfigIQ (${reason}).`);
    build();
  }
  return reason;
}

/** Throws when the build fails; what is wrong stands on the terminal by then. */
export function build() {
  const require = createRequire(import.meta.url);
  const program = join(dirname(require.resolve('electron-vite/package.json')), 'bin', 'electron-vite.js');
  const { status } = spawnSync(process.execPath, [program, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('The build failed.');
}

function staleReason() {
  const built = OUTPUTS.map((output) => modifiedMs(join(root, output)));
  if (built.some((time) => time === null)) return 'there is no build yet';
  const oldest = Math.min(...built.filter((time) => time !== null));
  return SOURCES.some((source) => newestMs(join(root, source)) > oldest) ? 'its sources have changed' : null;
}

/** Of a file, or of everything in a folder. */
function newestMs(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newestMs(join(path, name))));
}

function modifiedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? null;
}
