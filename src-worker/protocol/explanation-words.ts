import type { Explanation, ExplanationPart, Sensitivity } from './documents.ts';
import { metric, type Metric } from './metrics.ts';
import { formatFixed, formatSignificant, formatUsd } from './numbers.ts';

/** The words of an explanation, the same in the window and on the command line. */

const KINDS: Record<Explanation['kind'], string> = {
  predicted: 'predicted by the model of the engine',
  computed: 'computed',
  catalog: 'from the catalog',
  given: 'as given',
};

export const kindWords = ({ kind }: Explanation): string => KINDS[kind];

/** `38 ms`, `$1.86/h`; what has no unit stands alone. */
function shown({ format, unit }: Metric, value: number | null): string {
  const text = format(value);
  if (unit === '') return text;
  return unit.startsWith('US$') ? `${text}${unit.slice('US$'.length)}` : `${text} ${unit}`;
}

/** The figure, or a part of it, with its unit. */
export const figureText = (entry: Explanation, value: number | null = entry.value): string =>
  shown(metric(entry.metric), value);

/** Counts as they are, money with its sign, the rest in three digits. */
export function inputText({ value, unit }: ExplanationPart): string {
  if (unit.startsWith('US$')) return `${formatUsd(value)}${unit.slice('US$'.length)}`;
  const digits = Number.isInteger(value) ? formatFixed(value) : formatSignificant(value);
  return unit === '' ? digits : `${digits} ${unit}`;
}

/** `Likely 58 ms to 87 ms: about four in five measured values lie within.`; empty where the figure has no range. */
export function likelyText(entry: Explanation): string {
  if (!entry.interval) return '';
  const [low, high] = entry.interval;
  const ends =
    high === null ? `${figureText(entry, low)} or more` : `${figureText(entry, low)} to ${figureText(entry, high)}`;
  return `Likely ${ends}: about four in five measured values lie within such a range.`;
}

/** `+5 ms`. */
export const deltaText = (entry: Explanation, { delta }: Sensitivity): string =>
  `${delta < 0 ? '−' : '+'}${figureText(entry, Math.abs(delta))}`;

/** The whole explanation as plain text: a line for each statement. */
export function explanationText(entry: Explanation): string {
  const list = (title: string, lines: string[]): string[] =>
    lines.length > 0 ? [`  ${title}`, ...lines.map((line) => `  • ${line}`)] : [];
  const line = ({ label, source }: ExplanationPart, text: string): string => `${label}: ${text} [${source}]`;
  return [
    `${entry.label}: ${figureText(entry)} (${entry.metric}, ${kindWords(entry)})`,
    `  ${entry.formula}`,
    `  = ${entry.calculation}`,
    ...(entry.interval ? [`  ${likelyText(entry)}`] : []),
    ...list(
      'Parts:',
      entry.parts.map((part) => line(part, figureText(entry, part.value))),
    ),
    ...list(
      'From:',
      entry.inputs.map((input) => line(input, inputText(input))),
    ),
    ...list(
      'Answers most to:',
      entry.sensitivities.map(
        (sensitivity) => `${sensitivity.input} ${sensitivity.change}: ${deltaText(entry, sensitivity)}`,
      ),
    ),
    ...list('Assumes:', entry.assumptions),
  ].join('\n');
}
