import type { Recommendation, SizeDocument, SlaRow } from '../../../src-worker/protocol/documents.ts';
import { configurationName } from '../../../src-worker/protocol/metrics.ts';
import { formatMs, formatUsd } from '../../../src-worker/protocol/numbers.ts';
import { latencyLabel } from '../../format/names.ts';
import { verdictOf, type Verdict } from '../../format/verdict.ts';

/** A solved question in four words for a card. */
export interface SolutionWords {
  kind: Verdict['kind'];
  configuration: string;
  price: string;
  /** `TTFT P95 71 of 500 ms`. */
  tightest: string;
}

export function solutionWords(document: SizeDocument): SolutionWords {
  const [best] = document.recommendations;
  if (!best) {
    const { kind, why } = verdictOf(document, null);
    return { kind, configuration: 'No answer', price: '', tightest: why };
  }
  const { usd_per_hour: usdPerHour } = best.cost;
  return {
    kind: 'met',
    configuration: configurationName(best),
    price: usdPerHour === null ? 'no price' : `${formatUsd(usdPerHour)}/h`,
    tightest: tightestWords(best),
  };
}

/** The gating target that leaves the least room; empty where none gates. */
function tightestWords({ sla }: Recommendation): string {
  const share = ({ predicted_ms: predictedMs, target_ms: targetMs }: SlaRow): number => (predictedMs ?? 0) / targetMs;
  const [tightest] = sla.filter((row) => row.gating && row.predicted_ms !== null).sort((a, b) => share(b) - share(a));
  if (!tightest) return '';
  const { metric, predicted_ms: predictedMs, target_ms: targetMs } = tightest;
  return `${latencyLabel(metric)} ${formatMs(predictedMs)} of ${formatMs(targetMs)} ms`;
}
