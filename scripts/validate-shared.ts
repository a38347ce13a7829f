import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { accuracyReport } from '../src-main/cli/report/accuracy-report.ts';
import { BASIS_WORDS, calibrationReport } from '../src-main/cli/report/calibration-report.ts';
import { count, decimal } from '../src-main/cli/report/format.ts';
import { heading, table, textOf, wrap } from '../src-main/cli/report/layout.ts';
import type { UncertainMetric } from '../src-worker/engine/calibration/types.ts';
import { medianOf } from '../src-worker/engine/numerics/sample.ts';
import type { AccuracyDocument } from '../src-worker/protocol/accuracy.ts';
import type { CalibrationDocument } from '../src-worker/protocol/calibration.ts';
import { documentText } from '../src-worker/protocol/documents.ts';
import { errorsOf, headlines, METRICS, METRIC_WORDS, percentOff, whyOfGroup } from './accuracy/headline.ts';
import { accuracyOf, BUNDLED, calibrationOf, measurementFiles, withService } from './accuracy/service.ts';

/**
 * `npm run validate:shared -- FOLDER [--json]`: holds the bundled profile against the measurement files of a folder, fits a
 * profile to them from the priors, and prints how well that predicts what it was not shown.
 */

/** The set whose runs are the nearest to production: constant arrivals below capacity, and the latest engine. */
const SERVED = 'blis_training_runs';
const SERVED_METRICS: readonly UncertainMetric[] = ['e2e', 'ttft', 'tpot'];
const WORST_SHOWN = 5;

interface ServedError {
  metric: UncertainMetric;
  points: number;
  /** By the bundled profile, and by fits that had not seen the group; percent, absolute. */
  bundled_median_percent: number | null;
  left_out_median_percent: number | null;
}

/** Medians over the rows of one set. */
function servedErrors(accuracy: AccuracyDocument, calibration: CalibrationDocument, source: string): ServedError[] {
  const figures = headlines(accuracy).filter(({ point }) => point.source_id === source);
  const leftOut = new Map(calibration.left_out.map((left) => [`${left.point_id} ${left.metric}`, left.predicted]));
  return SERVED_METRICS.map((metric) => {
    const own = figures.filter((figure) => figure.metric === metric);
    const left = own.flatMap(({ point, measured }) => {
      const predicted = leftOut.get(`${point.point_id} ${metric}`);
      return predicted === undefined ? [] : [Math.abs(percentOff({ predicted, measured }))];
    });
    return {
      metric,
      points: own.length,
      bundled_median_percent: errorsOf(own)?.median ?? null,
      left_out_median_percent: left.length === 0 ? null : medianOf(left),
    };
  });
}

function servedLines(errors: readonly ServedError[]): string[] {
  if (errors.every(({ points }) => points === 0)) return [`No row of ${SERVED} is among them.`];
  return table(
    [
      { title: SERVED },
      { title: 'Points', align: 'right' },
      { title: 'Bundled profile', align: 'right' },
      { title: 'Groups left out', align: 'right' },
    ],
    errors.map(({ metric, points, bundled_median_percent: bundled, left_out_median_percent: left }) => [
      METRIC_WORDS[metric],
      count(points),
      decimal(bundled),
      decimal(left),
    ]),
  );
}

function worstLines({ worst_groups: worst }: CalibrationDocument, accuracy: AccuracyDocument): string[] {
  const figures = headlines(accuracy);
  return METRICS.flatMap((metric) => {
    const own = worst.filter((group) => group.metric === metric).slice(0, WORST_SHOWN);
    if (own.length === 0) return [];
    return [
      '',
      `${METRIC_WORDS[metric]}, worst groups while they were left out, %:`,
      ...table(
        [
          { title: 'Group' },
          { title: 'Points', align: 'right' },
          { title: 'Median', align: 'right' },
          { title: 'Bias', align: 'right' },
          { title: 'Why' },
        ],
        own.map(({ group, points, median_percent: median, bias_percent: bias }) => [
          group.split('|').join(', '),
          count(points),
          decimal(median),
          `${bias > 0 ? '+' : ''}${decimal(bias)}`,
          whyOfGroup(figures, group) ?? '',
        ]),
      ),
    ];
  });
}

/** Bases of the errors with the numbers of points and groups behind them. */
function basisLines({ errors }: CalibrationDocument): string[] {
  return table(
    [
      { title: 'Basis' },
      { title: 'Metric' },
      { title: 'Macro', align: 'right' },
      { title: 'Points', align: 'right' },
      { title: 'Bias', align: 'right' },
      { title: 'Number', align: 'right' },
      { title: 'Groups', align: 'right' },
    ],
    (Object.keys(BASIS_WORDS) as (keyof typeof BASIS_WORDS)[]).flatMap((basis) =>
      METRICS.flatMap((metric) => {
        const found = errors[basis]?.find((error) => error.metric === metric);
        if (!found || found.points === 0) return [];
        const { macro_percent: macro, points_percent: points, bias_percent: bias } = found;
        return [
          [
            BASIS_WORDS[basis],
            METRIC_WORDS[metric],
            decimal(macro),
            decimal(points),
            decimal(bias),
            count(found.points),
            count(found.groups),
          ],
        ];
      }),
    ),
  );
}

// Thousands of points and a profile are megabytes: `configiq validate` and `configiq calibrate` write them to files.
const withoutPoints = ({ points: _, ...document }: AccuracyDocument) => document;
const withoutProfile = ({ left_out: _, profile: _profile, ...document }: CalibrationDocument) => document;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1)
    throw new Error('Name one folder of measurement files: npm run validate:shared -- FOLDER [--json]');
  const files = measurementFiles(resolve(folder));
  const { accuracy, calibration } = await withService(async (service) => ({
    accuracy: await accuracyOf(service, BUNDLED, files),
    calibration: await calibrationOf(service, 'from-priors', files),
  }));
  const served = servedErrors(accuracy.value, calibration.value, SERVED);
  const seconds = { validate: accuracy.seconds, calibrate: calibration.seconds };
  if (values.json) {
    const documents = { validate: withoutPoints(accuracy.value), calibrate: withoutProfile(calibration.value) };
    const whole = { files: files.map((file) => basename(file)), ...documents };
    process.stdout.write(documentText({ ...whole, [SERVED]: served, seconds }));
    return;
  }
  process.stdout.write(
    [
      accuracyReport(accuracy.value),
      calibrationReport(calibration.value, { isKept: false, isUsed: false, isFresh: true, isOfOwnRows: false }),
      textOf([
        ...heading('MACRO = MEDIAN OVER GROUPS, POINTS = MEDIAN OVER POINTS, %'),
        ...basisLines(calibration.value),
        ...worstLines(calibration.value, accuracy.value),
        '',
        'Absolute errors of the runs below capacity, % in the median:',
        ...servedLines(served),
        '',
        ...wrap(
          `${count(files.length)} files. Validating took ${decimal(seconds.validate)} s, calibrating with every fit on what was left out ${decimal(seconds.calibrate)} s.`,
        ),
      ]),
    ].join('\n'),
  );
}

try {
  await main();
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 4;
}
