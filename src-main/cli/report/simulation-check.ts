import type {
  Recommendation,
  SimulationCheck,
  SimulationCheckRow,
  SizeDocument,
} from '../../../src-worker/protocol/documents.ts';
import { count, millisecondNumber, milliseconds, NONE, percent, plural, target, usd } from './format.ts';
import { table, wrap } from './layout.ts';
import { deploymentText, metricLabel, STATUS_TEXT } from './terms.ts';

/** The metric that people look for first in a list. */
const LISTED_METRIC = 'ttft_p95';

const STATUS_WORDS: Record<SimulationCheck['status'], string> = {
  confirmed: 'all targets met',
  refuted: 'not all targets met',
  unsettled: 'too close to a target to tell',
  saturated: 'no steady state',
};

const widthText = ({ half_width_ms: width }: SimulationCheckRow): string =>
  width === null ? '' : ` ± ${millisecondNumber(width)}`;

const figureText = (row: SimulationCheckRow): string =>
  row.simulated_ms === null ? NONE : `${millisecondNumber(row.simulated_ms)}${widthText(row)} ms`;

/** Closed form against simulation: +3% where it is above. */
const differenceText = ({ difference_percent: difference }: SimulationCheckRow): string =>
  difference === null ? NONE : `${difference > 0 ? '+' : ''}${percent(difference, 1)}`;

/** What a row of the list says of its check; nothing where it was not simulated. */
export function checkLines({ simulation_check: check, simulation, trust, sla }: Recommendation): string[] {
  if (simulation) return simulatedLines(trust.kind === 'ok', sla);
  if (!check) return [];
  const isMissed = check.status === 'refuted' || check.status === 'saturated';
  const metric = check.rows.find((row) => row.metric === LISTED_METRIC && row.simulated_ms !== null);
  const figure = metric
    ? `, ${metricLabel(metric.metric)} ${figureText(metric)} (closed form ${differenceText(metric)})`
    : '';
  return wrap(`${isMissed ? '✗ ' : ''}simulated: ${STATUS_WORDS[check.status]}${figure}`, { first: '    ' });
}

/** The same where the figures are simulated themselves. */
function simulatedLines(isSure: boolean, sla: Recommendation['sla']): string[] {
  const metric = sla.find((row) => row.metric === LISTED_METRIC && row.half_width_ms !== null);
  const figure = metric
    ? `, ${metricLabel(metric.metric)} ${millisecondNumber(metric.predicted_ms)} ± ${millisecondNumber(metric.half_width_ms)} ms`
    : '';
  return wrap(
    `simulated: ${isSure ? 'all targets met' : 'met by the figures, too close to a target to be sure'}${figure}`,
    {
      first: '    ',
    },
  );
}

/** Targets as they come out of the simulation, beside the closed form. */
export function checkSection({
  simulation_check: check,
  simulation_check_reason: reason,
  simulation,
  trust,
}: Recommendation): string[] {
  if (simulation) return wrap(`${trust.sentence} ± is the half width of a 95% confidence interval.`);
  if (!check) return wrap(`Simulation: ${reason ?? NONE}`);
  const rows = check.rows.map((row) => [
    metricLabel(row.metric),
    target(row.target_ms),
    row.simulated_ms === null ? NONE : millisecondNumber(row.simulated_ms),
    row.half_width_ms === null ? NONE : millisecondNumber(row.half_width_ms),
    check.status === 'saturated' || row.gating ? STATUS_TEXT[row.status] : `${STATUS_TEXT[row.status]}, not gating`,
    milliseconds(row.closed_form_ms),
    differenceText(row),
  ]);
  const about =
    check.requests > 0
      ? `Simulated at the planned load (seed ${check.seed}, ${plural(check.requests, 'request')}; ± is 95% confidence):`
      : `Simulated at the planned load (seed ${check.seed}): no steady state`;
  return [
    ...wrap(about),
    ...table(
      [
        { title: 'Metric' },
        { title: 'Target', align: 'right' },
        { title: 'Simulated', align: 'right' },
        { title: '± ms', align: 'right' },
        { title: 'Status' },
        { title: 'Closed form', align: 'right' },
        { title: 'is off', align: 'right' },
      ],
      rows,
    ),
  ];
}

/** The verdict of the simulation and, where it disagrees, what would hold. */
export function checkFacts(document: SizeDocument, row: Recommendation): [string, string][] {
  const { simulation_check: check } = row;
  if (!check) return [];
  const mark = check.status === 'confirmed' ? '✓ ' : check.status === 'unsettled' ? '' : '✗ ';
  const facts: [string, string][] = [['Simulation', `${mark}${check.sentence}`]];
  if (check.status === 'confirmed' || check.status === 'unsettled') return facts;
  const { enough } = check;
  if (enough) {
    const price = enough.usd_per_hour === null ? '' : `, ${usd(enough.usd_per_hour)}/h`;
    const more = deploymentText({ instances: enough.instances, instance: row.instance });
    facts.push(['With more replicas', `${more} (${plural(enough.replicas, 'replica')}${price})`]);
  }
  const next = document.recommendations.find(
    (other) => other.rank > row.rank && other.simulation_check?.status === 'confirmed',
  );
  const price = next?.cost.usd_per_hour ?? null;
  facts.push([
    'Next that is confirmed',
    next
      ? `rank ${count(next.rank)}, ${deploymentText(next)}${price === null ? '' : `, ${usd(price)}/h`}`
      : 'none of the listed ones (--top lists and simulates more)',
  ]);
  return facts;
}
