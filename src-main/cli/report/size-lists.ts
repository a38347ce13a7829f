import type { Exclusion, Recommendation, Relaxation, SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { count, decimal, milliseconds, percentOfFraction, plural, smallUsd, usd } from './format.ts';
import { bullet, heading, leftAndRight, wrap } from './layout.ts';
import { deploymentText, placeText, PRICING_TEXT, reasonText } from './terms.ts';

const NEAREST_MISSES = 3;

/** ALL EVALUATED HARDWARE CONFIGURATIONS: what passes, cheapest first, then what does not and how near it came. */
export function listSection(document: SizeDocument, top: number): string[] {
  return [
    ...heading('ALL EVALUATED HARDWARE CONFIGURATIONS'),
    ...(document.num_passing > 0 ? passingList(document, top) : verdict(document)),
    ...failingList(document),
  ];
}

function passingList(document: SizeDocument, top: number): string[] {
  const { num_passing: passing, excluded } = document;
  const listed = document.recommendations.slice(0, top);
  const more = passing - listed.length;
  return [
    `PASSING: ${count(passing)} of ${plural(passing + excluded.length, 'configuration')}, cheapest per request first`,
    '',
    ...listed.flatMap(passingRow),
    ...(more > 0 ? [`and ${count(more)} more (--top ${passing} lists all)`, ''] : []),
  ];
}

function passingRow(row: Recommendation): string[] {
  const price = row.cost_reason === null ? `${usd(row.cost.usd_per_hour)}/h` : 'no price';
  const request = row.cost_reason === null ? `  ${smallUsd(row.cost.usd_per_request)}/request` : '';
  return [
    ...leftAndRight(`${String(row.rank).padStart(2)}. ${deploymentText(row)} (${row.provider})`, `${price}${request}`),
    ...wrap(
      `${decimalGpus(row.gpu_count)} × ${row.gpu}, TP ${row.tensor_parallel}, ${row.quantization}, ` +
        `${plural(row.replicas, 'replica')}, ${placeText({ ...row, zones: [] })}`,
      { first: '    ' },
    ),
    ...wrap(
      `TTFT P95 ${milliseconds(row.ttft_ms.p95)}, TPOT P50 ${milliseconds(row.tpot_ms.p50)}, ` +
        `${percentOfFraction(row.capacity_share)} of capacity used`,
      { first: '    ' },
    ),
    '',
  ];
}

const decimalGpus = (gpus: number): string => (Number.isInteger(gpus) ? String(gpus) : decimal(gpus));

/** The first thing to read when nothing passes: that it is so, and what binds. */
function verdict(document: SizeDocument): string[] {
  const { assumptions, excluded, no_answer: no } = document;
  const load =
    assumptions.users === null
      ? `${decimal(assumptions.rate_requests_per_s)} requests/s`
      : `${plural(assumptions.users, 'user')}`;
  const [nearest] = nearestMisses(excluded);
  const [commonest] = reasonCounts(excluded);
  return [
    ...wrap(
      `NO ANSWER: none of ${plural(excluded.length, 'configuration')} serves ${load} with ${assumptions.model} ` +
        `within the targets, ${PRICING_TEXT[assumptions.pricing] ?? assumptions.pricing}.`,
    ),
    ...(no
      ? wrap(no.limit.sentence)
      : nearest
        ? wrap(`What binds at the nearest: ${nearest.detail}`)
        : commonest
          ? wrap(`Commonest reason: ${reasonText(commonest.reason)}.`)
          : []),
    '',
  ];
}

function failingList(document: SizeDocument): string[] {
  const { excluded, num_passing: passing } = document;
  if (excluded.length === 0) return [];
  const nearest = alike(nearestMisses(excluded)).slice(0, NEAREST_MISSES);
  return [
    `NOT PASSING: ${plural(excluded.length, 'configuration')}`,
    ...reasonCounts(excluded).map(({ reason, rows }) => `${count(rows).padStart(7)}  ${reasonText(reason)}`),
    '',
    ...(nearest.length > 0 ? ['Nearest misses:', ...nearest.flatMap(missLines), ''] : []),
    ...(passing === 0 ? whatHelps(document) : []),
  ];
}

/** The single changes that work, and what was tried in vain. */
function whatHelps({ no_answer: no, relaxations }: SizeDocument): string[] {
  return [
    ...(relaxations.length > 0
      ? ['What would make it pass (one change each, computed):', ...relaxations.flatMap(relaxationLines), '']
      : []),
    ...(no && no.unhelpful.length > 0
      ? ['What does not help:', ...no.unhelpful.flatMap(({ change, why }) => bullet(`${change}: ${why}`)), '']
      : []),
  ];
}

function relaxationLines(relaxation: Relaxation): string[] {
  const { change, instances, instance, usd_per_hour: hourly, capacity_share: share, tightest, note } = relaxation;
  const facts = [
    `${count(instances)} × ${instance}${hourly === null ? '' : ` at ${usd(hourly)}/h`}`,
    `${percentOfFraction(share)} of capacity used`,
    tightest === '' ? '' : `tightest: ${tightest}`,
    note ?? '',
  ];
  return bullet(`${change}: ${facts.filter((fact) => fact !== '').join('; ')}`);
}

/** Misses in a row that differ by nothing but the instance: one group each, so that one GPU does not fill the list. */
function alike(misses: readonly Exclusion[]): Exclusion[][] {
  const groups = new Map<string, Exclusion[]>();
  for (const miss of misses) {
    const { gpu, tensor_parallel: tp, quantization, detail } = miss;
    const key = JSON.stringify([gpu, tp, quantization, detail]);
    groups.set(key, [...(groups.get(key) ?? []), miss]);
  }
  return [...groups.values()];
}

function missLines(group: readonly Exclusion[]): string[] {
  const [first] = group;
  if (!first) return [];
  const { provider, instance, gpu, tensor_parallel: tp, quantization, detail, margin } = first;
  const plan = [gpu, tp === null ? '' : `TP ${tp}`, quantization ?? ''].filter((part) => part !== '').join(', ');
  const others = group.length > 1 ? ` and ${group.length - 1} more` : '';
  const gap = margin ? ` (${percentOfFraction(Math.abs(margin.value / margin.limit - 1), 1)} off the limit)` : '';
  return bullet(`${instance} (${provider})${others}, ${plan}: ${detail}${gap}`);
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
    if (!margin || !MEASURED_REASONS.includes(reason) || margin.limit <= 0 || margin.value <= 0) return [];
    return [{ row, order: MEASURED_REASONS.indexOf(reason), gap: Math.abs(Math.log(margin.value / margin.limit)) }];
  });
  return measured
    .sort((a, b) => a.order - b.order || a.gap - b.gap || (a.row.instance < b.row.instance ? -1 : 1))
    .map(({ row }) => row);
}

const MEASURED_REASONS = ['sla_missed', 'max_gpus', 'memory', 'host_memory', 'context_exceeded'];
