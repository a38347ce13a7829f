import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, onTestFinished } from 'vitest';
import { bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import { idFromFileName } from '../../src-main/services/model-ids.ts';
import { createModelStore, type ModelStore } from '../../src-main/services/model-store.ts';
import { openStore } from '../../src-main/store/open.ts';
import { temporaryFolder, tinyLlama, TINY_LLAMA_PARAMETERS } from './service.ts';

const NOW = '2026-01-05T09:00:00.000Z';
const LLAMA = 'meta-llama/Llama-2-7b-hf';
const fail = (problem: string): never => expect.fail(problem);

function modelStore(folder = temporaryFolder()): ModelStore {
  const { store } = openStore(join(folder, 'configiq.sqlite'));
  onTestFinished(() => {
    store.close();
  });
  return createModelStore(bundledCatalogsFolder(), store);
}

const importTiny = (models: ModelStore, id: string | null = 'me/tiny', config: object = tinyLlama) =>
  models.import({ text: JSON.stringify(config), fileName: 'config.json', id }, NOW);

function refusal(work: () => unknown): unknown {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return expect.fail('accepted');
}

describe('finding a model', () => {
  test('letter case does not count, and the source carries the canonical id', () => {
    const models = modelStore();
    expect(models.resolve('META-LLAMA/llama-2-7B-HF').id).toBe(LLAMA);
    importTiny(models, 'Me/Tiny');
    expect(models.resolve(' me/TINY ').id).toBe('Me/Tiny');
  });

  test('an alias has the facts of the bundled model it stands for, under its own name', () => {
    const models = modelStore();
    const entry = models.list(fail).find(({ alias_of }) => alias_of !== null);
    if (!entry) expect.fail('no alias is bundled');
    const found = models.resolve(entry.id.toUpperCase());
    expect(found.id).toBe(entry.id);
    expect(found.factsOf?.id).toBe(entry.alias_of);
  });

  test('an imported model wins over the bundled one of the same id, until it is removed', () => {
    const models = modelStore();
    importTiny(models, LLAMA);
    expect(models.resolve(LLAMA)).toMatchObject({ origin: 'imported', config: tinyLlama });
    expect(models.remove(LLAMA)).toBe(true);
    expect(models.resolve(LLAMA)).toMatchObject({ origin: 'bundled' });
  });

  test('an unknown model is refused with the nearest names, imported ones included', () => {
    const models = modelStore();
    importTiny(models, 'me/very-special');
    expect(refusal(() => models.resolve('me/very-specail'))).toMatchObject({
      family: 'invalid_input',
      code: 'unknown_model',
      message: expect.stringContaining('did you mean "me/very-special') as string,
    });
    expect(refusal(() => models.resolve('llama-2-7b-hg'))).toMatchObject({
      details: { nearest: expect.arrayContaining([LLAMA]) as string[] },
    });
    expect(refusal(() => models.resolve('../../../etc/passwd'))).toMatchObject({ code: 'unknown_model' });
  });
});

describe('the list', () => {
  test('has every model once, with its parameters, or the reason why it cannot be computed', () => {
    const models = modelStore();
    importTiny(models);
    const list = models.list(fail);
    expect(new Set(list.map(({ id }) => id.toLowerCase())).size).toBe(list.length);
    expect(list.find(({ id }) => id === 'me/tiny')).toEqual({
      id: 'me/tiny',
      origin: 'imported',
      architecture: 'LlamaForCausalLM',
      total_parameters: TINY_LLAMA_PARAMETERS,
      active_parameters: TINY_LLAMA_PARAMETERS,
      max_context_tokens: 2048,
      estimated: false,
      attention: 'GQA 32/4',
      // 22 layers x 2 x 4 KV heads of 64 x 2 bytes.
      kv_bytes_per_token_fp16: 22_528,
      state_bytes_per_sequence: 0,
      weight_bytes: 2 * TINY_LLAMA_PARAMETERS,
      checkpoint_precision: 'fp16',
      is_moe: false,
      modalities: ['text'],
      supported: true,
      reason: null,
      alias_of: null,
      source: 'config.json',
      revision: null,
      added_at: NOW,
    });
    for (const entry of list) {
      expect(entry.supported, entry.id).toBe(entry.reason === null);
      if (!entry.supported) expect(entry.reason, entry.id).not.toContain('Internal error');
    }
  });
});

describe('removing and putting back', () => {
  const listed = (models: ModelStore) => models.list(fail).find(({ id }) => id === 'me/tiny');

  test('what was removed comes back as it was, once', () => {
    const models = modelStore();
    importTiny(models);
    const before = listed(models);
    expect(models.remove('ME/tiny')).toBe(true);
    expect(listed(models)).toBeUndefined();
    expect(models.restore('me/TINY')).toBe(true);
    expect(listed(models)).toEqual(before);
    expect(models.restore('me/tiny')).toBe(false);
  });

  test('an import that replaced another can be taken back', () => {
    const models = modelStore();
    importTiny(models);
    importTiny(models, 'me/tiny', { ...tinyLlama, num_hidden_layers: 11 });
    expect(models.restore('me/tiny')).toBe(true);
    expect(listed(models)?.total_parameters).toBe(TINY_LLAMA_PARAMETERS);
  });

  test('nothing comes back that was never there, nor a bundled model', () => {
    const models = modelStore();
    expect(models.remove(LLAMA)).toBe(false);
    expect(models.restore(LLAMA)).toBe(false);
    expect(models.resolve(LLAMA).origin).toBe('bundled');
  });
});

test('the config of a model is JSON text, that of an unsupported one too', () => {
  const models = modelStore();
  importTiny(models);
  expect(JSON.parse(models.configText('me/tiny'))).toEqual(tinyLlama);
  const unsupported = models.list(fail).find(({ supported, alias_of }) => !supported && alias_of === null);
  if (unsupported) expect(JSON.parse(models.configText(unsupported.id))).toHaveProperty('model_type');
  expect(() => models.configText('me/other')).toThrow(/Unknown model/);
});

describe('importing a config', () => {
  test('the id comes from the file name unless it is given', () => {
    expect(idFromFileName('meta-llama__Llama-2-7b-hf.json')).toBe(LLAMA);
    expect(idFromFileName('/home/me/a__b__c.JSON')).toBe('a/b__c');
    expect(idFromFileName('C:\\models\\config.json')).toBe('config');
    const models = modelStore();
    const source = models.import({ text: JSON.stringify(tinyLlama), fileName: 'me__tiny.json', id: null }, NOW);
    expect(source).toMatchObject({ id: 'me/tiny', source: 'me__tiny.json', origin: 'imported' });
  });

  test.each<[string, string, RegExp]>([
    ['text that is not JSON', '{"hidden_size": 4096,\n}', /config\.json is not valid JSON: line 2, column 1/],
    ['a list', '[1]', /must be one JSON object/],
    ['a missing field', JSON.stringify({ ...tinyLlama, hidden_size: undefined }), /hidden_size/],
    [
      'a field that cannot be',
      JSON.stringify({ ...tinyLlama, num_hidden_layers: 1e9 }),
      /num_hidden_layers is 1000000000/,
    ],
    ['a text for a number', JSON.stringify({ ...tinyLlama, vocab_size: 'many' }), /vocab_size is "many"/],
    ['a negative number', JSON.stringify({ ...tinyLlama, intermediate_size: -1 }), /intermediate_size is -1/],
    ['six megabytes', JSON.stringify({ ...tinyLlama, padding: 'x'.repeat(6_000_000) }), /at most 5 MB/],
    ['endless nesting', '{"a":'.repeat(100_000), /nested deeper/],
  ])('%s is refused as a file with field, value and cure, and nothing is stored', (_, text, sentence) => {
    const models = modelStore();
    expect(refusal(() => models.import({ text, fileName: 'config.json', id: 'me/bad' }, NOW))).toMatchObject({
      family: 'file',
      message: expect.stringMatching(sentence) as string,
    });
    expect(refusal(() => models.resolve('me/bad'))).toMatchObject({ code: 'unknown_model' });
  });

  test('a model of a kind that is not supported yet is refused as such', () => {
    const error = refusal(() => importTiny(modelStore(), 'me/encoder', { ...tinyLlama, model_type: 'bert' }));
    expect(error).toMatchObject({ family: 'invalid_input', code: 'model_unsupported' });
  });

  test.each([
    ...['', '   ', 'x'.repeat(201), 'two\nlines', '$(touch x); echo', 'a b', "it's", 'a`b`', '-model', '/abs', 'a//b'],
    ...['a/b/c/d', 'modèle', 'a|b', '../up', '.hidden', 'a/'],
  ])('the id %j is refused with field, value and cure, and nothing is stored', (id) => {
    const models = modelStore();
    const before = models.list(fail).length;
    expect(refusal(() => importTiny(models, id))).toMatchObject({
      family: 'invalid_input',
      code: 'model_id_invalid',
      message: expect.stringMatching(/^Model id ".* cannot be used: .*give one such as/) as string,
    });
    expect(models.list(fail)).toHaveLength(before);
  });

  test.each(['a', 'meta-llama/Llama-3.1-8B', 'registry/me/tiny_v1.0', '0x/--', 'x'.repeat(200)])(
    'the id %j is taken',
    (id) => {
      expect(importTiny(modelStore(), id).id).toBe(id);
    },
  );

  test('an id that comes from a file name is checked too, and the sentence says how to give another', () => {
    const text = JSON.stringify(tinyLlama);
    expect(refusal(() => modelStore().import({ text, fileName: 'config (1).json', id: null }, NOW))).toMatchObject({
      code: 'model_id_invalid',
      message: expect.stringMatching(/"config \(1\)" \(from the file's name\).*--id/) as string,
    });
    const path = join(temporaryFolder(), '$(touch x).json');
    writeFileSync(path, text);
    expect(refusal(() => modelStore().resolveNameOrPath(path))).toMatchObject({
      code: 'model_id_invalid',
      message: expect.stringMatching(/rename the file/) as string,
    });
  });

  test('a model that hides a bundled one, or an alias, says so in its source, however it is reached', () => {
    const folder = temporaryFolder();
    const models = modelStore(folder);
    const words = /^config\.json \(takes the place of the bundled one\)$/;
    expect(importTiny(models, LLAMA.toUpperCase()).source).toMatch(words);
    expect(models.resolve(LLAMA).source).toMatch(words);
    expect(importTiny(models, 'me/own').source).toBe('config.json');
    const alias = models.list(fail).find(({ alias_of }) => alias_of !== null) ?? expect.fail('no alias is bundled');
    expect(importTiny(models, alias.id).source).toBe(
      `config.json (takes the place of the alias of ${alias.alias_of ?? ''})`,
    );
    const path = join(folder, 'Qwen__Qwen3-8B.json');
    writeFileSync(path, JSON.stringify(tinyLlama));
    expect(models.resolveNameOrPath(path).source).toBe(`${path} (takes the place of the bundled one)`);
    expect(models.resolve('qwen/qwen3-8b').source).toBe(`${path} (takes the place of the bundled one)`);
    models.remove(LLAMA);
    expect(models.resolve(LLAMA).source).not.toMatch(/takes the place/);
  });
});

describe('a path where a name may stand', () => {
  const setUp = () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'checkpoint'));
    writeFileSync(join(folder, 'me__tiny.json'), JSON.stringify(tinyLlama));
    writeFileSync(join(folder, 'checkpoint', 'config.json'), JSON.stringify(tinyLlama));
    writeFileSync(join(folder, 'broken.json'), '{');
    return { folder, models: modelStore() };
  };

  test('a file is read, and is known by its id from then on, but not stored', () => {
    const { folder, models } = setUp();
    const path = join(folder, 'me__tiny.json');
    expect(models.resolveNameOrPath(path)).toMatchObject({ id: 'me/tiny', origin: 'file', source: path });
    expect(models.resolve('me/tiny').config).toEqual(tinyLlama);
    expect(models.list(fail).map(({ id }) => id)).not.toContain('me/tiny');
  });

  test('a folder stands for the config.json in it', () => {
    const { folder, models } = setUp();
    expect(models.resolveNameOrPath(join(folder, 'checkpoint')).config).toEqual(tinyLlama);
  });

  test('a name that is no path is a name', () => {
    const { models } = setUp();
    expect(models.resolveNameOrPath('meta-llama/llama-2-7b-hf').id).toBe(LLAMA);
    expect(refusal(() => models.resolveNameOrPath('nobody/nothing'))).toMatchObject({ code: 'unknown_model' });
  });

  test('a file that is missing, broken or no file is refused', () => {
    const { folder, models } = setUp();
    expect(refusal(() => models.resolveNameOrPath(join(folder, 'missing.json')))).toMatchObject({
      code: 'file_missing',
    });
    expect(refusal(() => models.resolveNameOrPath(join(folder, 'broken.json')))).toMatchObject({
      code: 'json_invalid',
    });
    expect(refusal(() => models.resolveNameOrPath('/dev/null'))).toMatchObject({ code: 'file_unreadable' });
  });
});
