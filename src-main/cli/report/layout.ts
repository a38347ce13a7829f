/** Text in columns, at most this wide. */
export const WIDTH = 80;

const RULE = '='.repeat(WIDTH);

/** A section's heading, as the report has always shown them. */
export const heading = (title: string): string[] => [RULE, title, RULE, ''];

const width = (text: string): number => [...text].length;
const padEnd = (text: string, columns: number): string => text + ' '.repeat(Math.max(0, columns - width(text)));
const padStart = (text: string, columns: number): string => ' '.repeat(Math.max(0, columns - width(text))) + text;

/** `Label: value` lines; a long value goes on below itself. */
export function facts(rows: readonly (readonly [label: string, value: string])[]): string[] {
  return rows.flatMap(([label, value]) => wrap(`${label}: ${value}`, { hanging: '  ' }));
}

export interface WrapOptions {
  /** Before the first line. */
  first?: string;
  /** Before every further line. */
  hanging?: string;
}

/** Breaks at spaces; a word longer than the line stays whole, so that commands and addresses can be copied. */
export function wrap(text: string, { first = '', hanging = first }: WrapOptions = {}): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (!isEmpty && width(line) + 1 + width(word) > WIDTH) {
      lines.push(line);
      line = hanging;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return isEmpty ? lines : [...lines, line];
}

/** One item of a list, wrapped below itself. */
export const bullet = (text: string): string[] => wrap(text, { first: '  • ', hanging: '    ' });

export interface Column {
  title: string;
  /** Numbers stand right. */
  align?: 'left' | 'right';
}

/** A table with a ruled heading; columns are as wide as their widest cell. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...rows.map((row) => width(row[index] ?? ''))),
  );
  const lineOf = (cells: readonly string[]) =>
    columns
      .map(({ align = 'left' }, index) => {
        const [cell, columnWidth] = [cells[index] ?? '', widths[index] ?? 0];
        return align === 'right' ? padStart(cell, columnWidth) : padEnd(cell, columnWidth);
      })
      .join('  ')
      .trimEnd();
  const ruleWidth = widths.reduce((sum, columnWidth) => sum + columnWidth, 2 * (widths.length - 1));
  return [lineOf(columns.map(({ title }) => title)), '-'.repeat(ruleWidth), ...rows.map(lineOf)];
}

/** Two texts on one line, the second at the right edge; on two lines where one is too short. */
export function leftAndRight(left: string, right: string): string[] {
  const gap = WIDTH - width(left) - width(right);
  return gap >= 2 ? [left + ' '.repeat(gap) + right] : [left, padStart(right, WIDTH)];
}

export const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;
