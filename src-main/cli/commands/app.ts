import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileError } from '../../../src-worker/engine/errors.ts';
import { bundledCatalogsFolder } from '../../catalogs/load.ts';
import type { Run } from '../context.ts';
import { EXIT } from '../errors.ts';

/** `configiq app`: the same start as `npm start`: the window, or the browser and one line that says why. */
export const runApp: Run = async ({ onInterrupt }) => {
  const script = join(dirname(bundledCatalogsFolder()), 'scripts', 'start.mjs');
  if (!existsSync(script)) {
    throw fileError('window_missing', 'This installation has no desktop window: "configiq serve" opens the browser.', {
      path: script,
    });
  }
  const child = spawn(process.execPath, [script], { stdio: 'inherit' });
  onInterrupt(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? EXIT.interrupted));
  });
};
