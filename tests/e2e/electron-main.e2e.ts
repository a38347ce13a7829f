import type { RunEntry } from '../../src-worker/protocol/app-api.ts';
import type { SizeDocument } from '../../src-worker/protocol/documents.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import { startDouble } from './electron-double/start-double.ts';
import { expect, test } from './fixtures.ts';
import { callOverPort } from './port-client.ts';

// The built main process and preload on a stand-in for Electron's API. What this proves, and what it cannot, stands in
// electron-double/README.md.

interface SeenWindow {
  isShown: boolean;
  options: Record<string, unknown> & { webPreferences: Record<string, unknown> };
}

test('opens one window, with the size and the isolation it should have', async ({ desktop }) => {
  const windows = await desktop.ask<SeenWindow[]>('windows');
  expect(windows).toHaveLength(1);
  expect(windows[0]?.isShown).toBe(true);
  expect(windows[0]?.options).toMatchObject({
    title: 'ConfigIQ',
    width: 1280,
    height: 800,
    minWidth: 1024,
    minHeight: 700,
    webPreferences: { contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false },
  });
});

test('gives the page its own secure origin and two named things, and nothing of Node', async ({ desktop }) => {
  const seen = await desktop.page.evaluate(() => ({
    bridge: Object.keys(window.configiq ?? {}),
    isFrozen: Object.isFrozen(window.configiq),
    host: window.configiq?.host,
    leaks: ['require', 'process', 'Buffer', 'ipcRenderer', 'electron', 'toMainProcess'].filter(
      (name) => name in window,
    ),
    isSecure: isSecureContext,
  }));
  expect(seen).toEqual({ bridge: ['host', 'connect'], isFrozen: true, host: 'electron', leaks: [], isSecure: true });
  expect(await desktop.ask('privileged')).toEqual([
    { scheme: 'app', privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
});

test('runs no script but its own and connects nowhere', async ({ desktop }) => {
  const seen = await desktop.page.evaluate(async () => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.body.append(script);
    const connected = await fetch('https://evil.test/').then(
      () => true,
      () => false,
    );
    return { injected: 'injected' in window, connected };
  });
  expect(seen).toEqual({ injected: false, connected: false });
});

test('answers a size question over the port', async ({ desktop }) => {
  const request = { model: 'meta-llama/Llama-2-7b-hf', users: 100 };
  const { value } = await callOverPort(desktop.page, 'size', request);
  const result = value as Result<SizeDocument>;
  expect(result.ok && result.value.recommendations.length).toBeGreaterThan(0);
});

test('says what is wrong with a question instead of failing', async ({ desktop }) => {
  const { value } = await callOverPort(desktop.page, 'size', { model: 'meta-llama/Llama-2-7b-hf', users: -1 });
  expect(value).toMatchObject({ ok: false, error: { family: 'invalid_input' } });
});

test('refuses to call anything that is not a call of the app', async ({ desktop }) => {
  await expect(callOverPort(desktop.page, 'constructor')).rejects.toThrow('RefusedCall');
});

test('hands a port to the top frame of its own page only', async ({ desktop }) => {
  const own = 'app://configiq/index.html';
  expect(await desktop.ask('connectAs', { url: own, isTopFrame: true })).toBe(true);
  expect(await desktop.ask('connectAs', { url: own, isTopFrame: false })).toBe(false);
  expect(await desktop.ask('connectAs', { url: 'https://evil.test/', isTopFrame: true })).toBe(false);
  expect(await desktop.ask('connectAs', { url: 'app://evil/index.html', isTopFrame: true })).toBe(false);
});

test('stays on its page, whatever a link says, and opens sites of the list outside', async ({ desktop }) => {
  const { page } = desktop;
  const home = page.url();
  const follow = (href: string, target: string) =>
    page.evaluate(
      ([to, where]) => {
        const link = Object.assign(document.createElement('a'), { href: to, target: where, rel: 'noopener' });
        document.body.append(link);
        link.click();
      },
      [href, target] as const,
    );
  await follow('https://evil.test/', '_self');
  await follow('https://evil.test/', '_blank');
  await follow('https://docs.vllm.ai/en/latest/', '_self');
  await follow('https://huggingface.co/meta-llama/Llama-2-7b-hf', '_blank');
  const expected = ['https://docs.vllm.ai/en/latest/', 'https://huggingface.co/meta-llama/Llama-2-7b-hf'];
  await expect.poll(() => desktop.ask<string[]>('openedLinks').then((links) => links.sort())).toEqual(expected);
  expect(page.url()).toBe(home);
  await expect.poll(() => page.context().pages().length).toBe(1);
  expect(await page.evaluate(() => 'configiq' in window)).toBe(true);
});

test('grants the page the clipboard to write to, and nothing else', async ({ desktop }) => {
  const granted = { requested: true, checked: true };
  expect(await desktop.ask('isPermitted', 'clipboard-sanitized-write')).toEqual(granted);
  for (const permission of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal', 'fileSystem']) {
    expect(await desktop.ask('isPermitted', permission)).toEqual({ requested: false, checked: false });
  }
});

test('has the menus of the platform', async ({ desktop }) => {
  const menu = await desktop.ask<{ role?: string; label?: string }[]>('menu');
  const names = menu.map(({ role, label }) => role ?? label);
  expect(names).toEqual(expect.arrayContaining(['fileMenu', 'editMenu', 'View', 'windowMenu']));
});

test('pushes progress beside the answers', async ({ desktop }) => {
  const spec = {
    base: { model: 'meta-llama/Llama-2-7b-hf' },
    axes: { users: [10, 100], quantization: ['fp16', 'fp8'] },
  };
  const { value, events } = await callOverPort(desktop.page, 'startSweep', { taskId: 'progress', spec, name: 'small' });
  expect(value).toMatchObject({ ok: true, value: { status: 'done', points: 4, donePoints: 4 } });
  expect(events.length).toBeGreaterThan(0);
  expect(events.every(({ type, taskId }) => type === 'configiq:progress' && taskId === 'progress')).toBe(true);
  const done = events.filter(({ phase }) => phase === 'computing').map((event) => event.done);
  expect(done).toEqual([...done].sort((a, b) => a - b));
});

test('keeps what a sweep has done when the window is closed in the middle of it', async ({ folder }) => {
  const desktop = await startDouble(folder);
  const spec = {
    base: { model: 'meta-llama/Llama-2-7b-hf' },
    axes: { users: { from: 1, to: 1_000_000, step: 1 }, quantization: ['fp16', 'fp8', 'int4'] },
  };
  const lost = callOverPort(desktop.page, 'startSweep', { taskId: 'long', spec, name: 'long' }).catch(() => 'lost');
  const running = async () => {
    const { value } = await callOverPort(desktop.page, 'listRuns');
    const runs = value as Result<RunEntry[]>;
    return runs.ok ? runs.value.map(({ status }) => status) : [];
  };
  await expect.poll(running).toEqual(['running']);
  expect(await desktop.quit()).toBe(0);
  expect(await lost).toBe('lost');
  expect(desktop.stderr()).toBe('');

  const again = await startDouble(folder);
  const { value } = await callOverPort(again.page, 'listRuns');
  expect(value).toMatchObject({ ok: true, value: [{ name: 'long', status: 'cancelled' }] });
  expect(await again.quit()).toBe(0);
});
