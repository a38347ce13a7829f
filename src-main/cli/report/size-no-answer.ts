import type { Exclusion, NoAnswer, Relaxation, SizeDocument } from '../../../src-worker/protocol/documents.ts';
import { decimal, milliseconds, percentOfFraction, plural, usd } from './format.ts';
import { bullet, leftAndRight, wrap } from './layout.ts';
import { asksOwn, deploymentText, parallelText, PRICING_TEXT } from './terms.ts';

/** Nothing passes: that it is so and why, then what would change it and what would not. */
export function noAnswerLists(document: SizeDocument): string[] {
  return [...verdict(document), ...changes(document.relaxations), ...unhelpful(document.no_answer)];
}

function verdict(document: SizeDocument): string[] {
  const { assumptions, excluded, no_answer: reason } = document;
  const terms = asksOwn(document) ? '' : `, ${PRICING_TEXT[assumptions.pricing] ?? assumptions.pricing}`;
  const which =
    excluded.length === 1
      ? 'the one configuration does not serve'
      : `none of ${plural(excluded.length, 'configuration')} serves`;
  const load =
    assumptions.users === null
      ? `${decimal(assumptions.rate_requests_per_s)} requests/s`
      : plural(assumptions.users, 'user');
  return [
    ...wrap(`NO ANSWER: ${which} ${load} with ${assumptions.model} within the targets${terms}.`),
    ...(reason ? [...wrap(reason.limit.sentence), ...nearest(reason, assumptions.headroom_percent)] : []),
    '',
  ];
}

type Named = Pick<
  Exclusion,
  'provider' | 'instance' | 'gpu' | 'quantization' | 'tensor_parallel' | 'pipeline_parallel'
>;

/** `a2-ultragpu-8g (gcp), nvidia-a100-80gb, TP 8, fp16`. */
export function planText(exclusion: Named): string {
  const { provider, instance, gpu, quantization } = exclusion;
  const plan = [gpu, parallelText(exclusion), quantization ?? ''].filter((part) => part !== '').join(', ');
  return `${instance} (${provider}), ${plan}`;
}

function nearest(reason: NoAnswer, headroomPercent: number): string[] {
  const { nearest: row, carries_requests_per_s: carries, needed_requests_per_s: needed } = reason;
  if (!row) return [];
  const load =
    carries === null || needed === null
      ? ''
      : ` One replica carries ${decimal(carries)} of the ${decimal(needed)} requests/s it would have to, ` +
        `${headroomPercent}% headroom left.`;
  return wrap(`The nearest is ${planText(row)}: ${row.detail}${load}`);
}

function changes(relaxations: readonly Relaxation[]): string[] {
  if (relaxations.length === 0) return ['No single change that was tried makes it work.', ''];
  return [
    'ONE CHANGE THAT MAKES IT WORK (each was computed, cheapest first):',
    '',
    ...relaxations.flatMap((relaxation, index) => changeRow(relaxation, index + 1)),
  ];
}

function changeRow(relaxation: Relaxation, number: number): string[] {
  const { change, from, gpu, quantization, usd_per_hour: hourly, note } = relaxation;
  const now = change.includes('->') ? '' : ` (now ${from})`;
  const price = hourly === null ? 'no price' : `${usd(hourly)}/h`;
  const [title = '', ...more] = wrap(change + now, { first: `${String(number).padStart(2)}. `, hanging: '    ' });
  return [
    ...(more.length === 0
      ? leftAndRight(title, price)
      : [title, ...more.slice(0, -1), ...leftAndRight(more.at(-1) ?? '', price)]),
    ...wrap(
      `${deploymentText(relaxation)}, ${gpu}, ${parallelText(relaxation)}, ${quantization}; ` +
        `${percentOfFraction(relaxation.capacity_share)} of capacity used, TTFT P95 ${milliseconds(relaxation.ttft_p95_ms)}, ` +
        `tightest ${relaxation.tightest}`,
      { first: '    ' },
    ),
    ...(note === null ? [] : wrap(`! ${note}`, { first: '    ', hanging: '      ' })),
    '',
  ];
}

function unhelpful(reason: NoAnswer | null): string[] {
  if (!reason || reason.unhelpful.length === 0) return [];
  return [
    'WHAT DOES NOT HELP (tried as well):',
    ...reason.unhelpful.flatMap(({ change, why }) => bullet(`${change}: ${why}`)),
    '',
  ];
}
