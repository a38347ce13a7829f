import type { PredictDocument, TimelineDocument, TraceDocument } from '../../../src-worker/protocol/documents.ts';
import { count, decimal, percentOfFraction, plural } from './format.ts';
import { facts, table, wrap } from './layout.ts';
import { predictReport } from './predict-report.ts';

/** Rows of the timeline as text; the JSON and CSV have all of it. */
const TIMELINE_ROWS = 10;
/** Characters of a full bar. */
const BAR_WIDTH = 24;

/** A simulation as text: the figures of a prediction, and its course in time. */
export function simulateReport(document: PredictDocument): string {
  const { trace, timeline } = document;
  return predictReport(document, {
    title: 'SIMULATION',
    about: trace ? traceLines(trace) : [],
    more: timeline ? [...timelineLines(timeline), ''] : [],
  });
}

function traceLines(trace: TraceDocument): string[] {
  const rate = trace.requests_per_s === null ? 'all at once' : `${decimal(trace.requests_per_s)} req/s`;
  return [
    ...facts([
      [
        'Trace',
        `${trace.file} (${trace.format}): ${plural(trace.requests, 'request')} in ${decimal(trace.duration_s)} s, ${rate}, ` +
          `${decimal(trace.mean_input_tokens)} tokens in and ${decimal(trace.mean_output_tokens)} out on average`,
      ],
    ]),
    ...trace.notes.flatMap((note) => wrap(note, { first: '  ', hanging: '  ' })),
    ...(trace.skipped_rows > 0
      ? wrap(`Skipped: ${plural(trace.skipped_rows, 'row')}, the first at line ${trace.skipped[0]?.line ?? 0}.`, {
          first: '  ',
          hanging: '    ',
        })
      : []),
  ];
}

interface TimelineRow {
  fromS: number;
  running: number;
  waiting: number;
  kvFraction: number;
  preemptions: number;
}

/** Pieces joined to at most so many rows: averages, and the sum of counts. */
function timelineRows(timeline: TimelineDocument): TimelineRow[] {
  const bins = timeline.from_s.length;
  const joined = Math.max(1, Math.ceil(bins / TIMELINE_ROWS));
  return Array.from({ length: Math.ceil(bins / joined) }, (_, row) => {
    const [from, to] = [row * joined, Math.min(bins, (row + 1) * joined)];
    const sum = (values: number[]): number => values.slice(from, to).reduce((total, value) => total + value, 0);
    const mean = (values: number[]): number => sum(values) / (to - from);
    return {
      fromS: timeline.from_s[from] ?? 0,
      running: mean(timeline.running),
      waiting: mean(timeline.waiting),
      kvFraction: mean(timeline.kv_cache_fraction),
      preemptions: sum(timeline.preemptions),
    };
  });
}

function timelineLines(timeline: TimelineDocument): string[] {
  const rows = timelineRows(timeline);
  const most = Math.max(1e-9, ...rows.map(({ running, waiting }) => running + waiting));
  const right = (title: string) => ({ title, align: 'right' as const });
  const bar = ({ running, waiting }: TimelineRow): string => {
    const [filled, whole] = [running, running + waiting].map((value) => Math.round((value / most) * BAR_WIDTH));
    return '#'.repeat(filled ?? 0) + '.'.repeat(Math.max(0, (whole ?? 0) - (filled ?? 0)));
  };
  return [
    ...table(
      [
        right('From'),
        right('Running'),
        right('Waiting'),
        right('KV cache'),
        right('Preempted'),
        { title: '# running, . waiting' },
      ],
      rows.map((row) => [
        `${decimal(row.fromS)} s`,
        decimal(row.running),
        decimal(row.waiting),
        percentOfFraction(row.kvFraction, 1),
        count(row.preemptions),
        bar(row),
      ]),
    ),
    ...wrap(
      `Rows are averages. At most, at any time: ${count(Math.max(...timeline.max_running))} running, ` +
        `${count(Math.max(...timeline.max_waiting))} waiting, ` +
        `${percentOfFraction(Math.max(...timeline.max_kv_cache_fraction), 1)} of the KV cache.`,
    ),
  ];
}

const TIMELINE_COLUMNS = [
  'from_s',
  'running',
  'waiting',
  'kv_cache_fraction',
  'preemptions',
  'max_running',
  'max_waiting',
  'max_kv_cache_fraction',
] as const;

/** The timeline, one line a piece of time; the header alone where there is none. */
export function timelineCsv({ timeline }: PredictDocument): string {
  const rows = (timeline?.from_s ?? []).map((_, i) =>
    TIMELINE_COLUMNS.map((column) => timeline?.[column][i] ?? '').join(','),
  );
  return `${[TIMELINE_COLUMNS.join(','), ...rows].join('\n')}\n`;
}
