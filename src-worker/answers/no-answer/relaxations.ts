import { metricLabel } from '../../engine/sizing/plan-refusals.ts';
import type { Recommendation, Relaxation } from '../../protocol/documents.ts';
import { formatDate, formatMs } from '../../protocol/numbers.ts';
import { recommendationOf } from '../recommendation.ts';
import { targetFigure } from './names.ts';
import type { Option } from './option.ts';

const MOST = 8;

/** The gating metric that comes closest to its target, in words. */
function tightestOf({ sla }: Recommendation): string {
  const [first] = sla.filter(({ gating }) => gating).sort((a, b) => (b.gap_percent ?? -100) - (a.gap_percent ?? -100));
  if (!first) return 'none';
  return `${metricLabel(first.metric)} ${formatMs(first.predicted_ms)} of ${targetFigure(first.target_ms)} ms`;
}

const warning = ({ warnings }: Recommendation, code: string): string | undefined =>
  warnings.find((entry) => entry.code === code)?.sentence;

/** What comes with the change: how firm its price is, and what else has to be there for it. */
function noteOf({ note, set, family }: Option, best: Recommendation): string | null {
  const old = warning(best, 'old_price');
  const spot = [
    'Spot instances can be taken back at short notice.',
    ...(old === undefined ? [`Spot price of ${formatDate(best.cost.price_as_of)}.`] : []),
  ];
  const sentences = [
    note,
    ...(set.pricing === 'spot' ? spot : []),
    old,
    warning(best, 'doubtful_price'),
    family === 'precision' ? warning(best, 'needs_quantized_checkpoint') : undefined,
  ].filter((sentence) => typeof sentence === 'string');
  return sentences.length === 0 ? null : sentences.join(' ');
}

function relaxationOf(option: Option): Relaxation | null {
  const { change, from, to, set, probe } = option;
  const [row] = probe.outcome.rows;
  if (!row) return null;
  const { prepared, demand } = probe;
  const best = recommendationOf(row, 1, { prepared, demand, zone: prepared.input.zone });
  return {
    change,
    from,
    to,
    set,
    id: best.id,
    instance: best.instance,
    instances: best.instances,
    gpu: best.gpu,
    tensor_parallel: best.tensor_parallel,
    pipeline_parallel: best.pipeline_parallel,
    quantization: best.quantization,
    usd_per_hour: best.cost.usd_per_hour,
    capacity_share: best.capacity_share,
    ttft_p95_ms: best.ttft_ms.p95,
    targets: best.sla.filter(({ gating }) => gating).length,
    tightest: tightestOf(best),
    note: noteOf(option, best),
  };
}

/** Changes that work, cheapest first (own hardware without a price before all) and what is no longer sold last. Of changes alike in kind and outcome the first stays. */
export function relaxationsOf(options: readonly Option[]): Relaxation[] {
  const seen = new Set<string>();
  const found = options.flatMap((option) => {
    const relaxation = relaxationOf(option);
    if (!relaxation) return [];
    const outcome = `${option.family}/${relaxation.id}/${relaxation.usd_per_hour}`;
    if (seen.has(outcome)) return [];
    seen.add(outcome);
    return [{ relaxation, isRetired: option.family === 'retired' }];
  });
  const cost = ({ usd_per_hour: hourly }: Relaxation): number => hourly ?? 0;
  return found
    .sort((a, b) => Number(a.isRetired) - Number(b.isRetired) || cost(a.relaxation) - cost(b.relaxation))
    .slice(0, MOST)
    .map(({ relaxation }) => relaxation);
}
