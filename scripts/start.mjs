// npm start: the desktop window where there can be one, else the same app in the browser. One line says why.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { buildIfStale, root } from './build.mjs';
import { fetchElectron, findElectron, rememberedFailure, whyNoWindow } from './electron-binary.mjs';

const FETCH_LIMIT_MS = 15_000;
/** Somebody who asks for another try is willing to wait for a slow line. */
const RETRY_LIMIT_MS = 600_000;
/** A window that ends with an error this soon has never been seen: no sandbox, a library missing. */
const STILLBORN_MS = 5000;
/** Between two Ctrl-C of a person, as against one that arrives twice. */
const IMPATIENT_MS = 1000;
const RETRY_HINT = 'to try again: npm start -- --retry-electron';

const options = readOptions();
try {
  await start();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = thrown?.family === 'invalid_input' ? 2 : thrown?.family === 'file' ? 4 : 1;
}

async function start() {
  buildIfStale();
  const reason = options.browser ? null : await openWindow();
  if (reason === undefined) return;
  if (reason) console.log(`Opening ConfigIQ in the browser: ${reason}.`);
  await serveBrowser();
}

/** Opens the window and waits for its end; resolves to a reason when there can be no window. */
async function openWindow() {
  const obstacle = whyNoWindow();
  if (obstacle) return obstacle;
  const missing = await ensureElectron();
  return missing ?? runElectron(findElectron());
}

/** null when Electron's binary is there (now), else why it is not. */
async function ensureElectron() {
  if (findElectron()) return null;
  const { dataFolder } = await import('../out/main/browser.js');
  const folder = dataFolder();
  const failure = options['retry-electron'] ? null : rememberedFailure(folder);
  if (failure) return `Electron could not be fetched at an earlier start (${failure}; ${RETRY_HINT})`;
  const limitMs = options['retry-electron'] ? RETRY_LIMIT_MS : FETCH_LIMIT_MS;
  console.log(`Fetching Electron once, ${limitMs / 1000} s at most.`);
  const reason = await fetchElectron(folder, limitMs);
  return reason && `Electron could not be fetched (${reason}; ${RETRY_HINT})`;
}

function runElectron(binary) {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    const electron = spawn(binary, [root], { stdio: 'inherit' });
    // Ctrl-C reaches Electron as well, which closes its window and the database; it ends first, then we do.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => electron.kill('SIGTERM'));
    electron.on('error', (error) => resolve(`Electron does not start (${error.message})`));
    electron.on('exit', (code, signal) => {
      const isStillborn = code !== 0 && performance.now() - startedMs < STILLBORN_MS;
      if (isStillborn) return resolve(`Electron ended at once (${signal ?? `exit ${code}`})`);
      process.exitCode = code ?? 0;
      resolve(undefined);
    });
  });
}

async function serveBrowser() {
  const { startBrowserHost, openUrl } = await import('../out/main/browser.js');
  const host = await startBrowserHost({ port: Number(options.port) });
  // Before the address is printed: whoever reads it may stop the program at once.
  endOnSignal(() => host.close());
  console.log(`ConfigIQ: ${host.url}\nStop with Ctrl-C.`);
  const isAttended = process.stdout.isTTY && !process.env.CI;
  if (isAttended && !options['no-open']) {
    const note = await openUrl(host.url);
    if (note) console.log(`${note} Open the address above by hand.`);
  }
}

/** Ctrl-C closes; npm and the terminal both pass it on, so only one that comes later means "at once". */
function endOnSignal(close) {
  let firstMs = null;
  const end = () => {
    if (firstMs !== null) {
      if (performance.now() - firstMs > IMPATIENT_MS) process.exit(130);
      return;
    }
    firstMs = performance.now();
    close().then(
      () => process.exit(0),
      (thrown) => {
        console.error(thrown);
        process.exit(1);
      },
    );
  };
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM');
  process.on('SIGINT', end).on('SIGTERM', end);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        browser: { type: 'boolean', default: false },
        'no-open': { type: 'boolean', default: false },
        'retry-electron': { type: 'boolean', default: false },
        port: { type: 'string', default: '0' },
      },
    });
    if (!/^\d+$/.test(values.port)) throw new Error(`--port ${values.port} is not a port: give 1 to 65535.`);
    return values;
  } catch (error) {
    console.error(`${error.message} Options: --browser --no-open --port N --retry-electron.`);
    process.exit(2);
  }
}
