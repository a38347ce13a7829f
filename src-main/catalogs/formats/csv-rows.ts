import { fileError } from '../../../src-worker/engine/errors.ts';

/** A quote that is never closed would swallow the rest of a file. */
const MAX_FIELD_CHARACTERS = 100_000;

const QUOTE = '"';
const isLineEnd = (code: number): boolean => code === 0x0a || code === 0x0d;

/**
 * Rows of comma-separated values (RFC 4180; line ends of any system, a byte-order mark, spaces around cells and empty
 * lines are passed over), each with the line it begins on, from 1. Written out because sheets have a hundred thousand rows, which
 * csv-parse takes ten times as long for; the tests hold both to the same cells. Throws `catalog_malformed` with the line of
 * a quote that is not closed.
 */
export function eachCsvRow(text: string, fileName: string, take: (cells: string[], line: number) => void): void {
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  let rowLine = 1;
  let cells: string[] = [];
  const endRow = (): void => {
    if (cells.length > 1 || cells[0] !== '') take(cells, rowLine);
    cells = [];
  };
  while (at < text.length) {
    if (cells.length === 0) rowLine = line;
    let cell: string;
    const start = afterBlanks(text, at);
    if (text[start] === QUOTE) {
      const end = closingQuote(text, start, fileName, line);
      const inner = text.slice(start + 1, end);
      for (let place = inner.indexOf('\n'); place !== -1; place = inner.indexOf('\n', place + 1)) line += 1;
      cell = (inner.includes(QUOTE) ? inner.replaceAll('""', QUOTE) : inner).trim();
      at = afterBlanks(text, end + 1);
      const rest = endOfCell(text, at);
      cell += text.slice(at, rest).trimEnd();
      at = rest;
    } else {
      const end = endOfCell(text, at);
      cell = text.slice(at, end).trim();
      at = end;
    }
    cells.push(cell);
    if (at >= text.length) break;
    if (text[at] === ',') {
      at += 1;
      // A comma at the very end is followed by one more cell.
      if (at >= text.length) cells.push('');
      continue;
    }
    at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
    line += 1;
    endRow();
  }
  if (cells.length > 0) endRow();
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at;
}

function endOfCell(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ',' && !isLineEnd(text.charCodeAt(at))) at += 1;
  return at;
}

function closingQuote(text: string, start: number, fileName: string, line: number): number {
  let end = text.indexOf(QUOTE, start + 1);
  while (end !== -1 && text[end + 1] === QUOTE) end = text.indexOf(QUOTE, end + 2);
  if (end !== -1 && end - start <= MAX_FIELD_CHARACTERS) return end;
  throw fileError(
    'catalog_malformed',
    `${fileName}: line ${line}: a quote is opened and not closed in this cell: mend it there, or get the file anew.`,
    { file: fileName, line },
  );
}
