import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelDocument, ModelListEntry } from '../../src-worker/protocol/documents.ts';
import { askConfigiq, ensureBuilt, startConfigiq } from '../cli/command.ts';
import { tinyLlama, TINY_LLAMA_PARAMETERS } from '../services/service.ts';
import { cacheRepository, writeFiles } from './folders.ts';
import { COMMIT, OTHER_COMMIT, safetensorsFile, startHub, type Repository } from './server.ts';

// The command line over a hub and a cache of the test's own; once as the built program, which is interrupted.
const home = mkdtempSync(join(tmpdir(), 'configiq-hub-command-'));
const config = JSON.stringify(tinyLlama);
const repository: Repository = {
  commits: { main: COMMIT, v1: OTHER_COMMIT },
  files: {
    'config.json': config,
    'model.safetensors': safetensorsFile({ all: { dtype: 'BF16', shape: [TINY_LLAMA_PARAMETERS, 1], bytes: 0 } }),
  },
};
const json = <Document>(stdout: string): Document => JSON.parse(stdout) as Document;

beforeAll(ensureBuilt, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

describe('configiq model pull', () => {
  it('keeps a model with its commit; show, list, size and remove know it, with no hub any more', async () => {
    const hub = await startHub({ 'Me/Tiny': repository });
    const pulled = await askConfigiq(['model', 'pull', 'me/tiny', '--revision', 'v1', '--json'], home, {
      HF_ENDPOINT: hub.url,
    });
    expect(pulled.stderr).toContain(`Kept as Me/Tiny at ${OTHER_COMMIT}; it works offline now.`);
    expect(pulled.code).toBe(0);
    const document = json<ModelDocument>(pulled.stdout);
    expect(document).toMatchObject({
      id: 'Me/Tiny',
      origin: 'hub',
      revision: OTHER_COMMIT,
      total_parameters: TINY_LLAMA_PARAMETERS,
    });
    expect(document.safetensors).toEqual({
      elements_by_dtype: { BF16: TINY_LLAMA_PARAMETERS },
      stored_parameters: TINY_LLAMA_PARAMETERS,
      counted_parameters: TINY_LLAMA_PARAMETERS,
      difference_fraction: 0,
      sentence: expect.stringContaining('they agree') as string,
    });

    const offline = { HF_HUB_OFFLINE: '1' };
    const [shown, report, list, size] = await Promise.all([
      askConfigiq(['model', 'show', 'ME/TINY', '--json'], home, offline),
      askConfigiq(['model', 'show', 'me/tiny'], home, offline),
      askConfigiq(['model', 'list', '--json'], home, offline),
      askConfigiq(['size', '-m', 'me/tiny', '-u', '10', '--json'], home, offline),
    ]);
    expect(shown).toEqual({ code: 0, stdout: pulled.stdout, stderr: '' });
    expect(report.stdout).toMatch(/Origin: hub,\s+http:\S+\s+at b+, \d{4}-\d\d-\d\d\n/);
    expect(report.stdout).toMatch(
      /Safetensors: The files store [\d,]+ weights, [\d,]+ are counted\s+here: they\s+agree\./,
    );
    const { models } = json<{ models: ModelListEntry[] }>(list.stdout);
    expect(models.find(({ id }) => id === 'Me/Tiny')).toMatchObject({
      origin: 'hub',
      revision: OTHER_COMMIT,
      source: document.source,
      added_at: document.added_at,
    });
    expect(size.code).toBe(0);
    expect(await askConfigiq(['model', 'remove', 'me/tiny'], home)).toMatchObject({
      code: 0,
      stderr: 'Removed: me/tiny\n',
    });
    expect(await askConfigiq(['model', 'remove', 'me/tiny'], home)).toMatchObject({ code: 2 });
  });

  it('refuses with one short sentence and the exit code of what is wrong', async () => {
    const hub = await startHub({ 'Me/Gated': { ...repository, gatedFor: ['hf_x'] }, 'Me/Tiny': repository });
    const cases: [string[], Record<string, string>, number, RegExp][] = [
      [['Me/Gated'], {}, 4, /Me\/Gated is gated or private \(401\): accept its terms on that page and set HF_TOKEN/],
      [['Me/None'], { HF_TOKEN: 'hf_x' }, 4, /has no model Me\/None: check owner and name/],
      [['Me/Tiny', '--revision', 'v9'], {}, 4, /has no revision "v9"/],
      [['Me/Tiny'], { HF_HUB_OFFLINE: '1' }, 2, /HF_HUB_OFFLINE forbids/],
      [['Me/Tiny'], { HF_ENDPOINT: 'nonsense' }, 2, /HF_ENDPOINT is "nonsense"/],
      [['Me/Tiny'], { HTTP_PROXY: 'http://127.0.0.1:1' }, 4, /through the proxy http:\/\/127\.0\.0\.1:1\/ \(/],
      [['a b'], {}, 2, /"a b" is not the name of a model on a hub/],
      [[], {}, 2, /missing required argument/],
    ];
    const ended = await Promise.all(
      cases.map(([args, environment]) =>
        askConfigiq(['model', 'pull', ...args], home, { HF_ENDPOINT: hub.url, ...environment }),
      ),
    );
    ended.forEach(({ code, stdout, stderr }, index) => {
      const [args, , exitCode, sentence] = cases[index] ?? expect.fail('no case');
      expect(stderr, args.join(' ')).toMatch(sentence);
      expect({ code, stdout }, args.join(' ')).toEqual({ code: exitCode, stdout: '' });
      expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
      expect(stderr).not.toMatch(/\n\s+at |hf_x/);
    });
  });

  it('reads the token that the Hugging Face command line keeps', async () => {
    const hub = await startHub({ 'Me/Gated': { ...repository, gatedFor: ['hf_kept'] } });
    writeFiles(join(home, 'huggingface'), { token: 'hf_kept\n' });
    expect((await askConfigiq(['model', 'pull', 'Me/Gated'], home, { HF_ENDPOINT: hub.url })).code).toBe(0);
  });

  it('Ctrl-C ends it with exit 130', async () => {
    const asked = Promise.withResolvers<undefined>();
    const hub = await startHub({}, () => {
      asked.resolve(undefined);
      return true;
    });
    const child = startConfigiq(['model', 'pull', 'Me/Tiny'], home, { HF_ENDPOINT: hub.url });
    const code = new Promise((settle) => child.on('close', settle));
    await asked.promise;
    child.kill('SIGINT');
    expect(await code).toBe(130);
  });
});

describe('configiq model with the local Hugging Face cache', () => {
  it('list and show read it, and broken entries are only told', async () => {
    const cache = join(home, 'cache');
    cacheRepository(cache, 'models--me--cached', { commit: COMMIT, files: { 'config.json': config } });
    writeFiles(cache, { 'models--me--broken/refs/main': 'nonsense' });
    const environment = { HF_HUB_CACHE: cache };
    const [list, shown, broken] = await Promise.all([
      askConfigiq(['model', 'list', '--json'], home, environment),
      askConfigiq(['model', 'show', 'me/cached', '--json'], home, environment),
      askConfigiq(['model', 'show', 'me/broken'], home, environment),
    ]);
    const { models } = json<{ models: ModelListEntry[] }>(list.stdout);
    expect(models.find(({ id }) => id === 'me/cached')).toMatchObject({
      origin: 'hf_cache',
      revision: COMMIT,
      supported: true,
    });
    expect(models.find(({ id }) => id === 'me/broken')).toMatchObject({ origin: 'hf_cache', supported: false });
    expect(json<ModelDocument>(shown.stdout)).toMatchObject({
      origin: 'hf_cache',
      revision: COMMIT,
      total_parameters: TINY_LLAMA_PARAMETERS,
    });
    expect(broken).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/main holds "nonsense", which is no commit.*model pull me\/broken/) as string,
    });
  });
});

describe('configiq model import', () => {
  it('takes a folder with its safetensors headers, and a config from the standard input', async () => {
    writeFiles(home, {
      'checkpoint/config.json': config,
      'checkpoint/model.safetensors': repository.files['model.safetensors'] ?? '',
    });
    const folder = await askConfigiq(['model', 'import', join(home, 'checkpoint'), '--json'], home);
    expect(json<ModelDocument>(folder.stdout)).toMatchObject({
      id: 'checkpoint',
      origin: 'imported',
      safetensors: { difference_fraction: 0 },
    });

    const pasted = (args: string[], text: string) => askConfigiq(['model', 'import', '-', ...args], home, {}, text);
    const [good, bad, nameless, endless] = await Promise.all([
      pasted(['--id', 'me/pasted', '--json'], config),
      pasted(['--id', 'me/bad'], '{'),
      pasted([], config),
      pasted(['--id', 'me/endless'], ' '.repeat(20_000_000)),
    ]);
    expect(json<ModelDocument>(good.stdout)).toMatchObject({
      id: 'me/pasted',
      source: 'standard input',
      revision: null,
    });
    expect(bad).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('standard input is not valid JSON') as string,
    });
    expect(nameless).toMatchObject({ code: 2, stderr: expect.stringContaining('add --id') as string });
    expect(endless).toMatchObject({ code: 4, stderr: expect.stringContaining('more than 10,000,000 bytes') as string });
  });

  it('says what of the headers could not be read, and imports all the same', async () => {
    writeFileSync(join(home, 'checkpoint', 'model.safetensors'), 'nonsense');
    const { code, stderr } = await askConfigiq(['model', 'import', join(home, 'checkpoint')], home);
    expect(code).toBe(0);
    expect(stderr).toMatch(/safetensors files in .* could not be read \(.*\), so the count is not checked/);
  });
});
