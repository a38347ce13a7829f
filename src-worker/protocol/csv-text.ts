/** Spreadsheets take a text that starts so for a formula, and a formula can call programs. Also in full width. */
const FORMULA_START = /^[=+\-@\t\r＝＋－＠]/;

/** Text cells only: a negative number is a number. */
export const neutralized = (text: string): string => (FORMULA_START.test(text) ? `'${text}` : text);
