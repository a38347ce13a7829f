import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findCached, scanCache, snapshotOf } from '../../src-main/hub/cache.ts';
import { cacheFolder } from '../../src-main/hub/environment.ts';
import { cacheRepository, temporaryFolder, writeFiles } from './folders.ts';
import { COMMIT, OTHER_COMMIT } from './server.ts';

const files = { 'config.json': '{}' };
const ids = (cache: string) => scanCache(cache).models.map(({ id, revision }) => [id, revision]);

describe('where the cache is', () => {
  test.each<[string, Record<string, string>, string]>([
    ['HF_HUB_CACHE', { HF_HUB_CACHE: '/a', HF_HOME: '/b', XDG_CACHE_HOME: '/c' }, '/a'],
    ['its older name', { HUGGINGFACE_HUB_CACHE: '/a', HF_HOME: '/b' }, '/a'],
    ['HF_HOME', { HF_HOME: '/b', XDG_CACHE_HOME: '/c' }, '/b/hub'],
    ['XDG_CACHE_HOME', { XDG_CACHE_HOME: '/c' }, '/c/huggingface/hub'],
    ['the home folder', {}, join(homedir(), '.cache/huggingface/hub')],
    ['the home folder written as ~', { HF_HOME: '~/hf' }, join(homedir(), 'hf/hub')],
    ['an empty variable is none', { HF_HUB_CACHE: '', HF_HOME: '/b' }, '/b/hub'],
  ])('%s', (_, environment, folder) => {
    expect(cacheFolder(environment)).toBe(folder);
  });
});

describe('what is in it', () => {
  test('links into blobs, plain files, and names without an owner; other things are passed over', () => {
    const cache = temporaryFolder();
    cacheRepository(cache, 'models--Me--Linked', { commit: COMMIT, files });
    writeFiles(cache, {
      [`models--me--plain/snapshots/${OTHER_COMMIT}/config.json`]: '{}',
      'models--me--plain/refs/main': `${OTHER_COMMIT}\n`,
      [`models--gpt2/snapshots/${COMMIT}/config.json`]: '{}',
      'models--gpt2/refs/main': COMMIT,
      [`datasets--me--data/snapshots/${COMMIT}/config.json`]: '{}',
      '.locks/models--me--plain/x.lock': '',
      'models--file': 'not a folder',
      'version.txt': '1',
      // Weights without a config, which llama.cpp loads.
      [`models--me--gguf/snapshots/${COMMIT}/x.gguf`]: '',
      'models--me--gguf/refs/main': COMMIT,
      [`models--me--gguf/.no_exist/${COMMIT}/config.json`]: '',
    });
    expect(scanCache(cache).broken).toEqual([]);
    expect(ids(cache)).toEqual([
      ['Me/Linked', COMMIT],
      ['gpt2', COMMIT],
      ['me/plain', OTHER_COMMIT],
    ]);
    expect(findCached(cache, 'me/LINKED')).toEqual({
      id: 'Me/Linked',
      folder: join(cache, 'models--Me--Linked', 'snapshots', COMMIT),
      revision: COMMIT,
      addedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    });
    expect(findCached(cache, 'me/gguf')).toBeNull();
    expect(findCached(cache, '../models--gpt2')).toBeNull();
  });

  test('a cache that is not there, or is a file, is empty', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const cache of [join(folder, 'none'), join(folder, 'file'), join(folder, 'file', 'below')]) {
      expect(scanCache(cache)).toEqual({ models: [], broken: [] });
      expect(findCached(cache, 'me/tiny')).toBeNull();
    }
  });

  test('the main branch comes first, whatever else was loaded later', () => {
    const cache = temporaryFolder();
    cacheRepository(cache, 'models--me--two', {
      commit: COMMIT,
      files,
      refs: { main: COMMIT, 'refs/pr/1': OTHER_COMMIT },
    });
    cacheRepository(cache, 'models--me--two', { commit: OTHER_COMMIT, files: { 'sub/x.json': '{}' }, refs: {} });
    writeFiles(cache, { [`models--me--two/snapshots/${OTHER_COMMIT}/config.json`]: '{}' });
    expect(ids(cache)).toEqual([['me/two', COMMIT]]);
    // Another branch, then, without any ref, the newest.
    writeFiles(cache, { 'models--me--two/refs/main': 'c'.repeat(40) });
    expect(ids(cache)).toEqual([['me/two', OTHER_COMMIT]]);
    rmSync(join(cache, 'models--me--two/refs'), { recursive: true });
    const touch = (commit: string, second: number) =>
      utimesSync(join(cache, 'models--me--two/snapshots', commit), second, second);
    touch(COMMIT, 2000);
    touch(OTHER_COMMIT, 1000);
    expect(ids(cache)).toEqual([['me/two', COMMIT]]);
    touch(OTHER_COMMIT, 3000);
    expect(ids(cache)).toEqual([['me/two', OTHER_COMMIT]]);
  });

  test('a branch whose commit has no config gives way to a commit that has one', () => {
    const cache = temporaryFolder();
    cacheRepository(cache, 'models--me--part', { commit: COMMIT, files: { 'tokenizer.json': '{}' } });
    cacheRepository(cache, 'models--me--part', { commit: OTHER_COMMIT, files, refs: {} });
    expect(ids(cache)).toEqual([['me/part', OTHER_COMMIT]]);
  });
});

describe('what is broken is told with its cure, and hides nothing else', () => {
  const broken = (prepare: (cache: string) => void): { problem: string; alone: boolean } => {
    const cache = temporaryFolder();
    cacheRepository(cache, 'models--me--good', { commit: COMMIT, files });
    prepare(cache);
    const { models, broken: found } = scanCache(cache);
    expect(models.map(({ id }) => id)).toEqual(['me/good']);
    expect(found.map(({ id }) => id)).toEqual(['me/bad']);
    expect(findCached(cache, 'me/bad')).toEqual(found[0]);
    const { problem = '' } = found[0] ?? {};
    expect(problem).toMatch(/: load it again with Hugging Face's tools, or use configiq model pull me\/bad\.$/);
    return { problem, alone: found.length === 1 };
  };

  test('a link whose blob was deleted', () => {
    const { problem } = broken((cache) => {
      cacheRepository(cache, 'models--me--bad', { commit: COMMIT, files });
      rmSync(join(cache, 'models--me--bad', 'blobs'), { recursive: true });
    });
    expect(problem).toContain('config.json leads to nothing');
  });

  test('a link to itself, and a folder in the place of the config', () => {
    const snapshot = (cache: string) => join(cache, 'models--me--bad', 'snapshots', COMMIT);
    broken((cache) => {
      mkdirSync(snapshot(cache), { recursive: true });
      symlinkSync('config.json', join(snapshot(cache), 'config.json'));
    });
    broken((cache) => {
      mkdirSync(join(snapshot(cache), 'config.json'), { recursive: true });
    });
  });

  test('a branch without its snapshot, and one that holds no commit', () => {
    expect(broken((cache) => writeFiles(cache, { 'models--me--bad/refs/main': COMMIT })).problem).toMatch(
      /main names commit a+, of which nothing is there/,
    );
    expect(broken((cache) => writeFiles(cache, { 'models--me--bad/refs/main': '\0\u0001garbage' })).problem).toMatch(
      /main holds "\\u0000\\u0001garbage", which is no commit/,
    );
  });
});

test('a folder of a snapshot tells model and commit; any other tells nothing', () => {
  expect(snapshotOf(`/x/models--a--b/snapshots/${COMMIT}`)).toEqual({ id: 'a/b', revision: COMMIT });
  expect(snapshotOf(`/x/models--gpt2/snapshots/${COMMIT}/`)).toEqual({ id: 'gpt2', revision: COMMIT });
  for (const folder of [
    `/x/models--a--b/${COMMIT}`,
    `/x/y/snapshots/${COMMIT}`,
    '/x/models--a--b/snapshots/main',
    '/',
  ]) {
    expect(snapshotOf(folder)).toBeNull();
  }
});
