import { formatFixed, plural } from '../../src-worker/protocol/numbers.ts';
import { GPU_FAMILIES, gpuFamily, gpuLabel } from '../format/names.ts';
import { withTicks, type AxisRange } from './axis.ts';
import type { SeenRange } from './zoom-options.ts';
import { numberCell, textCell, type ChartTable } from './chart-table.ts';
import type { LegendEntry, LegendMark } from './legend.ts';

/** What the chart of predicted against measured values draws, without how. Both axes are logarithmic and reach equally far. */

export interface AgreementSource {
  id: string;
  /** `Llama-3.1-8B, H100 80GB`. */
  name: string;
  /** `Llama-3.1-8B, H100`, where the name finds no room. */
  shortName: string;
  load: string;
  gpu: string;
  measured: number;
  predicted: number;
  errorPercent: number;
}

export interface AgreementPoint {
  id: string;
  /** Measured and predicted. */
  x: number;
  y: number;
  /** Index into FAMILY_MARKS: which color and shape. */
  family: number;
  /** Place among the largest misses, from 0; null = none of them. */
  miss: number | null;
  source: AgreementSource;
}

/** A piece of the picture somebody zoomed into; null = all of it. Plain data. */
export type AgreementZoom = { x: SeenRange; y: SeenRange } | null;

export interface AgreementSpec {
  /** Equal until somebody zooms. */
  x: AxisRange;
  y: AxisRange;
  titles: { x: string; y: string };
  /** Sorted by x, then y, then id: the drawing library takes its data as sorted. */
  points: AgreementPoint[];
  legend: LegendEntry[];
  summary: string;
}

/** What the chart is of: a column of measurement files. */
export interface AgreementMetric {
  label: string;
  unit: string;
  format: (value: number | null) => string;
}

/** The gray band: predictions within a fifth of the measured value. */
export const BAND_SHARE = 0.2;
/** Room around the points, as a share of the logarithmic span. */
const PADDING = 0.04;
/** Where all values are one, the axes still need a length. */
const LEAST_SPAN = 1.5;
/** More GPUs than this are counted, not listed, in the legend. */
const MOST_LISTED_GPUS = 3;

type CanvasShape = 'circle' | 'rect' | 'triangle' | 'rectRot';

/** Color and shape of each GPU family, in the order of GPU_FAMILIES: never color alone. */
export const FAMILY_MARKS: readonly { shape: CanvasShape; isHollow: boolean; mark: LegendMark }[] = [
  { shape: 'circle', isHollow: false, mark: 'dot' },
  { shape: 'rect', isHollow: false, mark: 'square' },
  { shape: 'triangle', isHollow: false, mark: 'triangle' },
  { shape: 'rectRot', isHollow: false, mark: 'diamond' },
  { shape: 'circle', isHollow: true, mark: 'circle-outline' },
  { shape: 'rect', isHollow: true, mark: 'rect-outline' },
  { shape: 'rectRot', isHollow: true, mark: 'rectRot-outline' },
];

export interface AgreementQuestion {
  /** The furthest off first. */
  sources: readonly AgreementSource[];
  metric: AgreementMetric;
  /** How many set-ups have their furthest point ringed and named; more points of the same would repeat the name. */
  numMisses: number;
  /** Ids of legend entries whose points are not drawn. */
  hidden?: ReadonlySet<string>;
  zoom?: AgreementZoom;
}

const familyId = (family: number): string => `family-${family}`;

export function agreementSpec(question: AgreementQuestion): AgreementSpec {
  const { sources, metric, numMisses, hidden = new Set(), zoom = null } = question;
  const isDrawn = ({ gpu }: AgreementSource): boolean => !hidden.has(familyId(gpuFamily(gpu)));
  const drawn = sources.filter(isDrawn);
  const misses = worstByName(drawn, numMisses);
  const points = drawn.map((source): AgreementPoint => ({
    id: source.id,
    x: source.measured,
    y: source.predicted,
    family: gpuFamily(source.gpu),
    miss: misses.get(source.id) ?? null,
    source,
  }));
  points.sort((a, b) => a.x - b.x || a.y - b.y || (a.id < b.id ? -1 : 1));
  const words = `${metric.label}, ${metric.unit}, log`;
  const axis = axisOver(sources);
  return {
    x: zoomed(axis, zoom?.x),
    y: zoomed(axis, zoom?.y),
    titles: { x: `measured ${words}`, y: `predicted ${words}` },
    points,
    legend: legendOf(
      sources,
      hidden,
      points.some(({ miss }) => miss !== null),
    ),
    summary: summaryOf(points, sources.length - drawn.length, metric),
  };
}

/** Of each name the first, with its place. */
function worstByName(sources: readonly AgreementSource[], most: number): Map<string, number> {
  const names = new Set<string>();
  const places = new Map<string, number>();
  for (const { id, name } of sources) {
    if (places.size === most) break;
    if (names.has(name)) continue;
    names.add(name);
    places.set(id, places.size);
  }
  return places;
}

/** Over what is there, hidden or not: axes hold still while the legend is used. */
function axisOver(sources: readonly AgreementSource[]): AxisRange {
  const values = sources.flatMap(({ measured, predicted }) => [measured, predicted]);
  const [low, high] = values.length === 0 ? [1, 10] : [Math.min(...values), Math.max(...values)];
  const factor = Math.max(high / low, LEAST_SPAN) ** PADDING;
  return withTicks(low / factor, high * factor, true);
}

/** A logarithm has no zero. */
const zoomed = (axis: AxisRange, seen: SeenRange | undefined): AxisRange =>
  seen && seen.min > 0 && seen.max > seen.min ? withTicks(seen.min, seen.max, true) : axis;

function legendOf(sources: readonly AgreementSource[], hidden: ReadonlySet<string>, hasMisses: boolean): LegendEntry[] {
  const families = GPU_FAMILIES.flatMap((family, index): LegendEntry[] => {
    const gpus = [...new Set(sources.filter(({ gpu }) => gpuFamily(gpu) === index).map(({ gpu }) => gpuLabel(gpu)))];
    if (gpus.length === 0) return [];
    const listed = gpus.length > MOST_LISTED_GPUS ? [...gpus.slice(0, 2), `${gpus.length - 2} more`] : gpus;
    const id = familyId(index);
    const mark = FAMILY_MARKS[index]?.mark ?? 'dot';
    const label = `${family.label}: ${listed.join(', ')}`;
    return [{ id, label, mark, color: `--chart-${index + 1}`, isShown: !hidden.has(id) }];
  });
  const misses: LegendEntry = {
    id: 'misses',
    label: 'furthest off',
    mark: 'ring',
    color: '--missed',
  };
  return [
    ...families,
    { id: 'exact', label: `exact; band: within ${BAND_SHARE * 100} %`, mark: 'line', color: '--text-2' },
    ...(hasMisses ? [misses] : []),
  ];
}

const isInBand = ({ x, y }: AgreementPoint): boolean => y >= x * (1 - BAND_SHARE) && y <= x * (1 + BAND_SHARE);

function summaryOf(points: readonly AgreementPoint[], numHidden: number, { label }: AgreementMetric): string {
  if (points.length === 0) return numHidden > 0 ? 'Every point is hidden by the legend.' : 'No point to draw.';
  const inBand = points.filter(isInBand).length;
  const worst = points.find(({ miss }) => miss === 0);
  const share = `${formatFixed(inBand)} of ${plural(points.length, 'point')} lie within ${BAND_SHARE * 100} % of the diagonal`;
  const miss = worst ? `; the largest miss is ${worst.source.name}` : '';
  const hidden = numHidden > 0 ? ` ${plural(numHidden, 'point is', 'points are')} hidden.` : '';
  return `Predicted against measured ${label}: ${share}${miss}.${hidden}`;
}

const signed = (percent: number): string => `${percent > 0 ? '+' : ''}${formatFixed(percent)} %`;

/** The lines of a tooltip, and what a screen reader says of a point. */
export function describeAgreement({ x, y, source }: AgreementPoint, { format, unit }: AgreementMetric): string[] {
  return [
    source.load,
    `measured ${format(x)} ${unit}`,
    `predicted ${format(y)} ${unit}`,
    `error ${signed(source.errorPercent)}`,
  ].filter(Boolean);
}

export function agreementTable({ points }: AgreementSpec, metric: AgreementMetric): ChartTable {
  const words = (label: string) => ({ label, unit: '', isNumber: false });
  const figure = (label: string, unit: string) => ({ label, unit, isNumber: true });
  return {
    columns: [
      words('Case'),
      words('Load'),
      figure(`Measured ${metric.label}`, metric.unit),
      figure(`Predicted ${metric.label}`, metric.unit),
      figure('Error', '%'),
    ],
    rows: points.map(({ id, x, y, source }) => ({
      id,
      cells: [
        textCell(source.name),
        textCell(source.load),
        numberCell(x, metric.format),
        numberCell(y, metric.format),
        numberCell(source.errorPercent, (percent) => (percent === null ? '' : signed(percent).replace(' %', ''))),
      ],
    })),
  };
}
