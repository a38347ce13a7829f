/** JSON lines (one document a line) while they stream in. */

/** A line of this length is none, or no request: the longest prompt with all its tokens written out is shorter. */
export const MAX_LINE_CHARACTERS = 20_000_000;

export interface TextLine {
  text: string;
  /** From 1. */
  line: number;
}

/** A line longer than any can be. */
export class LineTooLong extends Error {
  readonly line: number;

  constructor(line: number) {
    super(`line ${line} has more than ${MAX_LINE_CHARACTERS} characters`);
    this.line = line;
  }
}

/** The lines of a text that comes in pieces, without empty ones. Throws LineTooLong. */
export async function* textLines(pieces: AsyncIterable<string>): AsyncGenerator<TextLine[]> {
  let rest = '';
  let line = 1;
  for await (const piece of pieces) {
    const lines: TextLine[] = [];
    let start = 0;
    for (let end = piece.indexOf('\n'); end !== -1; end = piece.indexOf('\n', start)) {
      const text = rest + piece.slice(start, end);
      rest = '';
      if (text.trim() !== '') lines.push({ text, line });
      line += 1;
      start = end + 1;
    }
    rest += piece.slice(start);
    if (rest.length > MAX_LINE_CHARACTERS) throw new LineTooLong(line);
    yield lines;
  }
  if (rest.trim() !== '') yield [{ text: rest, line }];
}
