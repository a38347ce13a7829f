import type { WorkloadEntry } from '../../../src-worker/protocol/app-api.ts';
import { LATENCY_METRICS, sizeInputSchema, sweepSpecSchema } from '../../../src-worker/protocol/requests.ts';
import { placeWords } from '../../../src-worker/protocol/run-analysis-words.ts';
import type { NearMiss, Shortfall } from '../../../src-worker/protocol/shortfall.ts';
import { count, plural } from './format.ts';
import { wrap } from './layout.ts';
import { gapText } from './size-lists.ts';
import { planText } from './size-no-answer.ts';
import { metricLabel, reasonText } from './terms.ts';

/** Why points of a run have no answer: how many for which reason, what was asked, and what came nearest, as `size` says it. */
export function shortfallLines({ reasons, nearest }: Shortfall, points: number, targets: string): string[] {
  return [
    `${plural(points, 'point')} without an answer that passes${reasons.length > 0 ? ', by what is commonest there:' : ''}`,
    ...reasons.map(({ reason, points: own }) => `${count(own).padStart(7)}  ${reasonText(reason)}`),
    ...(targets === '' ? [] : wrap(`Targets: ${targets}`)),
    ...(nearest ? wrap(nearestText(nearest)) : []),
  ];
}

function nearestText(miss: NearMiss): string {
  const place = Object.keys(miss.at).length > 0 ? `, at ${placeWords(miss.at)},` : '';
  return `The nearest${place} is ${planText(miss)}: ${miss.detail} (${gapText(miss.reason, miss.margin)})`;
}

/** Values of a target on an axis that are written out. */
const MOST_VALUES = 4;

/** `TTFT P95 200 ms, TPOT P50 50 ms`: those of the workload and those of the question, which go before; empty of an unknown input. */
export function askedTargets(input: unknown, workloads: readonly WorkloadEntry[]): string {
  const spec = sweepSpecSchema.safeParse(input).data;
  const question = spec?.base ?? sizeInputSchema.safeParse(input).data;
  if (!question) return '';
  const names = spec?.axes.workload ?? [question.workload];
  const [preset, ...more] = workloads.filter(({ name }) => names.includes(name));
  const targets = new Map<string, string>();
  // Of several workloads each has its own.
  if (preset && more.length === 0) {
    for (const { metric, targetMs, gating } of preset.targets) if (gating) targets.set(metric, figures([targetMs]));
  }
  for (const [metric, targetMs] of Object.entries(question.sla)) targets.set(metric, figures([targetMs]));
  for (const [metric, values] of Object.entries(spec?.axes.sla ?? {})) {
    targets.set(metric, Array.isArray(values) ? figures(values) : `${figure(values.from)} to ${figure(values.to)}`);
  }
  const order = (metric: string): number => (LATENCY_METRICS as readonly string[]).indexOf(metric);
  const words = [...targets]
    .sort(([one], [other]) => order(one) - order(other))
    .map(([metric, values]) => `${metricLabel(metric)} ${values} ms`);
  return [...words, ...(more.length > 0 ? ['and those of each workload'] : [])].join(', ');
}

const figure = (ms: number): string => ms.toLocaleString('en-US', { maximumFractionDigits: 6 });

const figures = (values: readonly number[]): string =>
  values.length > MOST_VALUES
    ? `${figure(values[0] ?? 0)} to ${figure(values.at(-1) ?? 0)}`
    : values.map(figure).join(', ');
