import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import { createModelStore } from '../../src-main/services/model-store.ts';
import { openStore } from '../../src-main/store/open.ts';
import { askConfigiq } from '../cli/command.ts';
import { tinyLlama } from '../services/service.ts';
import { temporaryFolder } from './folders.ts';

/** "Refused within a second": the time of the refusal itself, without the start of a program. */
const REFUSED_WITHIN_MS = 1000;
const NOW = '2026-01-05T09:00:00.000Z';

const text = JSON.stringify(tinyLlama);
const withField = (changes: object) => JSON.stringify({ ...tinyLlama, ...changes });
/** The text of a config with a value that JSON.stringify would not write. */
const withText = (field: string, value: string) => text.replace('{', `{"${field}": ${value}, `);
const gigabyte = (path: string) => {
  writeFileSync(path, '{');
  truncateSync(path, 1_000_000_000);
};

/** Name, what the file holds, and what the sentence says: the field, the value, the cure. */
const TABLE: [string, string | Buffer | ((path: string) => void), RegExp][] = [
  [
    'nesting 200,000 deep',
    `{"hidden_size": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`,
    /nested deeper than 64 levels \(field "hidden_size"\): mend it/,
  ],
  [
    'objects 200,000 deep, cut off',
    `${'{"a":'.repeat(200_000)}`,
    /nested deeper than 64 levels \(field "a"\): mend it/,
  ],
  [
    'layers 1e12',
    withField({ num_hidden_layers: 1e12 }),
    /num_hidden_layers is 1000000000000: it must be a whole number from 1 to 2,000/,
  ],
  [
    'layers infinite',
    withText('num_hidden_layers', 'Infinity').replace('"num_hidden_layers":22,', ''),
    /num_hidden_layers is Infinity: it must be a whole number/,
  ],
  [
    'sizes that multiply beyond all bounds',
    withField({
      hidden_size: 4_194_304,
      intermediate_size: 4_194_304,
      num_hidden_layers: 2000,
      num_attention_heads: 64,
      num_key_value_heads: 64,
    }),
    /multiply to .* check hidden_size/,
  ],
  ['a negative size', withField({ hidden_size: -4096 }), /hidden_size is -4096: it must be a whole number from 1/],
  [
    'a negative number of experts',
    withField({ model_type: 'mixtral', num_local_experts: -8 }),
    /num_local_experts is -8: it must be/,
  ],
  ['a text for a number', withField({ vocab_size: '32000' }), /vocab_size is "32000": it must be a whole number/],
  ['a list for a number', withField({ num_attention_heads: [32] }), /num_attention_heads is a list of 1: it must be/],
  ['half a head', withField({ num_key_value_heads: 1.5 }), /num_key_value_heads is 1.5: it must be a whole number/],
  ['__proto__', withText('__proto__', '{"hidden_size": 1}'), /the field "__proto__" cannot be: remove "__proto__"/],
  [
    '__proto__ further in',
    withText('rope_scaling', '{"x": [{"__proto__": null}]}'),
    /the field "rope_scaling\.x\.0\.__proto__" cannot be: remove/,
  ],
  ['NaN', withText('hidden_size', 'NaN'), /found "NaN" \(field "hidden_size"\): mend it/],
  [
    'NaN in a field that is not read',
    withText('initializer_range', 'NaN'),
    /found "NaN" \(field "initializer_range"\): mend it/,
  ],
  ['an empty file', '', /is empty: give the config\.json/],
  ['an empty object', '{}', /model_type is missing; add it/],
  [
    'binary',
    Buffer.from('GGUF\u0003\0\0\0\0\0'),
    /is binary, not text in UTF-8: give the config\.json, not the weights/,
  ],
  ['UTF-16', Buffer.from(text, 'utf16le'), /is binary, not text in UTF-8/],
  ['1 GB', gigabyte, /has 1,000,000,000 bytes: a file of its kind has at most 5 MB; give the config\.json/],
];

describe('a bad config is refused within a second with field, value and cure, and the store is unharmed', () => {
  it.each(TABLE)('%s', (_, content, sentence) => {
    const folder = temporaryFolder();
    const path = join(folder, 'me__tiny.json');
    const { store } = openStore(join(folder, 'configiq.sqlite'));
    onTestFinished(() => store.close());
    const models = createModelStore(bundledCatalogsFolder(), store);
    models.import({ text, fileName: 'me__tiny.json', id: null }, NOW);
    const before = store.listModels();
    if (typeof content === 'function') content(path);
    else writeFileSync(path, content);

    const pasted = typeof content === 'function' ? null : content.toString();
    for (const refuse of [
      () => models.importPath({ path, id: 'me/tiny' }, NOW, (problem) => expect.fail(problem)),
      () => models.resolveNameOrPath(path),
      ...(pasted === null ? [] : [() => models.import({ text: pasted, fileName: 'pasted.json', id: 'me/tiny' }, NOW)]),
    ]) {
      const startedMs = performance.now();
      let thrown: unknown = null;
      try {
        refuse();
      } catch (error) {
        thrown = error;
      }
      expect(performance.now() - startedMs).toBeLessThan(REFUSED_WITHIN_MS);
      expect(thrown).toMatchObject({ family: 'file', message: expect.stringMatching(sentence) as string });
    }
    expect(store.listModels()).toEqual(before);
    expect(models.resolve('me/tiny').config).toEqual(tinyLlama);
    expect(({} as Record<string, unknown>)['hidden_size']).toBeUndefined();
  });
});

describe('the command line refuses the same with exit 4 and a short sentence', () => {
  const home = mkdtempSync(join(tmpdir(), 'configiq-bad-input-'));
  const digest = () =>
    createHash('sha256')
      .update(readFileSync(join(home, 'configiq.sqlite')))
      .digest('hex');
  beforeAll(async () => {
    writeFileSync(join(home, 'good.json'), text);
    expect((await askConfigiq(['model', 'import', join(home, 'good.json'), '--id', 'me/tiny'], home)).code).toBe(0);
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const worst = TABLE.filter(([name]) =>
    ['nesting 200,000 deep', 'layers 1e12', '__proto__', 'binary', '1 GB'].includes(name),
  );
  it.each(worst)('%s', async (name, content, sentence) => {
    const path = join(home, 'bad.json');
    if (typeof content === 'function') content(path);
    else writeFileSync(path, content);
    const before = digest();
    const commands = [
      ['model', 'import', path, '--id', 'me/tiny'],
      ['model', 'show', path],
    ];
    for (const { code, stdout, stderr } of await Promise.all(commands.map((args) => askConfigiq(args, home)))) {
      expect(stderr, name).toMatch(sentence);
      expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
      expect(stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
      expect(stderr.length).toBeLessThanOrEqual(600);
    }
    expect(digest()).toBe(before);
    expect((await askConfigiq(['model', 'show', 'me/tiny'], home)).code).toBe(0);
  });
});
