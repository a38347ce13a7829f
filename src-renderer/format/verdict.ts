import type { Exclusion, Recommendation, SizeDocument } from '../../src-worker/protocol/documents.ts';
import { PLACE_REASONS } from '../../src-worker/protocol/place-reasons.ts';
import { configurationName } from '../../src-worker/protocol/metrics.ts';
import {
  gpuLabel,
  isOwnHardware,
  latencyLabel,
  marginLabel,
  placeLabel,
  precisionLabel,
  pricingLabel,
  reasonLabel,
} from './names.ts';
import { chanceSentence } from './ranges.ts';
import {
  formatFixed,
  formatTick,
  formatMs,
  formatPercent,
  formatSignificant,
  formatTimes,
  formatUsd,
  plural,
} from '../../src-worker/protocol/numbers.ts';

/** The answer as a sentence that can be read aloud, and the line of why below it. */
export interface Verdict {
  kind: 'met' | 'near' | 'none';
  sentence: string;
  why: string;
  /** What its mark stands for, where that is not plain. */
  mark?: string;
}

/** What headroom is where nobody says otherwise. */
const DEFAULT_HEADROOM_PERCENT = 25;
/** A miss of at most this factor counts as near (NUMBERS.md). */
const NEAR_FACTOR = 1.2;

/** About `selected`, a row of `document`; null where nothing passes. */
export function verdictOf(document: SizeDocument, selected: Recommendation | null): Verdict {
  return selected ? passing(document, selected) : nothingPasses(document);
}

function passing(document: SizeDocument, row: Recommendation): Verdict {
  const gates = row.sla.filter((entry) => entry.gating);
  const targets = gates.length === 1 ? 'its target' : `all ${gates.length} targets`;
  const promise = gates.length === 0 ? 'carries the load' : `meets ${targets}`;
  const verb = row.instances === 1 ? promise : promise.replace(/^meets/, 'meet').replace(/^carries/, 'carry');
  const isFree = row.cost.usd_per_hour === null && isOwnHardware(row.provider);
  const unknown = isFree ? '' : '; its price is unknown';
  const price = row.cost.usd_per_hour === null ? unknown : ` for ${formatUsd(row.cost.usd_per_hour)} an hour`;
  const gpu = `${row.gpu_count === 1 ? 'One' : formatTick(row.gpu_count)} ${gpuLabel(row.gpu)}`;
  const facts = [
    `${gpu}${row.instances === 1 ? '' : ' each'} in ${precisionLabel(row.quantization)}`,
    placeLabel(row),
    ...(isOwnHardware(row.provider) ? [] : [pricingLabel(document.assumptions.pricing)]),
    ...(isFree ? ['no price'] : []),
  ];
  const used = `It runs at ${formatPercent(row.capacity_share)} of capacity.`;
  return {
    kind: 'met',
    sentence: `${configurationName(row)} ${verb}${price}`,
    why: [`${facts.join(', ')}.`, used, chanceSentence(document, row), ...freeGpus(row), comparison(document, row)]
      .filter(Boolean)
      .join(' '),
  };
}

/** What the load leaves free of machines that are there anyway. */
const freeGpus = ({ provider, warnings }: Recommendation): string[] =>
  isOwnHardware(provider)
    ? warnings.filter(({ code }) => ['idle_gpus', 'spare_replicas'].includes(code)).map(({ sentence }) => sentence)
    : [];

/** The same sentence above all results, with what they are out of and what was not asked for but holds. */
export function resultsVerdict(document: SizeDocument, selected: Recommendation | null): Verdict {
  const verdict = verdictOf(document, selected);
  const { model, workload } = document.assumptions;
  const total = plural(document.num_passing + document.excluded.length, 'configuration');
  const meet = document.num_passing === 1 ? 'meets' : 'meet';
  const scope = `${formatFixed(document.num_passing)} of ${total} ${meet} the targets for ${model}, ${workload}, ${load(document)}.`;
  const defaults = defaultsInForce(document);
  const held = defaults.length === 0 ? '' : `Defaults in force: ${defaults.join(', ')}.`;
  const limit = selected ? '' : [verdict.why, document.no_answer?.limit.sentence].filter(Boolean).join(' ');
  const chance = selected ? chanceSentence(document, selected) : '';
  return { ...verdict, why: [scope, limit, chance, held].filter(Boolean).join(' ') };
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** Does a question name machines of its own? */
const asksOwnHardware = (input: SizeDocument['input']): boolean =>
  Array.isArray(input['own_hardware']) && !isEmptyList(input['own_hardware']);

/** What nobody chose and the answer yet depends on, in words. */
export function defaultsInForce({ input, assumptions }: SizeDocument): string[] {
  const defaults: [isDefault: boolean, words: string][] = [
    [input['headroom'] === DEFAULT_HEADROOM_PERCENT, `headroom ${formatTick(assumptions.headroom_percent)} %`],
    [input['tp'] === null, 'every TP that fits'],
    [isEmptyList(input['quantization']), `weights ${assumptions.quantization.map(precisionLabel).join(' or ')}`],
    [input['kv_cache_dtype'] === 'auto', 'KV cache 16-bit'],
    [input['pricing'] === 'ondemand' && !asksOwnHardware(input), pricingLabel('ondemand')],
    [input['think_time'] === 0 && assumptions.users !== null, 'users who never pause'],
  ];
  return defaults.filter(([isDefault]) => isDefault).map(([, words]) => words);
}

/** Says what the selected row costs against the cheapest, when it is another. */
function comparison(document: SizeDocument, row: Recommendation): string {
  const [cheapest] = document.recommendations;
  if (!cheapest || cheapest.id === row.id) return '';
  const [cost, least] = [row.cost.usd_per_hour, cheapest.cost.usd_per_hour];
  if (least === null) return `The one with the fewest GPUs is ${configurationName(cheapest)}.`;
  if (cost === null || least <= 0) return `The cheapest is ${configurationName(cheapest)}.`;
  const times = formatTimes(cost / least);
  const price = times === formatTimes(1) ? 'About the price' : `${times} the price`;
  return `${price} of the cheapest, ${configurationName(cheapest)}.`;
}

/** How far past its limit an exclusion is, as a factor from 1 up; null where nothing was measured. */
export function missFactor(exclusion: Exclusion): number | null {
  const { margin } = exclusion;
  if (!margin || margin.limit <= 0 || margin.value <= 0) return null;
  return Math.max(margin.value / margin.limit, margin.limit / margin.value);
}

/** Nearest first; what cannot be measured last; ties by name, so that the order is total. */
export function byMiss(a: Exclusion, b: Exclusion): number {
  const [left, right] = [missFactor(a), missFactor(b)];
  if (left !== right) {
    if (left === null) return 1;
    if (right === null) return -1;
    return left - right;
  }
  return exclusionKey(a).localeCompare(exclusionKey(b));
}

export const exclusionKey = (row: Exclusion): string =>
  [row.provider, row.instance, row.region, row.tensor_parallel, row.quantization, row.reason].join('/');

export interface ReasonGroup {
  reason: string;
  label: string;
  /** Nearest first. */
  rows: Exclusion[];
}

/** Exclusions by reason, the most frequent first. */
export function groupExclusions(excluded: Exclusion[]): ReasonGroup[] {
  const groups = Map.groupBy(excluded, (row) => row.reason);
  return [...groups]
    .map(([reason, rows]) => ({ reason, label: reasonLabel(reason), rows: [...rows].sort(byMiss) }))
    .sort((a, b) => b.rows.length - a.rows.length || a.reason.localeCompare(b.reason));
}

/** The miss with its figures: `TTFT P95 640 ms, limit 500`, `8 GPUs, limit 1`. */
export function marginText(exclusion: Exclusion): string {
  const { margin } = exclusion;
  if (!margin) return '';
  const isLatency = margin.unit === 'ms';
  const write = isLatency ? formatMs : formatTick;
  const name = isLatency ? latencyLabel(margin.metric) : marginLabel(margin.metric);
  const isUnit = name.toLowerCase() === margin.unit.toLowerCase();
  const value = [isUnit ? '' : name, write(margin.value), margin.unit].filter(Boolean).join(' ');
  return `${value}, ${margin.value < margin.limit ? 'needs' : 'limit'} ${formatTick(margin.limit)}`;
}

/**
 * The plan that came nearest. What meets the targets but not a limit on GPUs is nearer than what misses a target, and
 * that is nearer than what could not even start.
 */
export function nearestMiss(excluded: Exclusion[]): Exclusion | null {
  const measured = excluded.filter((row) => missFactor(row) !== null);
  const groups = ['max_gpus', 'sla_missed'].map((reason) => measured.filter((row) => row.reason === reason));
  const candidates = groups.find((rows) => rows.length > 0) ?? measured;
  return candidates.toSorted(byMiss)[0] ?? null;
}

function nothingPasses(document: SizeDocument): Verdict {
  const nearest = nearestMiss(document.excluded);
  // What is not on offer where somebody looks was never a candidate.
  const offered = document.excluded.filter(({ reason }) => !PLACE_REASONS.includes(reason));
  const candidates = offered.length > 0 ? offered : document.excluded;
  const [commonest] = groupExclusions(candidates);
  const factor = nearest?.reason === 'sla_missed' ? missFactor(nearest) : null;
  const limit = commonest
    ? `${commonest.label}: ${formatFixed(commonest.rows.length)} of ${plural(candidates.length, 'configuration')}${offered.length < document.excluded.length ? ' on offer there' : ''}.`
    : 'The catalog holds no configuration within these filters.';
  // By how much it misses is the sentence of the limit, which stands beside this one.
  const near = nearest ? `The nearest is ${excludedName(nearest)}.` : '';
  const why = [limit, near].filter(Boolean).join(' ');
  if (nearest && factor !== null && factor <= NEAR_FACTOR) {
    return {
      kind: 'near',
      mark: `A near miss: at most ${formatPercent(NEAR_FACTOR - 1)} beyond a target.`,
      sentence: `${nearest.instance} misses a target by ${formatPercent(factor - 1)}; nothing meets them all`,
      why,
    };
  }
  const terms = asksOwnHardware(document.input) ? '' : ` ${pricingLabel(document.assumptions.pricing)}`;
  const asked = `${load(document)}${limits(document)}${terms}`;
  return { kind: 'none', sentence: `Nothing ${scope(document)} serves ${asked}`, why };
}

const excludedName = (row: Exclusion): string =>
  [
    row.instance,
    [gpuLabel(row.gpu), precisionLabel(row.quantization), row.tensor_parallel ? `TP ${row.tensor_parallel}` : '']
      .filter(Boolean)
      .join(', '),
  ].join(', ');

function scope(document: SizeDocument): string {
  const { zone, region, provider } = document.input;
  if (asksOwnHardware(document.input)) return 'of the own hardware';
  const place = typeof zone === 'string' ? zone : region;
  if (typeof place === 'string') return `in ${place}`;
  return Array.isArray(provider) && provider.length > 0 ? `at ${provider.join(', ')}` : 'in the catalog';
}

const load = ({ assumptions }: SizeDocument): string =>
  assumptions.users === null
    ? `${formatSignificant(assumptions.rate_requests_per_s)} requests/s`
    : plural(assumptions.users, 'user');

function limits(document: SizeDocument): string {
  const { max_gpus: maxGpus } = document.input;
  return typeof maxGpus === 'number' ? ` with ${plural(maxGpus, 'GPU')}` : '';
}
