/** Where the entries of a JSON text lie, for messages that name a line. */

/** Keys and indices from the top. */
export type JsonPath = readonly (string | number)[];

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS = new Set([0x7b, 0x5b]);
const CLOSERS = new Set([0x7d, 0x5d]);
const LIST = 0x5b;
const COMMA = 0x2c;
const COLON = 0x3a;

/**
 * The line, from 1, of each path, or of the nearest entry around it that is there: an absent field is told by the line
 * where its object begins. One walk over text that JSON.parse has taken.
 */
export function linesOf(text: string, paths: readonly JsonPath[]): number[] {
  const wanted = new Set<string>();
  for (const path of paths)
    for (let depth = 0; depth <= path.length; depth += 1) wanted.add(keyOf(path.slice(0, depth)));
  const lineOfKey = walk(text, wanted);
  return paths.map((path) => {
    for (let depth = path.length; depth >= 0; depth -= 1) {
      const line = lineOfKey.get(keyOf(path.slice(0, depth)));
      if (line !== undefined) return line;
    }
    return 1;
  });
}

const keyOf = (path: JsonPath): string => JSON.stringify(path);

interface Level {
  isList: boolean;
  index: number;
  key: string;
  expectsKey: boolean;
}

function walk(text: string, wanted: ReadonlySet<string>): Map<string, number> {
  const found = new Map<string, number>();
  const levels: Level[] = [];
  let line = 1;
  let isValueStart = true;
  const note = (): void => {
    if (!isValueStart) return;
    isValueStart = false;
    const key = keyOf(levels.map((level) => (level.isList ? level.index : level.key)));
    if (wanted.has(key) && !found.has(key)) found.set(key, line);
  };
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const level = levels.at(-1);
    if (code <= SPACE || code === 0xfeff) {
      if (code === 0x0a) line += 1;
    } else if (code === QUOTE) {
      const end = endOfText(text, at);
      if (level?.expectsKey) level.key = JSON.parse(text.slice(at, end + 1)) as string;
      else note();
      at = end;
    } else if (OPENERS.has(code)) {
      note();
      const isList = code === LIST;
      levels.push({ isList, index: 0, key: '', expectsKey: !isList });
      isValueStart = isList;
    } else if (CLOSERS.has(code)) {
      levels.pop();
      isValueStart = false;
    } else if (code === COMMA && level) {
      level.index += 1;
      level.expectsKey = !level.isList;
      isValueStart = level.isList;
    } else if (code === COLON && level) {
      level.expectsKey = false;
      isValueStart = true;
    } else note();
  }
  return found;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
