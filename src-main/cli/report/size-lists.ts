import type { Exclusion, Margin, Recommendation, SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { byNearness, nearness } from '../../../src-worker/protocol/shortfall.ts';
import { count, decimal, milliseconds, percentOfFraction, plural, smallUsd, usd } from './format.ts';
import { bullet, heading, leftAndRight, wrap } from './layout.ts';
import { checkLines } from './simulation-check.ts';
import { noAnswerLists, planText } from './size-no-answer.ts';
import { deploymentText, isOwn, metricLabel, parallelText, placeText, reasonText } from './terms.ts';

const NEAREST_MISSES = 3;

/** ALL EVALUATED HARDWARE CONFIGURATIONS: what passes, cheapest first, then what does not and how near it came. */
export function listSection(document: SizeDocument, top: number): string[] {
  return [
    ...heading('ALL EVALUATED HARDWARE CONFIGURATIONS'),
    ...(document.num_passing > 0 ? passingList(document, top) : noAnswerLists(document)),
    ...failingList(document),
  ];
}

function passingList(document: SizeDocument, top: number): string[] {
  const { num_passing: passing, excluded } = document;
  const listed = document.recommendations.slice(0, top);
  const more = passing - listed.length;
  return [
    `PASSING: ${count(passing)} of ${plural(passing + excluded.length, 'configuration')}, ${listed.some((row) => row.cost_reason === null) ? 'cheapest per request' : 'fewest GPUs'} first`,
    '',
    ...listed.flatMap(passingRow),
    ...(more > 0 ? [`and ${count(more)} more (--top ${passing} lists all)`, ''] : []),
  ];
}

function passingRow(row: Recommendation): string[] {
  const price = row.cost_reason === null ? `${usd(row.cost.usd_per_hour)}/h` : 'no price';
  const request = row.cost_reason === null ? `  ${smallUsd(row.cost.usd_per_request)}/request` : '';
  return [
    ...leftAndRight(
      `${String(row.rank).padStart(2)}. ${deploymentText(row)} (${row.provider}${row.catalog === 'bundled' || isOwn(row) ? '' : ', yours'})`,
      `${price}${request}`,
    ),
    ...wrap(
      `${row.gpu_count} × ${row.gpu}, ${parallelText(row)}, ${row.quantization}, ` +
        plural(row.replicas, 'replica') +
        (isOwn(row) ? '' : `, ${placeText({ ...row, zones: [] })}`),
      { first: '    ' },
    ),
    ...wrap(
      `TTFT P50 ${milliseconds(row.ttft_ms.p50)}, P95 ${milliseconds(row.ttft_ms.p95)}, ` +
        `TPOT P50 ${milliseconds(row.tpot_ms.p50)}, ${decimal(row.throughput.output_tokens_per_s)} tok/s, ` +
        `${percentOfFraction(row.capacity_share)} of capacity used`,
      { first: '    ' },
    ),
    ...checkLines(row),
    '',
  ];
}

function failingList({ excluded, no_answer: reason }: SizeDocument): string[] {
  if (excluded.length === 0) return [];
  // The one there is has been named with the verdict.
  if (excluded.length === 1 && reason?.nearest) return [];
  const misses = alike(nearestFirst(excluded, reason?.nearest ?? null)).slice(0, NEAREST_MISSES);
  return [
    `NOT PASSING: ${plural(excluded.length, 'configuration')}`,
    ...reasonCounts(excluded).map(({ reason: code, rows }) => `${count(rows).padStart(7)}  ${reasonText(code)}`),
    '',
    ...(misses.length > 0 ? ['Nearest misses:', ...misses.flatMap(missLines), ''] : []),
  ];
}

/** The one that the verdict names stands first in the list too. */
function nearestFirst(excluded: readonly Exclusion[], nearest: Exclusion | null): Exclusion[] {
  const misses = nearestMisses(excluded);
  if (!nearest) return misses;
  return [nearest, ...misses.filter(({ id }) => id !== nearest.id)];
}

/** Misses in a row that differ by nothing but the instance: one group each, so that one GPU does not fill the list. */
function alike(misses: readonly Exclusion[]): Exclusion[][] {
  const groups = new Map<string, Exclusion[]>();
  for (const miss of misses) {
    const { gpu, tensor_parallel: tp, pipeline_parallel: pp, quantization, detail } = miss;
    const key = JSON.stringify([gpu, tp, pp, quantization, detail]);
    groups.set(key, [...(groups.get(key) ?? []), miss]);
  }
  return [...groups.values()];
}

function missLines(group: readonly Exclusion[]): string[] {
  const [first] = group;
  if (!first) return [];
  const { detail, margin } = first;
  const others = group.length > 1 ? ` and ${group.length - 1} more like it` : '';
  return bullet(`${planText(first)}${others}: ${detail}${margin ? ` (${gapText(first.reason, margin)})` : ''}`);
}

/** How far a miss is off: of a target as the seed names it, with the metric; else as a share of the limit. */
export function gapText(reason: string, { metric, value, limit }: Margin): string {
  const off = value / limit - 1;
  if (reason !== 'sla_missed') return `${percentOfFraction(Math.abs(off), 1)} off the limit`;
  return `worst SLA gap: ${metricLabel(metric)} ${off > 0 ? '+' : ''}${percentOfFraction(off, 1)}`;
}

/** Reasons with the number of configurations each, most frequent first. */
export function reasonCounts(excluded: readonly Exclusion[]): { reason: string; rows: number }[] {
  const counts = new Map<string, number>();
  for (const { reason } of excluded) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, rows]) => ({ reason, rows }))
    .sort((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1));
}

/** What failed a target or ran out of memory, the smallest relative gap first: those are worth a second thought. */
export function nearestMisses(excluded: readonly Exclusion[]): Exclusion[] {
  const measured = excluded.flatMap((row) => {
    const { margin, reason } = row;
    const near = margin && nearness(reason, margin.value, margin.limit);
    return near ? [{ row, near }] : [];
  });
  return measured
    .sort((a, b) => byNearness(a.near, b.near) || (a.row.instance < b.row.instance ? -1 : 1))
    .map(({ row }) => row);
}
