import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import { createModelStore, type ModelStore } from '../../src-main/services/model-store.ts';
import { openStore } from '../../src-main/store/open.ts';
import { analyzeModel } from '../../src-worker/engine/model/analyze.ts';
import { cacheRepository, writeFiles } from '../hub/folders.ts';
import { COMMIT, OTHER_COMMIT, safetensorsFile, startHub } from '../hub/server.ts';
import { errorOf, startService, temporaryFolder, tinyLlama, TINY_LLAMA_PARAMETERS, valueOf } from './service.ts';

const NOW = '2026-01-05T09:00:00.000Z';
const LLAMA = 'meta-llama/Llama-2-7b-hf';
const fail = (problem: string): never => expect.fail(problem);
const config = JSON.stringify(tinyLlama);
const weights = safetensorsFile({ all: { dtype: 'BF16', shape: [TINY_LLAMA_PARAMETERS], bytes: 0 } });

function openModels(folder: string, cache: string | null = join(folder, 'hub')): ModelStore {
  const { store } = openStore(join(folder, 'configiq.sqlite'));
  onTestFinished(() => {
    store.close();
  });
  return createModelStore(bundledCatalogsFolder(), store, cache);
}

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return expect.fail('accepted');
}

describe('the local Hugging Face cache', () => {
  const setUp = (files: Record<string, string | Buffer> = { 'config.json': config }, id = 'Me/Cached') => {
    const folder = temporaryFolder();
    cacheRepository(join(folder, 'hub'), `models--${id.replace('/', '--')}`, { commit: COMMIT, files });
    return { folder, models: openModels(folder) };
  };

  test('a model in it is found by its name and listed, with its commit, and is not stored', () => {
    const { folder, models } = setUp();
    expect(models.resolve('me/cached')).toMatchObject({
      id: 'Me/Cached',
      origin: 'hf_cache',
      revision: COMMIT,
      source: join(folder, 'hub/models--Me--Cached/snapshots', COMMIT, 'config.json'),
      config: tinyLlama,
    });
    expect(models.list(fail).find(({ id }) => id === 'Me/Cached')).toMatchObject({
      origin: 'hf_cache',
      supported: true,
      revision: COMMIT,
      total_parameters: TINY_LLAMA_PARAMETERS,
      added_at: expect.stringMatching(/^\d{4}-/) as string,
    });
    expect(models.remove('Me/Cached')).toBe(false);
    rmSync(join(folder, 'hub'), { recursive: true });
    expect(refusal(() => models.resolve('me/cached'))).toMatchObject({ code: 'unknown_model' });
  });

  test('kept and bundled models go before it, and it goes before aliases', () => {
    const { models } = setUp(undefined, LLAMA);
    expect(models.resolve(LLAMA).origin).toBe('bundled');
    const { models: others } = setUp();
    others.import({ text: config, fileName: 'x.json', id: 'me/cached' }, NOW);
    expect(others.resolve('Me/Cached').origin).toBe('imported');
    const alias = others.list(fail).find(({ alias_of }) => alias_of !== null) ?? fail('no alias is bundled');
    const { models: third } = setUp(undefined, alias.id);
    expect(third.resolve(alias.id)).toMatchObject({
      id: alias.id,
      origin: 'hf_cache',
      source: expect.stringContaining('takes the place of the alias') as string,
    });
    expect(third.list(fail).find(({ id }) => id === alias.id)).toMatchObject({ origin: 'hf_cache', alias_of: null });
  });

  test('a near name in it is suggested', () => {
    expect(refusal(() => setUp().models.resolve('me/cachde'))).toMatchObject({
      details: { nearest: expect.arrayContaining(['Me/Cached']) as string[] },
    });
  });

  test.each<[string, (cache: string) => void, RegExp]>([
    [
      'a config that is no JSON',
      (cache) => writeFiles(cache, { [`models--me--bad/snapshots/${COMMIT}/config.json`]: '{' }),
      /not valid JSON/,
    ],
    [
      'a config of something else',
      (cache) => writeFiles(cache, { [`models--me--bad/snapshots/${COMMIT}/config.json`]: '{"a": 1}' }),
      /model_type is missing/,
    ],
    [
      'a branch without its commit',
      (cache) => writeFiles(cache, { 'models--me--bad/refs/main': COMMIT }),
      /of which nothing is there.*model pull me\/bad/,
    ],
    [
      'the text of a link that leads nowhere',
      (cache) =>
        writeFiles(cache, { [`models--me--bad/snapshots/${COMMIT}/config.json`]: `../../blobs/${'9'.repeat(40)}` }),
      /There is no file/,
    ],
  ])('%s is listed with its reason, and the others with it', (_, spoil, reason) => {
    const { folder, models } = setUp();
    spoil(join(folder, 'hub'));
    const list = models.list(fail);
    expect(list.find(({ id }) => id === 'me/bad')).toMatchObject({
      origin: 'hf_cache',
      supported: false,
      reason: expect.stringMatching(reason) as string,
    });
    expect(list.find(({ id }) => id === 'Me/Cached')).toMatchObject({ supported: true });
    expect(refusal(() => analyzeModel(models.resolve('me/bad')))).toMatchObject({
      message: expect.stringMatching(reason) as string,
    });
  });

  test('a copy that has the text of a link in the place of the link is read through it', () => {
    const folder = temporaryFolder();
    writeFiles(join(folder, 'hub'), {
      [`models--me--copy/blobs/${'9'.repeat(40)}`]: config,
      [`models--me--copy/snapshots/${COMMIT}/config.json`]: `../../blobs/${'9'.repeat(40)}`,
    });
    expect(openModels(folder).resolve('me/copy').config).toEqual(tinyLlama);
  });

  test('its safetensors headers are read where a model is described, not for every question', () => {
    const { models } = setUp({ 'config.json': config, 'model.safetensors': weights });
    expect(models.resolve('me/cached').safetensors).toBeNull();
    expect(models.describe('me/cached', fail).safetensors).toEqual({
      elementsByDtype: { BF16: TINY_LLAMA_PARAMETERS },
      totalBytes: 0,
    });
    const { models: broken } = setUp({ 'config.json': config, 'model.safetensors': 'x' });
    const problems: string[] = [];
    expect(broken.describe('me/cached', (problem) => problems.push(problem)).safetensors).toBeNull();
    expect(problems).toEqual([expect.stringContaining('so the count is not checked') as string]);
  });
});

describe('a folder', () => {
  test('is called by its name, or by the model whose snapshot it is', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'my-model/config.json': config, 'my model (1)/config.json': config });
    cacheRepository(join(folder, 'elsewhere'), 'models--Me--Cached', {
      commit: OTHER_COMMIT,
      files: { 'config.json': config },
    });
    const models = openModels(folder, null);
    expect(models.resolveNameOrPath(join(folder, 'my-model'))).toMatchObject({
      id: 'my-model',
      origin: 'file',
      revision: null,
    });
    expect(models.resolveNameOrPath(join(folder, 'my model (1)')).id).toBe('config');
    const snapshot = join(folder, 'elsewhere/models--Me--Cached/snapshots', OTHER_COMMIT);
    expect(models.resolveNameOrPath(snapshot)).toMatchObject({ id: 'Me/Cached', revision: OTHER_COMMIT });
    expect(models.importPath({ path: `${snapshot}/`, id: null }, NOW, fail)).toMatchObject({
      id: 'Me/Cached',
      origin: 'imported',
      revision: OTHER_COMMIT,
      addedAt: NOW,
      source: join(snapshot, 'config.json'),
    });
  });

  test('its safetensors headers come along and are kept', () => {
    const folder = temporaryFolder();
    writeFiles(folder, { 'x/config.json': config, 'x/model.safetensors': weights });
    openModels(folder).importPath({ path: join(folder, 'x'), id: 'me/tiny' }, NOW, fail);
    expect(openModels(folder).resolve('me/tiny').safetensors?.elementsByDtype).toEqual({ BF16: TINY_LLAMA_PARAMETERS });
  });

  test("ModelOpt's own file counts where the config has no quantization_config", () => {
    const folder = temporaryFolder();
    const quantization = {
      producer: { name: 'modelopt' },
      quantization: { quant_algo: 'FP8', kv_cache_quant_algo: 'FP8', exclude_modules: ['lm_head'] },
    };
    const own = { ...tinyLlama, quantization_config: { quant_method: 'awq', bits: 4 } };
    writeFiles(folder, {
      'plain/config.json': config,
      'plain/hf_quant_config.json': JSON.stringify(quantization),
      'own/config.json': JSON.stringify(own),
      'own/hf_quant_config.json': JSON.stringify(quantization),
      'broken/config.json': config,
      'broken/hf_quant_config.json': '{',
    });
    const models = openModels(folder);
    const precisionOf = (name: string) =>
      analyzeModel(models.resolveNameOrPath(join(folder, name))).checkpoint.precision;
    expect(precisionOf('plain')).toBe('fp8');
    expect(precisionOf('own')).toBe('int4');
    expect(models.resolve('own').config).toEqual(own);
    expect(refusal(() => models.resolveNameOrPath(join(folder, 'broken')))).toMatchObject({
      family: 'file',
      message: expect.stringMatching(/^The hf_quant_config\.json beside/) as string,
    });
  });

  test('without a config.json, a loop of links, and nothing at all are refused', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'empty'));
    symlinkSync('loop', join(folder, 'loop'));
    const models = openModels(folder);
    for (const read of [
      (path: string) => models.resolveNameOrPath(path),
      (path: string) => models.importPath({ path, id: null }, NOW, fail),
    ]) {
      expect(refusal(() => read(join(folder, 'empty')))).toMatchObject({ family: 'file', code: 'model_folder_empty' });
      expect(refusal(() => read(join(folder, 'none/')))).toMatchObject({ family: 'file', code: 'file_missing' });
      expect(refusal(() => read(join(folder, 'loop')))).toMatchObject({ family: 'file', code: 'file_unreadable' });
    }
  });
});

test('infinite numbers as Python writes them are read, in fields that nothing is computed from', () => {
  const models = openModels(temporaryFolder());
  const text = config.replace('{', '{ "time_step_limit": [0.0, Infinity], "note": "Infinity and \\"Infinity", ');
  const { config: read } = models.import({ text, fileName: 'x.json', id: 'me/ssm' }, NOW);
  expect(read).toMatchObject({ time_step_limit: [0, Infinity], note: 'Infinity and "Infinity' });
  expect(models.resolve('me/ssm').config).toMatchObject({ ...tinyLlama, time_step_limit: [0, null] });
});

describe('the service', () => {
  const repository = {
    commits: { main: COMMIT, v1: OTHER_COMMIT },
    files: { 'config.json': config },
    safetensors: { parameters: { BF16: TINY_LLAMA_PARAMETERS } },
  };
  const environmentOf = (url: string, folder: string) => ({ HF_ENDPOINT: url, HF_HOME: join(folder, 'huggingface') });

  test('a pulled model is kept: it works offline, in another start, and without the hub', async () => {
    const hub = await startHub({ 'Me/Tiny': repository });
    const folder = temporaryFolder();
    const first = startService(folder, { environment: environmentOf(hub.url, folder) });
    const pulled = valueOf(await first.api.pullModel({ id: 'me/tiny', revision: 'v1', taskId: 'p1' }));
    expect(pulled).toMatchObject({
      notes: [],
      model: {
        id: 'Me/Tiny',
        origin: 'hub',
        revision: OTHER_COMMIT,
        source: `${hub.url}/Me/Tiny/blob/${OTHER_COMMIT}/config.json`,
        added_at: '2026-01-05T09:00:00.000Z',
        safetensors: {
          stored_parameters: TINY_LLAMA_PARAMETERS,
          counted_parameters: TINY_LLAMA_PARAMETERS,
          difference_fraction: 0,
        },
      },
    });
    await first.close();
    const { api } = startService(folder, {
      environment: { HF_HUB_OFFLINE: '1', HF_HOME: join(folder, 'huggingface') },
    });
    expect(valueOf(await api.showModel('me/tiny'))).toEqual(pulled.model);
    const entry = valueOf(await api.listModels()).find(({ id }) => id === 'Me/Tiny');
    expect(entry).toMatchObject({
      origin: 'hub',
      revision: OTHER_COMMIT,
      added_at: pulled.model.added_at,
      source: pulled.model.source,
    });
    expect(errorOf(await api.pullModel({ id: 'me/tiny', revision: null, taskId: 'p2' }))).toMatchObject({
      code: 'hub_offline',
    });
    expect(valueOf(await api.showModel('me/tiny'))).toEqual(pulled.model);
  });

  test('a config of the hub that cannot be is refused like any file, and the earlier one stays', async () => {
    const files = { ...repository.files };
    const hub = await startHub({ 'Me/Tiny': { ...repository, files } });
    const folder = temporaryFolder();
    const { api } = startService(folder, { environment: environmentOf(hub.url, folder) });
    const pull = () => api.pullModel({ id: 'Me/Tiny', revision: null, taskId: 'p' });
    const before = valueOf(await pull()).model;
    for (const [text, reason] of [
      ['{"model_type": ', /\/Me\/Tiny\/blob\/a+\/config\.json is not valid JSON/],
      [JSON.stringify({ ...tinyLlama, num_hidden_layers: 1e12 }), /num_hidden_layers is 1000000000000/],
      ['', /is empty/],
    ] as const) {
      files['config.json'] = text;
      expect(errorOf(await pull())).toMatchObject({ family: 'file', message: expect.stringMatching(reason) as string });
    }
    expect(valueOf(await api.showModel('Me/Tiny'))).toEqual(before);
  });

  test('a pull that is under way is cancelled by its task, and by the end of the program', async () => {
    const asked: (() => void)[] = [];
    const hub = await startHub({}, () => {
      asked.shift()?.();
      return true;
    });
    const folder = temporaryFolder();
    const service = startService(folder, { environment: environmentOf(hub.url, folder) });
    const start = async (taskId: string) => {
      const reached = new Promise<void>((settle) => asked.push(settle));
      const pulled = service.api.pullModel({ id: 'Me/Tiny', revision: null, taskId });
      await reached;
      return { pulled };
    };
    const { pulled } = await start('p1');
    expect(errorOf(await service.api.pullModel({ id: 'x/y', revision: null, taskId: 'p1' }))).toMatchObject({
      code: 'task_running',
    });
    await service.api.cancelTask('p1');
    expect(errorOf(await pulled)).toMatchObject({ family: 'interrupted', code: 'cancelled' });
    const { pulled: second } = await start('p2');
    await service.close();
    expect(errorOf(await second)).toMatchObject({ family: 'interrupted' });
  });
});
