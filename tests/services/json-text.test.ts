import { expect, test } from 'vitest';
import { parseJsonText } from '../../src-main/services/json-text.ts';

const refusal = (text: string): string => {
  try {
    parseJsonText(text, 'config.json');
  } catch (thrown) {
    expect(thrown).toMatchObject({ family: 'file', code: 'json_invalid' });
    return thrown instanceof Error ? thrown.message : '';
  }
  return 'accepted';
};

test.each([
  ['{"a": 1,\n  "b": }', 'line 2, column 8: expected a value, found "}"'],
  ['{"a": 1\n  "b": 2}', 'line 2, column 3: expected "," or the closing bracket'],
  ['{"a" 1}', 'line 1, column 6: expected ":", found "1"'],
  ["{'a': 1}", 'line 1, column 2: expected a name in double quotes or "}", found "\'"'],
  ['{"a": 1,}', 'line 1, column 9: expected a name in double quotes, found "}"'],
  ['[1, 2,]', 'line 1, column 7: expected a value, found "]"'],
  ['{"a": NaN}', 'line 1, column 7: expected a value, found "NaN"'],
  ['{"a": 01}', 'line 1, column 7: expected a value, found "01"'],
  ['{"a": truth}', 'line 1, column 7: expected a value, found "truth"'],
  ['{"a": [1, 2}', 'line 1, column 12: expected "," or the closing bracket, found "}"'],
  ['{"a": 1', 'line 1, column 8: the text ends where "," or the closing bracket should follow'],
  ['', 'line 1, column 1: the text ends where a value should follow'],
  ['{"a": "x', 'line 1, column 7: expected a value, found a text that does not end'],
  ['{} {}', 'line 1, column 4: expected nothing more, found "{"'],
  ['<html>', 'line 1, column 1: expected a value, found "<"'],
])('%j is refused with the place and what should stand there', (text, sentence) => {
  expect(refusal(text)).toContain(sentence);
});

test.each(['{}', ' [ ] ', '{"a": [1, -2.5e3, "x\\u00e9", true, null, {"b": {}}]}', '\uFEFF{"a": "\\"}"}', '3'])(
  '%j is accepted as JSON.parse reads it',
  (text) => {
    expect(parseJsonText(text, 'x')).toEqual(JSON.parse(text.replace('\uFEFF', '')));
  },
);

test('nesting without end is refused before it can overflow anything', () => {
  expect(refusal('['.repeat(1_000_000))).toContain('nested deeper than 64 levels');
  expect(refusal(`${'[{"a":'.repeat(33)}1${'}]'.repeat(33)}`)).toContain('nested deeper than 64 levels');
  expect(refusal(`${'['.repeat(64)}${']'.repeat(64)}`)).toBe('accepted');
});

test('brackets inside texts are not nesting', () => {
  expect(refusal(JSON.stringify({ template: '['.repeat(500) + '\\"{' }))).toBe('accepted');
});

test('a text of megabytes with its flaw at the end is refused too', () => {
  expect(refusal(`{"a": "${'x'.repeat(4_000_000)}"`)).toMatch(/the text ends|column/);
});
