import type { MeasurementSource } from '../../src-worker/protocol/catalog-files.ts';
import {
  LATENCY_METRICS,
  UNCERTAIN_PERCENTILES,
  type UncertainMetric,
} from '../../src-worker/engine/calibration/types.ts';
import type { AccuracyDocument, AccuracyPoint, MeasuredLoad } from '../../src-worker/protocol/accuracy.ts';
import type { CalibrationDocument, ErrorBasis } from '../../src-worker/protocol/calibration.ts';
import { lowerFirst } from '../../src-renderer/format/names.ts';
import {
  errorsOf,
  grouped,
  headlines,
  METRICS,
  METRIC_WORDS,
  percentOff,
  whyOfGroup,
  type Figure,
} from './headline.ts';
import { intervalAims, NOVELTY_WORDS } from './interval-aims.ts';
import { markdownTable } from './markdown.ts';
import type { Timed } from './service.ts';

interface AccuracyFigures {
  /** The bundled profile on the rows it was fitted to. */
  bundled: AccuracyDocument;
  calibration: Timed<CalibrationDocument>;
  /** Every point as a fit had it that had not seen its group. */
  leftOut: AccuracyDocument;
  sources: readonly MeasurementSource[];
}

const MISSES_SHOWN = 15;
const WORST_SHOWN = 5;
const REASONS_SHOWN = 4;
/** Models and GPUs with fewer figures say little by themselves. */
const FEWEST_FIGURES = 10;
const SECONDS_A_MINUTE = 60;

const fixed = (value: number, decimals: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const count = (value: number): string => fixed(value, 0);
/** Per cent, as exact as it is known. */
const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : fixed(value, Math.abs(value) < 10 ? 1 : 0);
const signed = (value: number): string => `${value > 0 ? '+' : ''}${percent(value)}`;
const shareOf = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : `${fixed(value * 100, 0)} %`;
/** A measured figure in three digits. */
const figure = (value: number): string => Number(value.toPrecision(3)).toLocaleString('en-US');

const LOAD_WORDS: Readonly<Record<MeasuredLoad, string>> = {
  open_loop: 'requests that arrive at a rate',
  closed_loop: 'a fixed number of clients, one request after the other',
  offline_max: 'many requests queued at once, for throughput',
  static_batch: 'one batch that starts together',
};
const BASIS_WORDS: Readonly<Record<ErrorBasis, string>> = {
  before: 'the bundled profile, on rows it was fitted to',
  in_sample: 'fitted anew, on the same rows',
  group: 'group left out (source, GPU and model together)',
  gpu: 'the whole GPU left out',
  generation: 'the whole engine generation left out',
  architecture: 'the whole architecture left out',
};

export const ACCURACY_HEADINGS = [
  'The largest misses',
  'By what was left out',
  'What was aimed at',
  'By kind of load',
  'By GPU',
  'By engine generation',
  'By model',
  'How wide the intervals are',
  'Rows that were not judged',
  'How to repeat it',
] as const;
const heading = (title: (typeof ACCURACY_HEADINGS)[number]): string => `## ${title}`;

/** docs/accuracy.md. */
export function accuracyText(figures: AccuracyFigures): string {
  const judged = headlines(figures.leftOut);
  return [
    '# How far to believe a prediction',
    '<!-- Written by npm run docs:accuracy: change scripts/accuracy/accuracy-text.ts, not this file. -->',
    summary(figures, judged),
    heading('The largest misses'),
    misses(figures, judged),
    whatAndHow(figures),
    heading('By what was left out'),
    byBasis(figures),
    heading('What was aimed at'),
    aims(figures, judged),
    heading('By kind of load'),
    'Every figure as a fit had it that had not seen its group: median of the absolute errors in per cent (number of figures). The mean where it was published, else the median.',
    byName(judged, 'load', ({ workload_kind: kind }) => `${kind}: ${LOAD_WORDS[kind]}`),
    heading('By GPU'),
    byName(judged, 'GPU', ({ gpu }) => gpu),
    heading('By engine generation'),
    byName(judged, 'engine generation', ({ generation }) => generation),
    heading('By model'),
    byName(judged, 'model', ({ model }) => model.slice(model.lastIndexOf('/') + 1)),
    heading('How wide the intervals are'),
    intervals(figures),
    heading('Rows that were not judged'),
    skipped(figures.leftOut),
    heading('How to repeat it'),
    repeat(figures),
  ].join('\n\n');
}

const of = (judged: readonly Figure[], metric: UncertainMetric, kind?: MeasuredLoad): Figure[] =>
  judged.filter((one) => one.metric === metric && (kind === undefined || one.point.workload_kind === kind));

const whyOf = ({ why }: AccuracyPoint): string => why ?? '';

function summary({ leftOut, bundled }: AccuracyFigures, judged: readonly Figure[]): string {
  const medianOf = (metric: UncertainMetric, kind?: MeasuredLoad): string =>
    percent(errorsOf(of(judged, metric, kind))?.median);
  const doubled = judged.filter(({ predicted, measured }) => predicted > 2 * measured || predicted < measured / 2);
  const inside = shareOf(errorsOf(judged)?.inside);
  const parts = METRICS.map((metric) => [metric, of(doubled, metric).length] as const).filter(([, many]) => many > 0);
  const [reasons, unknown] = [grouped(doubled, whyOf), doubled.filter(({ point }) => point.why === null).length];
  const reasonWords = reasons
    .filter(([reason]) => reason !== '')
    .slice(0, REASONS_SHOWN)
    .map(([reason, own]) => `${lowerFirst(reason)} (${own.length})`);
  if (unknown > 0) reasonWords.push(`for reasons that the program does not know (${unknown})`);
  const doubledWords = parts.map(([metric, many]) => `${METRIC_WORDS[metric]} ${many}`).join(', ');
  return `**Where it misses:** of ${count(judged.length)} measured figures ${count(doubled.length)} are off by more than a factor of two${parts.length > 0 ? ` (${doubledWords})` : ''}${reasonWords.length > 0 ? `, most of all: ${reasonWords.join('; ')}` : ''}. **Where it holds:** on set-ups that no fit had seen, half of the predicted times per token are within ${medianOf('tpot')} % of the measured one, of the times to first token within ${medianOf('ttft')} %, of the whole latencies within ${medianOf('e2e')} % and of the throughputs within ${medianOf('throughput')} %. The 80 % range that stands beside every prediction held ${inside} of these figures. For a decision, look at the range and not at the figure alone; where a benchmark of your own exists, \`configiq calibrate\` moves the profile to it. Judged are ${count(leftOut.points.length)} published measurements; the profile in the program is \`${bundled.calibration}\`.`;
}

function misses({ calibration: { value: calibration } }: AccuracyFigures, judged: readonly Figure[]): string {
  const apart = ({ predicted, measured }: Figure): number => Math.abs(Math.log(predicted / measured));
  // One row a set-up: a sweep that is wrong throughout would else fill the table.
  const shown = grouped(judged, ({ source_id: source, gpu, model }) => `${source}\n${gpu}\n${model}`)
    .map(([, group]) => group.reduce((most, one) => (apart(one) > apart(most) ? one : most)))
    .sort((a, b) => apart(b) - apart(a))
    .slice(0, MISSES_SHOWN);
  const rows = shown.map((one) => {
    const { point, metric, measured, predicted } = one;
    const model = point.model.slice(point.model.lastIndexOf('/') + 1);
    return [
      point.point_id,
      `${model}, ${point.gpu_count} × ${point.gpu.replace(/^nvidia-/, '')}, ${point.engine}`,
      point.load,
      METRIC_WORDS[metric],
      figure(measured),
      figure(predicted),
      `${signed(percentOff(one))} %`,
      point.why ?? 'not known',
    ];
  });
  const groups = METRICS.flatMap((metric) =>
    calibration.worst_groups
      .filter((group) => group.metric === metric)
      .slice(0, WORST_SHOWN)
      .map(({ group, points, median_percent: median, bias_percent: bias }) => [
        METRIC_WORDS[metric],
        group.split('|').join(', '),
        count(points),
        percent(median),
        signed(bias),
        whyOfGroup(judged, group) ?? 'not known',
      ]),
  );
  return [
    `The worst figure of each set-up, the ${MISSES_SHOWN} farthest off by factor (times in ms, throughput in tokens/s):`,
    markdownTable(['row', 'set-up', 'load', 'figure', 'measured', 'predicted', 'off', 'why'], rows),
    `The ${WORST_SHOWN} worst groups of every metric while they were left out (median of the absolute errors, and of the signed ones; above zero = predicted too high):`,
    markdownTable(['metric', 'group', 'figures', 'error, %', 'bias, %', 'why'], groups),
  ].join('\n\n');
}

function whatAndHow({ leftOut, sources }: AccuracyFigures): string {
  const rows = sources.map(({ source_id: id, title, url, version, measured, rows: all }) => {
    const judged = leftOut.points.filter((point) => point.source_id === id).length;
    return [
      url === null ? title : `[${title}](${url})`,
      version ?? '–',
      measured ?? '–',
      `${count(judged)} of ${count(all)}`,
    ];
  });
  return `## What is measured, and how it is judged

${markdownTable(['source', 'version', 'measured', 'rows judged'], rows)}

Each row is one engine instance under one load. It is predicted from its model, GPU, engine version, number format and load; who measured it is never asked. Its own results are looked at in three places only, where a file does not say how its run was made: how many clients kept an offline run busy and whether all clients had seats follow from them by Little's law, and rows that contradict themselves are passed over ([decision 26](decisions/0026-how-a-profile-is-fitted.md)). An error is (predicted − measured) / measured. A *group* is one source, GPU and model: its rows share what is special about a set-up, so they are left out of a fit together, a fifth of all groups at a time, and predicted by the fit that had not seen them. TTFT and E2E are not judged over capacity, nor the TTFT of offline runs: they tell how long the run was. The rate of an open loop that keeps up is the question's own figure and is not judged either. The host of a benchmark's machine is told apart in the fit and not in predictions, which are for a host of usual speed.`;
}

function byBasis({ calibration: { value } }: AccuracyFigures): string {
  const rows = (Object.keys(BASIS_WORDS) as ErrorBasis[]).flatMap((basis) => {
    const found = value.errors[basis];
    if (!found) return [];
    return [
      [
        BASIS_WORDS[basis],
        ...METRICS.map((metric) => {
          const errors = found.find((error) => error.metric === metric);
          if (!errors || errors.points === 0) return '–';
          return `${percent(errors.macro_percent)} / ${percent(errors.points_percent)} (${count(errors.points)})`;
        }),
      ],
    ];
  });
  return [
    'Absolute errors in per cent: median over groups of their median / median over figures (number of figures). The lower the row, the farther the question from anything measured.',
    markdownTable(['', ...METRICS.map((metric) => METRIC_WORDS[metric])], rows),
  ].join('\n\n');
}

/** Left-out errors, per cent, macro / points: of the study that the model began from, and what was to be reached beyond. */
const AIMS: readonly { basis: ErrorBasis; metric: UncertainMetric; study: [number, number]; aim: [number, number] }[] =
  [
    { basis: 'group', metric: 'tpot', study: [15, 11], aim: [12, 9] },
    { basis: 'group', metric: 'ttft', study: [23, 25], aim: [18, 18] },
    { basis: 'group', metric: 'e2e', study: [6, 7.5], aim: [5, 6] },
    { basis: 'group', metric: 'throughput', study: [12, 12.5], aim: [10, 10] },
    { basis: 'gpu', metric: 'tpot', study: [13, 13], aim: [11, 11] },
  ];
/** Medians that one set, whose arrivals are constant and whose engine is the latest, was to reach. */
const SERVED = { source: 'blis_training_runs', metrics: ['e2e', 'ttft', 'tpot'], aim: 3.5 } as const;

function aims({ bundled, calibration: { value } }: AccuracyFigures, judged: readonly Figure[]): string {
  const rows = AIMS.flatMap(({ basis, metric, study, aim }) => {
    const found = value.errors[basis]?.find((error) => error.metric === metric);
    if (!found || found.macro_percent === null || found.points_percent === null) return [];
    const reached = [found.macro_percent, found.points_percent];
    const verdict = (limits: readonly number[]): string =>
      reached.map((percentage, i) => (percentage <= (limits[i] as number) ? 'yes' : 'no')).join(' / ');
    return [
      [
        `${METRIC_WORDS[metric]}, ${BASIS_WORDS[basis]}`,
        reached.map(percent).join(' / '),
        study.join(' / '),
        verdict(study),
        aim.join(' / '),
        verdict(aim),
      ],
    ];
  });
  const served = (figures: readonly Figure[]): string =>
    SERVED.metrics
      .map((metric) =>
        percent(errorsOf(of(figures, metric).filter(({ point }) => point.source_id === SERVED.source))?.median),
      )
      .join(' / ');
  return [
    'Errors as above, beside those of the study of the same measurements that the model began from (which counted fewer of them: 390 for E2E, without closed loops) and beside what was aimed at. Which groups are left out together is a draw: other draws differ by a point or two.',
    markdownTable(['', 'reached', 'study', 'as good', 'aim', 'reached it'], rows),
    `On \`${SERVED.source}\` ${SERVED.metrics.map((metric) => METRIC_WORDS[metric]).join(' / ')} were to be within ${fixed(SERVED.aim, 1)} % in the median: the bundled profile has ${served(headlines(bundled))}, fits that had not seen the group ${served(judged)}.`,
    intervalAims(value),
  ].join('\n\n');
}

function byName(judged: readonly Figure[], title: string, nameOf: (point: AccuracyPoint) => string): string {
  const groups = grouped(judged, nameOf);
  const shown = groups.filter(([, own]) => own.length >= FEWEST_FIGURES);
  const rows = shown.map(([name, own]) => {
    const inside = errorsOf(own)?.inside;
    const cells = METRICS.map((metric) => {
      const errors = errorsOf(of(own, metric));
      return errors ? `${percent(errors.median)} (${count(errors.points)})` : '–';
    });
    return [name, ...cells, shareOf(inside)];
  });
  const rest = groups.length - shown.length;
  return [
    markdownTable([title, ...METRICS.map((metric) => METRIC_WORDS[metric]), 'in the 80 % range'], rows),
    ...(rest > 0 ? [`${rest} more with fewer than ${FEWEST_FIGURES} figures.`] : []),
  ].join('\n\n');
}

const PERCENTILE_COLUMNS = LATENCY_METRICS.flatMap((metric) =>
  UNCERTAIN_PERCENTILES.map((percentile) => [metric, percentile] as const),
);

function intervals({ calibration: { value }, leftOut }: AccuracyFigures): string {
  const rows = value.interval_classes.map(({ metric, novelty, points, coverage, median_width: width }) => [
    METRIC_WORDS[metric],
    NOVELTY_WORDS[novelty],
    count(points),
    shareOf(coverage),
    `× ${fixed(width, 2)}`,
  ]);
  return [
    'An 80 % range should hold four in five of the figures that its fit had not seen. How wide it is depends on how near the question is to what was measured ([decision 24](decisions/0024-how-sure-an-answer-is.md)); the last column is the median of its upper over its lower end.',
    markdownTable(['metric', 'what was new', 'figures', 'inside', 'upper / lower'], rows),
    'The share inside is counted with ranges that were estimated without the fifth of the groups that a figure belongs to. Percentiles are predicted less well than means, most of all under loads where clients fall into step; their ranges are as much wider as their own errors were (here by the same figures), at most four times in logarithms. A percentile that fewer than five groups speak for takes what those nearer to the median have: so P95 of TPOT, which one source alone gives.',
    markdownTable(
      ['percentile', 'figures', 'error, %', 'bias, %', 'inside'],
      PERCENTILE_COLUMNS.flatMap(([metric, percentile]) => {
        const errors = leftOut.metrics[`${metric}_ms_${percentile}`];
        if (!errors || errors.count < FEWEST_FIGURES) return [];
        const { count: many, median_absolute_percent: median, median_signed_percent: bias } = errors;
        const name = `${METRIC_WORDS[metric]} ${percentile.toUpperCase()}`;
        return [[name, count(many), percent(median), signed(bias ?? 0), shareOf(errors.interval_coverage)]];
      }),
    ),
  ].join('\n\n');
}

function skipped({ skipped: rows, skipped_reasons: reasons }: AccuracyDocument): string {
  if (rows.length === 0) return 'None.';
  return [
    `${count(rows.length)} rows are passed over, never averaged in:`,
    markdownTable(
      ['rows', 'reason'],
      reasons.map(({ reason, count: many }) => [count(many), reason]),
    ),
  ].join('\n\n');
}

function repeat({ calibration: { value, seconds } }: AccuracyFigures): string {
  const minutes = seconds / SECONDS_A_MINUTE;
  return `\`npm run docs:accuracy\` fits the profile anew from the priors (${count(value.parameters)} parameters over ${count(value.used)} rows; ${fixed(minutes, 1)} minutes with all fits on what was left out, on the machine that wrote this page) and writes this page. \`configiq validate\` holds the bundled profile against the bundled rows, \`configiq validate FILES\` against your own, \`configiq calibrate --name mine FILES\` moves it to them; \`npm run validate:shared -- FOLDER\` prints everything above for a folder of measurement files. The Accuracy screen of the window has every point. What the model is made of, and what each part buys, is in [fidelity.md](fidelity.md); formats are in [catalogs/README.md](../catalogs/README.md).`;
}
