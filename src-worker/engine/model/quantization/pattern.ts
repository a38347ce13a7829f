/** A pattern as what it reads. */
export type Expression =
  | { kind: 'character'; accepts: (code: number) => boolean }
  /** Holds before the first character, after the last one. */
  | { kind: 'start' | 'end' }
  | { kind: 'sequence'; parts: Expression[] }
  | { kind: 'choice'; parts: Expression[] }
  | { kind: 'repeat'; part: Expression; least: number; most: number | null };

/** Thrown for what this reader does not know: look-around, back references, flags, or a pattern beyond the limits. */
export class UnreadablePattern extends Error {}

/** Longest pattern that is read: lists of layer numbers take some hundred characters. */
const LONGEST_PATTERN = 20_000;
const DEEPEST_NESTING = 50;
const MOST_REPETITIONS = 1_000;

const code = (character: string): number => character.charCodeAt(0);
const isBetween = (from: string, to: string) => (value: number) => value >= code(from) && value <= code(to);
const isDigit = isBetween('0', '9');
const isLower = isBetween('a', 'z');
const isUpper = isBetween('A', 'Z');
const isWordCharacter = (value: number): boolean =>
  isDigit(value) || isLower(value) || isUpper(value) || value === code('_');
const isSpace = (value: number): boolean => value === 32 || (value >= 9 && value <= 13);
const isAny = (): boolean => true;

type Test = (value: number) => boolean;

const not =
  (test: Test): Test =>
  (value) =>
    !test(value);
const exactly = (character: string): Test => {
  const wanted = code(character);
  return (value) => value === wanted;
};

/** Classes a backslash and a letter stand for. */
const ESCAPED_CLASSES: ReadonlyMap<string, Test> = new Map([
  ['d', isDigit],
  ['D', not(isDigit)],
  ['w', isWordCharacter],
  ['W', not(isWordCharacter)],
  ['s', isSpace],
  ['S', not(isSpace)],
]);

const character = (accepts: Test): Expression => ({ kind: 'character', accepts });
const anyText: Expression = { kind: 'repeat', part: character(isAny), least: 0, most: null };

/** Reads a pattern from left to right; one `Scanner` is one pass over one text. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    if (text.length > LONGEST_PATTERN) throw new UnreadablePattern();
    this.#text = text;
  }

  get isOver(): boolean {
    return this.#at >= this.#text.length;
  }

  peek(): string {
    return this.#text.charAt(this.#at);
  }

  next(): string {
    if (this.isOver) throw new UnreadablePattern();
    return this.#text.charAt(this.#at++);
  }

  /** Steps over `expected` when it comes next. */
  takes(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }

  /** Steps over what `pattern` (sticky, without repetition of repetitions) finds here. */
  takesShape(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }
}

/** The test a backslash begins. */
function escaped(scanner: Scanner): Test {
  const letter = scanner.next();
  const known = ESCAPED_CLASSES.get(letter);
  if (known) return known;
  if (isWordCharacter(code(letter)) && letter !== '_') throw new UnreadablePattern();
  return exactly(letter);
}

/** The inside of `[…]`, after its opening bracket. */
function readClass(scanner: Scanner, negations: readonly string[]): Expression {
  const isNegated = negations.some((sign) => scanner.takes(sign));
  const tests: Test[] = [];
  do {
    const first = scanner.next();
    if (first === '\\') {
      tests.push(escaped(scanner));
      continue;
    }
    const range = scanner.peek() === '-' ? scanner.takesShape(/-([^\]\\])/y) : null;
    tests.push(range?.[1] === undefined ? exactly(first) : isBetween(first, range[1]));
  } while (scanner.peek() !== ']');
  scanner.next();
  const isIn: Test = (value) => tests.some((test) => test(value));
  return character(isNegated ? not(isIn) : isIn);
}

function readQuantifier(scanner: Scanner): { least: number; most: number | null } | null {
  if (scanner.takes('*')) return { least: 0, most: null };
  if (scanner.takes('+')) return { least: 1, most: null };
  if (scanner.takes('?')) return { least: 0, most: 1 };
  if (scanner.peek() !== '{') return null;
  const counted = scanner.takesShape(/\{(\d{1,4})(,(\d{0,4}))?\}/y);
  if (!counted) return null;
  const least = Number(counted[1]);
  const most = counted[2] === undefined ? least : counted[3] ? Number(counted[3]) : null;
  if (least > MOST_REPETITIONS || (most ?? least) > MOST_REPETITIONS || (most ?? least) < least) {
    throw new UnreadablePattern();
  }
  return { least, most };
}

/** One character, class, group or anchor, without what repeats it. */
function readAtom(scanner: Scanner, depth: number): Expression {
  const first = scanner.next();
  switch (first) {
    case '.':
      return character(isAny);
    case '^':
      return { kind: 'start' };
    case '$':
      return { kind: 'end' };
    case '\\':
      return character(escaped(scanner));
    case '[':
      return readClass(scanner, ['^']);
    case '(': {
      if (scanner.takes('?') && !scanner.takes(':') && !scanner.takesShape(/P<\w{1,40}>/y))
        throw new UnreadablePattern();
      const inside = readChoice(scanner, depth + 1);
      if (!scanner.takes(')')) throw new UnreadablePattern();
      return inside;
    }
    case '*':
    case '+':
    case '?':
      throw new UnreadablePattern();
    default:
      return character(exactly(first));
  }
}

function readSequence(scanner: Scanner, depth: number): Expression {
  const parts: Expression[] = [];
  while (!scanner.isOver && scanner.peek() !== '|' && scanner.peek() !== ')') {
    const part = readAtom(scanner, depth);
    const times = readQuantifier(scanner);
    parts.push(times ? { kind: 'repeat', part, ...times } : part);
    // A lazy repetition finds the same texts; a possessive one does not.
    if (times && !scanner.takes('?') && scanner.takes('+')) throw new UnreadablePattern();
  }
  return { kind: 'sequence', parts };
}

function readChoice(scanner: Scanner, depth: number): Expression {
  if (depth > DEEPEST_NESTING) throw new UnreadablePattern();
  const parts = [readSequence(scanner, depth)];
  while (scanner.takes('|')) parts.push(readSequence(scanner, depth));
  const [only] = parts;
  return only && parts.length === 1 ? only : { kind: 'choice', parts };
}

/** A regular expression in the subset that ignore lists use. Throws `UnreadablePattern`. */
export function parseRegex(pattern: string): Expression {
  const scanner = new Scanner(pattern);
  const expression = readChoice(scanner, 0);
  if (!scanner.isOver) throw new UnreadablePattern();
  return expression;
}

/** A shell pattern (`*` any text, `?` one character, `[…]`) for a module and all that lies inside it. */
export function parseGlob(pattern: string): Expression {
  const scanner = new Scanner(pattern);
  const parts: Expression[] = [];
  while (!scanner.isOver) {
    if (scanner.takes('*')) parts.push(anyText);
    else if (scanner.takes('?')) parts.push(character(isAny));
    else if (scanner.takes('[')) parts.push(readClass(scanner, ['!', '^']));
    else parts.push(character(exactly(scanner.next())));
  }
  parts.push({ kind: 'choice', parts: [{ kind: 'end' }, character(exactly('.'))] });
  return { kind: 'sequence', parts };
}
