import { fileError } from '../../src-worker/engine/errors.ts';

/** No config or catalog nests deeper; thousands of levels would overflow whoever walks them. */
const MAX_DEPTH = 64;
const LONGEST_SHOWN = 20;

interface Flaw {
  offset: number;
  problem: string;
  /** The name in front of it, where there is one. */
  field: string | null;
}

/**
 * Parses JSON that came from outside. Throws `json_invalid` with line, column and what was expected there, because the
 * built-in messages name a place only sometimes. `what` names the text in the sentence.
 */
export function parseJsonText(text: string, what: string): unknown {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const deep = findTooDeep(body);
  if (deep) throw invalidJson(body, deep, what);
  try {
    return JSON.parse(body) as unknown;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw invalidJson(body, findFlaw(body) ?? { offset: 0, problem: reason, field: null }, what, thrown);
  }
}

function invalidJson(text: string, { offset, problem, field }: Flaw, what: string, cause?: unknown): Error {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const column = offset - before.lastIndexOf('\n');
  const place = field === null ? '' : ` (field "${field}")`;
  const sentence = `${what} is not valid JSON: line ${line}, column ${column}: ${problem}${place}: mend it there, or get the file anew.`;
  return fileError('json_invalid', sentence, { line, column, field }, cause);
}

/** First bracket that opens one level too many. */
function findTooDeep(text: string): Flaw | null {
  let depth = 0;
  let isInText = false;
  let textStart = 0;
  /** The last text at the top: the field that nests, when one does. */
  let field: string | null = null;
  for (let offset = 0; offset < text.length; offset += 1) {
    const character = text[offset];
    if (isInText) {
      if (character === '\\') offset += 1;
      else if (character === '"') {
        isInText = false;
        if (depth === 1) field = shortened(text.slice(textStart, offset));
      }
    } else if (character === '"') {
      isInText = true;
      textStart = offset + 1;
    } else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > MAX_DEPTH) return { offset, problem: `nested deeper than ${MAX_DEPTH} levels`, field };
    } else if (character === '}' || character === ']') {
      depth -= 1;
    }
  }
  return null;
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma or end' | 'nothing';

const WORDS: Record<Expected, string> = {
  value: 'a value',
  'value or ]': 'a value or "]"',
  key: 'a name in double quotes',
  'key or }': 'a name in double quotes or "}"',
  colon: '":"',
  'comma or end': '"," or the closing bracket',
  nothing: 'nothing more',
};

const SPACE = /[ \t\r\n]*/y;
const TEXT = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y; // eslint-disable-line no-control-regex
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;

const lengthOf = (pattern: RegExp, text: string, offset: number): number => {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0].length ?? 0;
};

/** Walks text that JSON.parse refused up to the first character that cannot be. */
function findFlaw(text: string): Flaw | null {
  const closers: ('}' | ']')[] = [];
  let expected: Expected = 'value';
  let field: string | null = null;
  let offset = lengthOf(SPACE, text, 0);
  while (offset < text.length) {
    const step = readToken(text, offset, expected, closers);
    if (!step) return { offset, problem: `expected ${WORDS[expected]}, found ${shown(text, offset)}`, field };
    if (step.next === 'colon') field = shortened(text.slice(offset + 1, offset + step.length - 1));
    expected = step.next;
    offset += step.length;
    offset += lengthOf(SPACE, text, offset);
  }
  if (expected === 'nothing') return null;
  return { offset: text.length, problem: `the text ends where ${WORDS[expected]} should follow`, field };
}

/** The token at `offset` and what must follow it, or null when it is not one of those expected. Keeps `closers`. */
function readToken(
  text: string,
  offset: number,
  expected: Expected,
  closers: ('}' | ']')[],
): { next: Expected; length: number } | null {
  const character = text[offset];
  const afterValue = (): Expected => (closers.length > 0 ? 'comma or end' : 'nothing');
  const mayClose = expected === 'comma or end' || expected === 'key or }' || expected === 'value or ]';
  if (mayClose && character === closers.at(-1)) {
    closers.pop();
    return { next: afterValue(), length: 1 };
  }
  switch (expected) {
    case 'nothing':
      return null;
    case 'colon':
      return character === ':' ? { next: 'value', length: 1 } : null;
    case 'comma or end':
      return character === ',' ? { next: closers.at(-1) === '}' ? 'key' : 'value', length: 1 } : null;
    case 'key':
    case 'key or }': {
      const length = lengthOf(TEXT, text, offset);
      return length > 0 ? { next: 'colon', length } : null;
    }
    case 'value':
    case 'value or ]': {
      if (character === '{' || character === '[') {
        closers.push(character === '{' ? '}' : ']');
        return { next: character === '{' ? 'key or }' : 'value or ]', length: 1 };
      }
      const length = lengthOf(character === '"' ? TEXT : SCALAR, text, offset);
      return length > 0 ? { next: afterValue(), length } : null;
    }
  }
}

const LONGEST_FIELD = 60;
const shortened = (field: string): string => field.slice(0, LONGEST_FIELD);

/** What stands at the offset, short enough for a sentence. */
function shown(text: string, offset: number): string {
  const word = /^[\w.+-]+/.exec(text.slice(offset, offset + LONGEST_SHOWN))?.[0] ?? text[offset] ?? '';
  return text[offset] === '"' ? 'a text that does not end properly or is not allowed here' : JSON.stringify(word);
}
