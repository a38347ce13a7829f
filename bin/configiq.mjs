#!/usr/bin/env node
// The way in, for any Node: below 22.12 the database would kill the process without a word, so nothing else is loaded
// before the version is known. Written without newer syntax on purpose.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const MINIMUM = [22, 12];
const WRONG_USAGE = 2;
/** Set for the child, so that a bundled Node that is too old itself cannot start itself for ever. */
const MARK = 'CONFIGIQ_BUNDLED_NODE';

const script = realpathSync(fileURLToPath(import.meta.url));
const packageFolder = dirname(dirname(script));

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
}

/** Node as npm links it: beside this package's dependencies in a checkout, further up where it is installed. */
function bundledNode() {
  for (let folder = packageFolder; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', '.bin', 'node');
    if (existsSync(candidate)) return realpathSync(candidate);
    if (folder === dirname(folder)) return null;
  }
}

/** Hands everything to the bundled Node: arguments, the terminal, signals and, at the end, how it ended. */
function runWith(node) {
  const environment = Object.assign({}, process.env, { [MARK]: '1' });
  const child = spawn(node, [script].concat(process.argv.slice(2)), { stdio: 'inherit', env: environment });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const forward = (signal) => child.kill(signal);
  signals.forEach((signal) => process.on(signal, forward));
  child.on('error', (error) => refuse(`the Node.js in this package does not start (${error.message})`));
  child.on('exit', (code, signal) => {
    signals.forEach((name) => process.removeListener(name, forward));
    process.exitCode = signal ? 128 + (constants.signals[signal] || 0) : code;
  });
}

function refuse(reason) {
  console.error(
    `ConfigIQ needs Node.js ${MINIMUM.join('.')} or newer, this is ${process.versions.node}, and ${reason}: ` +
      'install a newer Node.js, or run "npm ci" without --omit=optional.',
  );
  process.exitCode = WRONG_USAGE;
}

async function start() {
  if (!isNewEnough(process.versions.node)) {
    const node = process.env[MARK] ? null : bundledNode();
    if (node) runWith(node);
    else refuse('none came with this package');
    return;
  }
  const program = join(packageFolder, 'out', 'main', 'cli.js');
  if (!existsSync(program)) {
    console.error('ConfigIQ is not built yet: run "npm run build" in its folder, then try again.');
    process.exitCode = WRONG_USAGE;
    return;
  }
  // The flag must not reach programs that this one starts in turn.
  delete process.env[MARK];
  await import(pathToFileURL(program).href);
}

await start();
