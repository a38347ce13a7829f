import type {
  CatalogChange,
  CatalogImportEntry,
  CatalogPreview,
  CatalogProblem,
  FactValue,
} from '../../../src-worker/protocol/catalog-api.ts';
import { countsText } from '../../../src-worker/protocol/catalog-words.ts';
import { count, NONE, plural } from './format.ts';
import { bullet, table, textOf, wrap } from './layout.ts';

const LINES_SHOWN = 20;

/** What was read, taken and left out; `entry` null = nothing was kept. */
export function importReport(preview: CatalogPreview, entry: CatalogImportEntry | null, isDry: boolean): string {
  const { format, read, usable, changeCount } = preview;
  const kept = entry
    ? `Kept as import ${entry.id}: configiq catalog remove ${entry.id} takes it back.`
    : isDry
      ? 'Nothing was changed.'
      : '';
  return textOf([
    ...wrap(`${preview.name}: ${plural(read, 'row')} read (${format}).`),
    ...wrap(`Usable: ${countsText(usable)}; ${plural(changeCount, 'change')} to the catalogs.`),
    ...skippedLines(preview),
    ...problemLines(preview),
    ...doubtLines(preview),
    ...noteLines(preview),
    ...(kept === '' ? [] : [kept]),
  ]);
}

/** The changes one by one. */
export function diffReport(preview: CatalogPreview): string {
  const { changes, changeCount, name, usable } = preview;
  const rest = changeCount - changes.length;
  return textOf([
    ...wrap(`${name} holds ${countsText(usable)}; an import would change ${plural(changeCount, 'thing')}.`),
    ...changes.map(changeLine),
    ...(rest > 0 ? [`and ${count(rest)} more`] : []),
    ...skippedLines(preview),
    ...problemLines(preview),
    ...doubtLines(preview),
    ...noteLines(preview),
  ]);
}

const SIGNS: Record<CatalogChange['change'], string> = { added: '+', removed: '-', changed: '~' };

function changeLine({ kind, change, name, field, before, after }: CatalogChange): string {
  if (change === 'changed')
    return `${SIGNS[change]} ${kind} ${name} ${field ?? ''}: ${shown(before)} -> ${shown(after)}`;
  const value = change === 'added' ? after : before;
  return `${SIGNS[change]} ${kind} ${name}${value === null ? '' : `: ${shown(value)}`}`;
}

const shown = (value: FactValue): string => (value === null || value === '' ? NONE : String(value));

const skippedLines = ({ skipped }: CatalogPreview): string[] =>
  skipped.length === 0
    ? []
    : ['Passed over:', ...skipped.flatMap(({ reason, count: number }) => bullet(`${count(number)} × ${reason}`))];

function problemLines({ problems, problemCount }: CatalogPreview): string[] {
  if (problemCount === 0) return [];
  const lines = problems.slice(0, LINES_SHOWN).flatMap(placeLine);
  const rest = problemCount - Math.min(problems.length, LINES_SHOWN);
  return [`${plural(problemCount, 'problem')}:`, ...lines, ...(rest > 0 ? [`  and ${count(rest)} more`] : [])];
}

const placeLine = ({ line, sentence }: CatalogProblem): string[] =>
  bullet(`${line === null ? '' : `line ${line}: `}${sentence}`);

const DOUBTS_SHOWN_PER_RULE = 3;

/** The first of every rule, or field where no rule speaks: one alone may doubt every row. */
function doubtLines({ doubts, doubtCount }: CatalogPreview): string[] {
  if (doubtCount === 0) return [];
  const lines = [...Map.groupBy(doubts, ({ rule, field }) => rule ?? field).values()].flatMap((own) =>
    own.slice(0, DOUBTS_SHOWN_PER_RULE),
  );
  const rest = doubtCount - lines.length;
  return [
    `${plural(doubtCount, 'doubt')}:`,
    ...lines.flatMap(placeLine),
    ...(rest > 0 ? [`  and ${count(rest)} more`] : []),
  ];
}

function noteLines({ notes }: CatalogPreview): string[] {
  if (notes.length === 0) return [];
  const rest = notes.length - LINES_SHOWN;
  return ['Notes:', ...notes.slice(0, LINES_SHOWN).flatMap(bullet), ...(rest > 0 ? [`  and ${count(rest)} more`] : [])];
}

export function importsReport(imports: readonly CatalogImportEntry[]): string {
  if (imports.length === 0) return 'No catalog was imported: configiq catalog import FILE adds one.\n';
  return textOf([
    ...table(
      [
        { title: 'No.', align: 'right' },
        { title: 'Name' },
        { title: 'Format' },
        { title: 'Imported' },
        { title: 'Holds' },
        { title: 'Left out', align: 'right' },
        { title: 'Passed over', align: 'right' },
      ],
      imports.map(({ id, name, format, importedAt, counts, leftOut, skipped }) => [
        String(id),
        name,
        format,
        importedAt.slice(0, 10),
        countsText(counts),
        count(leftOut),
        count(skipped),
      ]),
    ),
    ...imports.flatMap(({ problem }) => (problem === null ? [] : wrap(problem))),
  ]);
}
