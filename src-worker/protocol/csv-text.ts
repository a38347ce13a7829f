/**
 * Spreadsheets take a text that starts so for a formula, and a formula can call programs. Also in full width, and behind
 * marks that were put there before: so every text can be had back.
 */
const FORMULA_START = /^'*[=+\-@\t\r＝＋－＠]/;

/** Text cells only: a negative number is a number. */
export const neutralized = (text: string): string => (FORMULA_START.test(text) ? `'${text}` : text);

/** The text that `neutralized` was given. */
export const unneutralized = (cell: string): string =>
  cell.startsWith("'") && FORMULA_START.test(cell) ? cell.slice(1) : cell;

const NEEDS_QUOTES = /[",\r\n]/;

/** A text as a cell of a CSV file (RFC 4180). The empty text is quoted, which tells it from no value. */
export function csvCell(text: string): string {
  const cell = neutralized(text);
  return cell === '' || NEEDS_QUOTES.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
