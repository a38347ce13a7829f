import type { TimelineDocument } from '../../src-worker/protocol/documents.ts';
import { formatFixed, formatPercent, formatSignificant } from '../../src-worker/protocol/numbers.ts';
import { withTicks, type AxisRange } from './axis.ts';
import { numberCell, type ChartTable } from './chart-table.ts';

/** What the chart of a simulation's course draws, in two panels over one time axis: a pure function of the timeline. */
export interface TimelineSpec {
  x: AxisRange & { title: string };
  /** Requests that run and that wait. */
  requests: AxisRange & { title: string };
  /** Share of the KV cache, as a fraction. */
  cache: AxisRange & { title: string };
  running: TimelinePoint[];
  waiting: TimelinePoint[];
  kv: TimelinePoint[];
  /** The highest within each piece: how far the shade above a line reaches. */
  most: { running: TimelinePoint[]; waiting: TimelinePoint[]; kv: TimelinePoint[] };
  /** Pieces in which requests were preempted; `share` of the most in one piece. */
  preemptions: { x: number; share: number; count: number }[];
  summary: string;
  /** Pieces the keyboard moves over, with what is known there. */
  stops: { x: number; text: string }[];
}

export interface TimelinePoint {
  x: number;
  y: number;
}

interface TimeUnit {
  name: string;
  seconds: number;
}

/** The longest course that is shown in this unit, in seconds; the last one takes all. */
const UNITS: (TimeUnit & { upTo: number })[] = [
  { name: 's', seconds: 1, upTo: 600 },
  { name: 'min', seconds: 60, upTo: 4 * 3600 },
  { name: 'h', seconds: 3600, upTo: Infinity },
];
const SECONDS: TimeUnit = { name: 's', seconds: 1 };

/** Room above the highest value. */
const ROOM_ABOVE = 1.08;
/** A cache that is hardly used still has a readable axis. */
const LEAST_CACHE = 0.02;

const lengthOf = ({ from_s: from, bin_s: bin }: TimelineDocument): number => (from.at(-1) ?? 0) + bin;
const highest = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** What is drawn is of one replica, which is said where there are more. */
const requestsUnit = (replicas: number): string => (replicas > 1 ? 'requests per replica' : 'requests');

export function timelineSpec(timeline: TimelineDocument, replicas = 1): TimelineSpec {
  const { from_s: from, bin_s: bin, running, waiting, kv_cache_fraction: kv, preemptions } = timeline;
  const { max_running: mostRunning, max_waiting: mostWaiting, max_kv_cache_fraction: mostKv } = timeline;
  const length = lengthOf(timeline);
  const unit = UNITS.find(({ upTo }) => length <= upTo) ?? SECONDS;
  const at = (index: number): number => ((from[index] ?? 0) + bin / 2) / unit.seconds;
  const points = (values: readonly number[]): TimelinePoint[] => values.map((y, index) => ({ x: at(index), y }));
  const mostRequests = Math.max(1, highest(mostRunning), highest(mostWaiting));
  const cache = withTicks(0, Math.max(LEAST_CACHE, highest(mostKv) * ROOM_ABOVE), false);
  const mostPreempted = highest(preemptions);
  return {
    x: { ...withTicks(0, length / unit.seconds, false), title: `${unit.name} since the start` },
    requests: { ...withTicks(0, mostRequests * ROOM_ABOVE, false), title: requestsUnit(replicas) },
    // Room above a full cache, and no tick in it: there is no more than all of it.
    cache: { ...cache, ticks: cache.ticks.filter((tick) => tick <= 1), title: 'KV cache, % in use' },
    running: points(running),
    waiting: points(waiting),
    kv: points(kv),
    most: { running: points(mostRunning), waiting: points(mostWaiting), kv: points(mostKv) },
    preemptions: preemptions.flatMap((count, index) =>
      count > 0 ? [{ x: at(index), share: count / mostPreempted, count }] : [],
    ),
    summary: summaryOf(timeline, replicas),
    stops: from.map((start, index) => ({ x: at(index), text: stopText(timeline, start, index) })),
  };
}

const secondsText = (seconds: number): string => `${formatSignificant(seconds)} s`;

function stopText(timeline: TimelineDocument, start: number, index: number): string {
  const { bin_s: bin, running, waiting, kv_cache_fraction: kv, preemptions } = timeline;
  const preempted = preemptions[index] ?? 0;
  const most = (value: string): string => ` (at most ${value})`;
  return [
    `${secondsText(start)} to ${secondsText(start + bin)}: ${formatSignificant(running[index])} running` +
      most(formatFixed(timeline.max_running[index])),
    `${formatSignificant(waiting[index])} waiting${most(formatFixed(timeline.max_waiting[index]))}`,
    `KV cache ${formatPercent(kv[index])}${most(formatPercent(timeline.max_kv_cache_fraction[index]))}`,
    ...(preempted > 0 ? [`${formatFixed(preempted)} preempted`] : []),
  ].join(', ');
}

function summaryOf(timeline: TimelineDocument, replicas: number): string {
  const { max_running: running, max_waiting: waiting, max_kv_cache_fraction: kv, preemptions } = timeline;
  const preempted = sumOf(preemptions);
  return (
    `Over ${secondsText(lengthOf(timeline))}${replicas > 1 ? `, on one of ${formatFixed(replicas)} replicas` : ''}: at most ` +
    `${formatFixed(highest(running))} requests run and ${formatFixed(highest(waiting))} wait, the KV cache is at most ` +
    `${formatPercent(highest(kv))} full, and ${preempted === 0 ? 'nothing is preempted' : `requests are preempted ${preempted === 1 ? 'once' : `${formatFixed(preempted)} times`}`}.`
  );
}

/** What lines and shades are. */
export const timelineCaption = ({ bin_s: bin }: TimelineDocument): string =>
  `Lines are averages over pieces of ${secondsText(bin)}; the shade above one reaches to the highest within each.`;

export function timelineTable(timeline: TimelineDocument, replicas = 1): ChartTable {
  const requests = requestsUnit(replicas);
  const { from_s: from, running, waiting, kv_cache_fraction: kv, preemptions } = timeline;
  const number = (label: string, unit: string) => ({ label, unit, isNumber: true });
  const { max_running: mostRunning, max_waiting: mostWaiting, max_kv_cache_fraction: mostKv } = timeline;
  const significant = (value: number | null): string => formatSignificant(value);
  const whole = (value: number | null): string => formatFixed(value);
  const oneDecimal = (value: number | null): string => formatFixed(value, 1);
  const percent = (fraction: number): number => Number((fraction * 100).toPrecision(15));
  return {
    columns: [
      number('From', 's'),
      number('Running', requests),
      number('Most running', requests),
      number('Waiting', requests),
      number('Most waiting', requests),
      number('KV cache', '%'),
      number('Fullest', '%'),
      number('Preempted', replicas > 1 ? 'times per replica' : 'times'),
    ],
    rows: from.map((start, index) => ({
      id: String(index),
      cells: [
        numberCell(start, significant),
        numberCell(running[index] ?? null, significant),
        numberCell(mostRunning[index] ?? null, whole),
        numberCell(waiting[index] ?? null, significant),
        numberCell(mostWaiting[index] ?? null, whole),
        numberCell(percent(kv[index] ?? 0), oneDecimal),
        numberCell(percent(mostKv[index] ?? 0), oneDecimal),
        numberCell(preemptions[index] ?? null, whole),
      ],
    })),
  };
}
