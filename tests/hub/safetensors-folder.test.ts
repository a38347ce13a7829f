import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readFolderSafetensors } from '../../src-main/hub/safetensors-folder.ts';
import { cacheRepository, temporaryFolder, writeFiles } from './folders.ts';
import { COMMIT, safetensorsFile } from './server.ts';

const file = (dtype: string) =>
  safetensorsFile({ a: { dtype, shape: [8, 4], bytes: 64 }, b: { dtype, shape: [], bytes: 2 } });
const index = (metadata: object, ...shards: string[]) =>
  JSON.stringify({ metadata, weight_map: Object.fromEntries(shards.map((name, number) => [`t${number}`, name])) });

const read = (files: Record<string, string | Buffer>) => {
  const folder = temporaryFolder();
  writeFiles(folder, files);
  return readFolderSafetensors(folder);
};

test('one file, under its usual name or the only one there is', () => {
  const summary = { elementsByDtype: { BF16: 33 }, totalBytes: 66 };
  expect(read({ 'model.safetensors': file('BF16') })).toEqual({ summary, problem: null });
  expect(read({ 'consolidated.safetensors': file('BF16') })).toEqual({ summary, problem: null });
  // Two of unknown names may hold the same weights twice.
  expect(read({ 'a.safetensors': file('BF16'), 'b.safetensors': file('BF16') })).toEqual({
    summary: null,
    problem: null,
  });
  expect(read({ 'config.json': '{}' })).toEqual({ summary: null, problem: null });
});

test('all shards of an index; its size alone where the shards are not there', () => {
  const text = index({ total_size: 132.0 }, 'm-1.safetensors', 'm-2.safetensors');
  const shards = { 'm-1.safetensors': file('BF16'), 'm-2.safetensors': file('F8_E4M3') };
  const name = 'model.safetensors.index.json';
  expect(read({ [name]: text, ...shards }).summary).toEqual({
    elementsByDtype: { BF16: 33, F8_E4M3: 33 },
    totalBytes: 132,
  });
  expect(read({ [name]: text, 'm-1.safetensors': file('BF16') }).summary).toEqual({
    elementsByDtype: {},
    totalBytes: 132,
  });
  expect(read({ [name]: index({}, 'm-1.safetensors') })).toEqual({ summary: null, problem: null });
});

test('a cache keeps an index without weights, as a link or as the text of one', () => {
  const cache = temporaryFolder();
  const name = 'model.safetensors.index.json';
  cacheRepository(cache, 'models--me--tiny', {
    commit: COMMIT,
    files: { [name]: index({ total_size: 7 }, 'm-1.safetensors') },
  });
  const folder = join(cache, 'models--me--tiny', 'snapshots', COMMIT);
  expect(readFolderSafetensors(folder).summary).toEqual({ elementsByDtype: {}, totalBytes: 7 });
  writeFiles(cache, { [`models--me--copy/blobs/${'e'.repeat(40)}`]: index({ total_size: 9 }, 'm-1.safetensors') });
  writeFiles(cache, { [`models--me--copy/snapshots/${COMMIT}/${name}`]: `../../blobs/${'e'.repeat(40)}` });
  expect(readFolderSafetensors(join(cache, 'models--me--copy', 'snapshots', COMMIT)).summary).toEqual({
    elementsByDtype: {},
    totalBytes: 9,
  });
});

test.each<[string, Record<string, string | Buffer>, RegExp]>([
  ['a file that is cut off', { 'model.safetensors': file('BF16').subarray(0, 20) }, /cut off/],
  ['an empty file', { 'model.safetensors': '' }, /cut off/],
  [
    'a header that is no JSON',
    { 'model.safetensors': Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('nope')]) },
    /JSON/,
  ],
  [
    'a header of something else',
    { 'model.safetensors': safetensorsFile({ a: { dtype: 'bf16', shape: [1], bytes: 2 } }) },
    /not one of the safetensors format/,
  ],
  ['an index that is no JSON', { 'model.safetensors.index.json': '{' }, /JSON/],
  [
    'an index that leads elsewhere',
    { 'model.safetensors.index.json': index({}, '../x.safetensors') },
    /leads out of the folder/,
  ],
])('%s is a sentence, not an error', (_, files, sentence) => {
  const { summary, problem } = read(files);
  expect(summary).toBeNull();
  expect(problem).toMatch(/^The safetensors files in .* could not be read \(.*\), so the count is not checked\.$/);
  expect(problem).toMatch(sentence);
});

test('of weights of terabytes only the header is read', () => {
  const folder = temporaryFolder();
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, file('BF16'));
  truncateSync(path, 2_000_000_000_000);
  const startedMs = performance.now();
  expect(readFolderSafetensors(folder).summary?.elementsByDtype).toEqual({ BF16: 33 });
  expect(performance.now() - startedMs).toBeLessThan(1000);
});
