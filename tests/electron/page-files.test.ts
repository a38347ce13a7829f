import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { APP_URL, isAppUrl, pageFileHandler } from '../../src-main/electron/page-files.ts';

let folder: string;
let answer: (request: Request) => Promise<Response>;
const get = (url: string) => answer(new Request(url));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configiq-page-'));
  await mkdir(join(folder, 'renderer', 'assets'), { recursive: true });
  await mkdir(join(folder, 'renderer-of-somebody-else'));
  await writeFile(join(folder, 'renderer', 'index.html'), '<title>ConfigIQ</title>');
  await writeFile(join(folder, 'renderer', 'assets', 'a b.js'), 'export {};');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(folder, 'renderer-of-somebody-else', 'x.txt'), 'secret');
  answer = pageFileHandler(join(folder, 'renderer'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('files of app://configiq', () => {
  it('serves the page at its address and at the root', async () => {
    for (const url of [APP_URL, 'app://configiq/', `${APP_URL}?x=1#y`]) {
      expect(await (await get(url)).text()).toBe('<title>ConfigIQ</title>');
    }
  });

  it('says what a file is, and forbids guessing and everything foreign', async () => {
    const { headers } = await get('app://configiq/assets/a%20b.js');
    expect(headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-hashes' 'sha256-/,
    );
  });

  it.each([
    'app://configiq/../secret.txt',
    'app://configiq/%2e%2e/secret.txt',
    'app://configiq/..%2fsecret.txt',
    'app://configiq/assets/..%2f..%2fsecret.txt',
    'app://configiq/..%2frenderer-of-somebody-else/x.txt',
    'app://configiq//etc/passwd',
    'app://configiq/%00',
    'app://configiq/%',
    'app://configiq/assets',
    'app://configiq/missing.js',
    'app://other/index.html',
    'https://configiq/index.html',
  ])('answers 404 to %s', async (url) => {
    const response = await get(url);
    expect(response.status).toBe(404);
    expect(await response.text()).toBe('');
  });

  it('is read only', async () => {
    expect((await answer(new Request(APP_URL, { method: 'POST', body: 'x' }))).status).toBe(405);
    expect(await (await answer(new Request(APP_URL, { method: 'HEAD' }))).text()).toBe('');
  });
});

describe('exports that a page was offered', () => {
  it('are answered with their bytes, to be saved under their name', async () => {
    const offered = {
      fileName: 'run-7.csv',
      mediaType: 'text/csv',
      pieces: [Buffer.from('a,b\n'), Buffer.from('1,2\n')],
    };
    const handle = pageFileHandler(join(folder, 'renderer'), (path) => (path === 'export/secret' ? offered : null));
    const response = await handle(new Request('app://configiq/export/secret'));
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="run-7.csv"');
    expect(await response.text()).toBe('a,b\n1,2\n');
    expect((await handle(new Request('app://configiq/export/other'))).status).toBe(404);
    expect((await handle(new Request('app://other/export/secret'))).status).toBe(404);
  });
});

describe('who is our page', () => {
  it.each([
    ['app://configiq/index.html', true],
    ['app://configiq/', true],
    ['app://configiq.evil.test/index.html', false],
    ['app://evil/index.html', false],
    ['https://configiq/index.html', false],
    ['file:///index.html', false],
    ['about:blank', false],
    ['', false],
  ])('%s: %s', (url, expected) => {
    expect(isAppUrl(url)).toBe(expected);
  });
});
