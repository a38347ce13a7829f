import type { Novelty, UncertainMetric } from '../../src-worker/engine/calibration/types.ts';
import type { CalibrationDocument, ClassCoverage } from '../../src-worker/protocol/calibration.ts';
import { METRICS, METRIC_WORDS } from './headline.ts';
import { markdownTable } from './markdown.ts';

/** Whether the 80 % ranges hold what they should in every class of novelty, and are narrow enough to be of use. */

export const NOVELTY_WORDS: Readonly<Record<Novelty, string>> = {
  group_seen: 'GPU, engine and architecture measured together',
  group_new: 'each measured, not together',
  gpu_unseen: 'GPU never measured',
  engine_unseen: 'engine never measured',
  model_unseen: 'architecture never measured',
};

/** Shares of left-out figures that 80 % ranges were to hold, in every class: fewer is over-confident, more is of no use. */
const COVERAGE_AIM = { least: 0.75, most: 0.88 };
/** Median of upper over lower end that was to be kept within; for the whole latency nothing was asked. */
const WIDTH_AIMS: readonly { metric: UncertainMetric; most: number }[] = [
  { metric: 'tpot', most: 2.5 },
  { metric: 'ttft', most: 3 },
  { metric: 'throughput', most: 2.5 },
];

type Judged = Pick<CalibrationDocument, 'interval_classes' | 'errors'>;

const sharePercent = (share: number): string => `${(share * 100).toFixed(1)} %`;
const width = (factor: number): string => `× ${factor.toFixed(2)}`;
const count = (value: number): string => value.toLocaleString('en-US');
const yesOrNo = (is: boolean): string => (is ? 'yes' : 'no');

const extreme = (
  classes: readonly ClassCoverage[],
  of: (one: ClassCoverage) => number,
  sign: 1 | -1,
): ClassCoverage | undefined =>
  classes.reduce<ClassCoverage | undefined>(
    (most, one) => (most && sign * of(most) >= sign * of(one) ? most : one),
    undefined,
  );

const named = ({ novelty, points }: ClassCoverage): string => `${NOVELTY_WORDS[novelty]}, ${count(points)} figures`;

function coverageRow({ interval_classes: all }: Judged, metric: UncertainMetric): string[][] {
  const classes = all.filter((one) => one.metric === metric);
  const [lowest, highest] = ([-1, 1] as const).map((sign) => extreme(classes, ({ coverage }) => coverage, sign));
  if (!lowest || !highest) return [];
  const within = classes.filter(({ coverage }) => coverage >= COVERAGE_AIM.least && coverage <= COVERAGE_AIM.most);
  return [
    [
      METRIC_WORDS[metric],
      `${sharePercent(lowest.coverage)} (${named(lowest)})`,
      `${sharePercent(highest.coverage)} (${named(highest)})`,
      `${COVERAGE_AIM.least * 100} to ${COVERAGE_AIM.most * 100} %`,
      `${within.length} of ${classes.length}`,
      yesOrNo(within.length === classes.length),
    ],
  ];
}

function widthRow(
  { interval_classes: all, errors }: Judged,
  { metric, most }: (typeof WIDTH_AIMS)[number],
): string[][] {
  const median = errors.group?.find((error) => error.metric === metric)?.median_width ?? null;
  const widest = extreme(
    all.filter((one) => one.metric === metric),
    ({ median_width: factor }) => factor,
    1,
  );
  if (median === null || !widest) return [];
  return [
    [
      METRIC_WORDS[metric],
      width(median),
      `${width(widest.median_width)} (${named(widest)})`,
      `at most ${width(most)}`,
      yesOrNo(median <= most),
      yesOrNo(widest.median_width <= most),
    ],
  ];
}

/** What the ranges were to be, beside what they are: the class that is furthest from it stands in every row. */
export function intervalAims(judged: Judged): string {
  return [
    `An 80 % range was to hold ${COVERAGE_AIM.least * 100} to ${COVERAGE_AIM.most * 100} % of the figures that were left out, in every class of what was new; all classes are [below](#how-wide-the-intervals-are).`,
    markdownTable(
      ['80 % range of', 'least inside', 'most inside', 'aim', 'classes within', 'reached it'],
      METRICS.flatMap((metric) => coverageRow(judged, metric)),
    ),
    'And it was to be no wider than this, as the median of its upper over its lower end, with the group left out:',
    markdownTable(
      ['80 % range of', 'reached', 'widest class', 'aim', 'reached it', 'in every class'],
      WIDTH_AIMS.flatMap((aim) => widthRow(judged, aim)),
    ),
  ].join('\n\n');
}
