import type {
  ExplainDocument,
  Explanation,
  ExplanationPart,
  Sensitivity,
} from '../../../src-worker/protocol/documents.ts';
import { metric, type Metric } from '../../../src-worker/protocol/metrics.ts';
import { formatFixed, formatSignificant, formatUsd } from '../../../src-worker/protocol/numbers.ts';
import { bullet, heading, textOf, wrap } from './layout.ts';

/** Every figure of a configuration with where it comes from. */
export function explainReport({ configuration, explanations, versions }: ExplainDocument): string {
  return textOf([
    ...heading(`WHERE THE FIGURES COME FROM: ${configuration.name}, rank ${configuration.rank}`),
    configuration.id,
    ...wrap(`Engine ${versions.engine}, catalog ${versions.catalog}, calibration ${versions.calibration}`),
    '',
    ...explanations.flatMap(explanationLines),
  ]);
}

const KINDS: Record<Explanation['kind'], string> = {
  predicted: 'predicted by the model of the engine',
  computed: 'computed',
  catalog: 'from the catalog',
  given: 'as given',
};

/** `38 ms`; money carries its sign, what has no unit stands alone. */
function shown({ format, unit }: Metric, value: number | null): string {
  const text = format(value);
  return unit === ''
    ? text
    : unit.startsWith('US$')
      ? `${text} ${unit.replace('US$', '')}`.replace(' /', '/')
      : `${text} ${unit}`;
}

function explanationLines(entry: Explanation): string[] {
  const known = metric(entry.metric);
  const list = (title: string, lines: string[]): string[] => (lines.length > 0 ? [`  ${title}`, ...lines] : []);
  return [
    ...wrap(`${entry.label}: ${shown(known, entry.value)} (${entry.metric}, ${KINDS[entry.kind]})`),
    ...wrap(entry.formula, { first: '  ' }),
    ...wrap(`= ${entry.calculation}`, { first: '  ', hanging: '    ' }),
    ...list(
      'Parts:',
      entry.parts.flatMap((part) => bullet(partText(part, (value) => shown(known, value)))),
    ),
    ...list(
      'From:',
      entry.inputs.flatMap((input) => bullet(partText(input, (value) => inputText(value, input.unit)))),
    ),
    ...list(
      'Answers most to:',
      entry.sensitivities.flatMap((sensitivity) => bullet(sensitivityText(sensitivity, known))),
    ),
    ...list('Assumes:', entry.assumptions.flatMap(bullet)),
    '',
  ];
}

/** Counts as they are, money with its sign, the rest in three digits. */
function inputText(value: number | null, unit: string): string {
  if (unit.startsWith('US$')) return `${formatUsd(value)}${unit.replace('US$', '')}`;
  const digits = Number.isInteger(value) ? formatFixed(value) : formatSignificant(value);
  return unit === '' ? digits : `${digits} ${unit}`;
}

const partText = ({ label, value, source }: ExplanationPart, text: (value: number | null) => string): string =>
  `${label}: ${text(value)} [${source}]`;

function sensitivityText({ input, change, delta }: Sensitivity, known: Metric): string {
  const size = shown(known, Math.abs(delta));
  return `${input} ${change}: ${delta < 0 ? '−' : '+'}${size}`;
}
