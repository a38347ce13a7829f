import type { QuantileSummary, QueueDocument } from '../../../src-worker/protocol/documents.ts';
import { decimal, milliseconds, percentOfFraction } from './format.ts';
import { facts, table, textOf, wrap } from './layout.ts';

const STATISTICS = ['mean', 'p50', 'p95', 'p99'] as const;

/** The queue as a small table, in words a stranger to queues can follow. */
export function queueReport(document: QueueDocument): string {
  const { utilization, stable, wait_ms, response_ms, wait_probability, method } = document;
  const head = facts([
    ['Arrivals', arrivalsText(document)],
    ['Service', serviceText(document)],
    [
      'Utilization (rho)',
      `${percentOfFraction(utilization, 1)} of the ${document.input.servers === 1 ? "server's" : "servers'"} time is asked for: arrivals per second times mean service time${document.input.servers === 1 ? '' : ', over the servers'}`,
    ],
  ]);
  if (!stable) return textOf([...head, ...wrap(unstableText(document))]);
  return textOf([
    ...head,
    ...facts([
      ['Arrivals that wait', waitingText(wait_probability ?? 0)],
      ['Method', method],
    ]),
    '',
    ...table(
      [{ title: '' }, ...['Mean', 'P50', 'P95', 'P99'].map((title) => ({ title, align: 'right' as const }))],
      [row('Wait', wait_ms), row('Response', response_ms)],
    ),
    '',
    ...wrap(
      'Wait is the time from arrival to the start of service, response the time to its end. P95: 95 of 100 requests take no longer.',
    ),
  ]);
}

const row = (name: string, summary: QuantileSummary): string[] => [
  name,
  ...STATISTICS.map((statistic) => milliseconds(summary[statistic])),
];

function arrivalsText({ input }: QueueDocument): string {
  const spread = input.arrival === 'gamma' ? `gamma gaps, CV ${input.arrival_cv}` : '';
  const gaps = { poisson: 'Poisson (at random)', constant: 'constant gaps', gamma: spread }[input.arrival];
  return `${decimalOf(input.rate)} per second, ${gaps}`;
}

function serviceText({ input }: QueueDocument): string {
  const servers = input.servers === 1 ? 'one server' : `${input.servers} servers behind one queue`;
  return `${milliseconds(input.service_ms)} on average, ${input.distribution} with CV (std / mean) ${input.service_cv}, ${servers}, first come first served`;
}

/** Small rates keep their digits. */
const decimalOf = (rate: number): string => (rate >= 1 ? decimal(rate) : String(rate));

function waitingText(waitProbability: number): string {
  const free = 1 - waitProbability;
  if (waitProbability === 0) return 'none: every wait is 0';
  return `${percentOfFraction(waitProbability, 1)}; the others, ${percentOfFraction(free, 1)}, wait exactly 0, so every percentile of the wait up to P${decimal(free * 100)} is 0`;
}

/** What would settle it: a lower rate, or more servers. */
function unstableText({ input, utilization }: QueueDocument): string {
  const most = (1000 / input.service_ms) * input.servers;
  return `Not stable: requests arrive at least as fast as they are served, so the queue grows without end and no percentile exists. It settles below ${decimalOf(most)} arrivals per second, or with ${Math.floor(utilization * input.servers) + 1} servers or more.`;
}
