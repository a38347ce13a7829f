import type { Column } from '../format/columns.ts';

/** Longest text a column is made wide enough for, in digits, unless it says otherwise; longer ones end in dots and have a title. */
const MOST_CHARACTERS = 24;
const LEAST_CHARACTERS = 3;
/** Rows whose texts are looked at; they are spread over all of them. */
const SAMPLE_ROWS = 300;
/** Padding of a cell on both sides, and the arrow of a sorted head. */
const CELL_PADDING_PX = 18;
const ARROW_CHARACTERS = 2;

/** Widths in digits of the same size, as sans-serif faces have them: digits are equal, letters are not. */
const GLYPH_WIDTHS: [pattern: RegExp, digits: number][] = [
  [/[ijlIt'.,:;|!()[\]/f\- ]/g, 0.6],
  [/[mwMW%@&×–]/g, 1.6],
  [/[A-HK-LN-VX-Z_]/g, 1.3],
];

/** How many digits would be as wide as the text, about. */
export function widthInDigits(text: string): number {
  let width = 0;
  let others = text.length;
  for (const [pattern, digits] of GLYPH_WIDTHS) {
    const count = text.match(pattern)?.length ?? 0;
    others -= count;
    width += count * digits;
  }
  return width + others;
}

export const CHECK_COLUMN_PX = 34;

/** Width of each column in digits of the text. Heads are set smaller than cells. */
export function columnCharacters<Row>(columns: Column<Row>[], rows: Row[]): number[] {
  const step = Math.max(1, Math.ceil(rows.length / SAMPLE_ROWS));
  const sample = rows.filter((_, index) => index % step === 0);
  return columns.map((column) => {
    const head = 0.92 * Math.max(column.label.length + ARROW_CHARACTERS, column.unit.length);
    const longest = sample.reduce((most, row) => Math.max(most, widthInDigits(column.text(row))), head);
    return Math.ceil(Math.min(column.mostCharacters ?? MOST_CHARACTERS, Math.max(LEAST_CHARACTERS, longest)));
  });
}

export interface GridLayout {
  /** Value of `grid-template-columns` of every row. */
  template: string;
  /** Least width of all columns together. */
  width: string;
  /** Distance of each column from the start edge, for those that stay in view. */
  starts: string[];
}

const length = (characters: number, columns: number): string =>
  `calc(${characters}ch + ${CHECK_COLUMN_PX + columns * CELL_PADDING_PX}px)`;

/** Pinned columns keep their width, the others share what is left. */
export function gridLayout(characters: number[], pinned: number): GridLayout {
  const tracks = characters.map((count, index) => {
    const least = `calc(${count}ch + ${CELL_PADDING_PX}px)`;
    return index < pinned ? least : `minmax(${least}, 1fr)`;
  });
  const before = characters.map((_, index) => characters.slice(0, index).reduce((sum, count) => sum + count, 0));
  const total = characters.reduce((sum, count) => sum + count, 0);
  return {
    template: [`${CHECK_COLUMN_PX}px`, ...tracks].join(' '),
    width: length(total, characters.length),
    starts: before.map((count, index) => length(count, index)),
  };
}
