import { _electron } from '@playwright/test';
import { findElectron, whyNoWindow } from '../../scripts/electron-binary.mjs';
import { root } from './browser-host-process.ts';
import { expect, test } from './fixtures.ts';
import { callOverPort } from './port-client.ts';

// The same main process in the real Electron, where there is one. Elsewhere electron-main.e2e.ts drives it on a stand-in.

const binary = findElectron();
const obstacle = binary ? whyNoWindow() : 'no Electron binary';

test('the window of the real Electron answers a size question', async ({ folder }) => {
  test.skip(obstacle !== null, `skipped: ${obstacle}`);
  const application = await _electron.launch({
    executablePath: binary ?? '',
    args: [root],
    env: { ...(process.env as Record<string, string>), CONFIGIQ_HOME: folder },
  });
  const page = await application.firstWindow();
  await expect(page).toHaveTitle(/ConfigIQ/);
  expect(page.url()).toContain('app://configiq/');
  const { value } = await callOverPort(page, 'size', { model: 'meta-llama/Llama-2-7b-hf', users: 100 });
  expect(value).toMatchObject({ ok: true });
  const leaks = await page.evaluate(() => ['require', 'process', 'Buffer'].filter((name) => name in window));
  expect(leaks).toEqual([]);
  await application.close();
});
