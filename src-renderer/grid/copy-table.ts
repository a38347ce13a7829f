import { neutralized } from '../../src-worker/protocol/csv-text.ts';

/** A table as text for other programs: what a person sees, with values as exact as they are known. */

export type CopyFormat = 'csv' | 'tsv' | 'markdown';

export const COPY_FORMATS: Record<CopyFormat, string> = { csv: 'CSV', tsv: 'TSV', markdown: 'Markdown' };

type CellValue = number | string | null;

export interface TableContent {
  /** Label and unit of each column. */
  heads: { label: string; unit: string; isNumber: boolean }[];
  rows: CellValue[][];
}

const exact = (value: CellValue): string =>
  value === null || (typeof value === 'number' && !Number.isFinite(value)) ? '' : String(value);

/** For programs that take some texts for formulas. */
const harmless = (value: CellValue): string => (typeof value === 'string' ? neutralized(value) : exact(value));

const headText = ({ label, unit }: TableContent['heads'][number]): string =>
  unit === '' ? label : `${label} (${unit})`;

/** RFC 4180: what holds a separator, a quote or a line break is quoted, quotes are doubled, lines end in CR LF. */
function separated(lines: string[][], separator: string): string {
  const needsQuotes = new RegExp(`["\\r\\n${separator}]`);
  const quote = (text: string): string => (needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return lines.map((line) => `${line.map(quote).join(separator)}\r\n`).join('');
}

/** A pipe would end the cell and a line break the row. */
const escapeMarkdown = (text: string): string =>
  text
    .replaceAll('\\', '\\\\')
    .replaceAll('|', '\\|')
    .replace(/\r\n|\r|\n/g, '<br>');

function markdown({ heads }: TableContent, lines: string[][]): string {
  const row = (cells: string[]): string => `| ${cells.map(escapeMarkdown).join(' | ')} |\n`;
  const [head = [], ...body] = lines;
  const rule = `| ${heads.map(({ isNumber }) => (isNumber ? '---:' : '---')).join(' | ')} |\n`;
  return [row(head), rule, ...body.map(row)].join('');
}

export function tableText(content: TableContent, format: CopyFormat): string {
  const cellText = format === 'markdown' ? exact : harmless;
  const lines = [content.heads.map(headText), ...content.rows.map((row) => row.map(cellText))];
  if (format === 'markdown') return markdown(content, lines);
  return separated(lines, format === 'csv' ? ',' : '\t');
}
