import { describe, expect, test } from 'vitest';
import {
  commandEntries,
  findEntries,
  modelEntries,
  runEntries,
  searchedText,
  type PaletteEntry,
} from '../../../../src-renderer/screens/shell/palette-entries.ts';
import { RUN } from '../../fixtures/app.ts';
import { MODELS } from '../../fixtures/documents.ts';

const nothing = (): void => undefined;
const ENTRIES: PaletteEntry[] = [
  ...commandEntries([
    { id: 'go.runs', label: 'Go to Runs', group: 'Go', keys: '4', run: nothing },
    { id: 'answer.copy', label: 'Copy vLLM command for Llama', group: 'Answer', run: nothing },
  ]),
  ...modelEntries([{ ...MODELS[0]!, id: 'a/model-18b' }, ...MODELS], MODELS[1]!.id, nothing),
  ...runEntries([RUN], new Date('2026-11-24T12:00:00Z'), nothing),
];
const found = (typed: string): Record<string, string[]> =>
  Object.fromEntries(
    findEntries(ENTRIES, typed).map(({ group, entries }) => [group, entries.map(({ label }) => label)]),
  );

describe('what was typed', () => {
  test('nothing: the commands', () => {
    expect(Object.keys(found(''))).toEqual(['Commands']);
  });

  test('a word is looked for everywhere; every word must be there', () => {
    expect(Object.keys(found('llama'))).toEqual(['Models', 'Commands', 'Runs']);
    expect(found('llama command')).toEqual({ Commands: ['Copy vLLM command for Llama'] });
    expect(found('llama xyz')).toEqual({});
  });

  test.each([
    ['>', ['Commands']],
    ['#llama', ['Models']],
    ['# llama', ['Models']],
    ['@llama', ['Runs']],
    ['@', ['Runs']],
  ])('%s lists only %o', (typed, groups) => {
    expect(Object.keys(found(typed))).toEqual(groups);
  });

  test('the prefix is not looked for', () => {
    expect(searchedText('# 8b ')).toBe('8b');
    expect(searchedText('8b')).toBe('8b');
  });

  test('where a word begins counts before where it merely stands', () => {
    expect(found('#8b')['Models']).toEqual(['meta-llama/Llama-3.1-8B-Instruct', 'a/model-18b']);
  });
});

test('models that cannot be sized are not offered; the one in use says so', () => {
  const models = modelEntries(MODELS, MODELS[0]!.id, nothing);
  expect(models.map(({ label }) => label)).not.toContain('deepseek-ai/DeepSeek-R1');
  expect(models.map(({ detail }) => detail)).toEqual(['in use', '7.24B']);
});

test('a run says when it was', () => {
  expect(ENTRIES.at(-1)).toMatchObject({ detail: expect.stringMatching(/ago|yesterday|Nov/) as string });
});
