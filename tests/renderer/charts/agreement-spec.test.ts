import { describe, expect, test } from 'vitest';
import { agreementConfiguration, type AgreementLink } from '../../../src-renderer/charts/agreement-drawing.ts';
import {
  agreementSpec,
  agreementTable,
  describeAgreement,
  FAMILY_MARKS,
  type AgreementSource,
  type AgreementZoom,
} from '../../../src-renderer/charts/agreement-spec.ts';
import { MARK_PATHS } from '../../../src-renderer/charts/legend.ts';
import { GPU_FAMILIES } from '../../../src-renderer/format/names.ts';
import { measuredColumn } from '../../../src-renderer/format/measured-columns.ts';
import { PALETTE } from '../fixtures/chart.ts';

const metric = measuredColumn('tpot_ms_mean');
const source = (id: string, measured: number, predicted: number, gpu = 'nvidia-h100-80gb'): AgreementSource => ({
  id,
  name: `case ${id}`,
  shortName: id,
  load: '8 at a time',
  gpu,
  measured,
  predicted,
  errorPercent: (predicted / measured - 1) * 100,
});
/** The largest error first, as rows come. */
const sources = [
  source('far', 10, 20, 'nvidia-a100-80gb'),
  source('off', 100, 70, 'amd-mi300x'),
  source('near', 30, 33),
  source('hit', 5, 5),
];
const specOf = (hidden: string[] = [], numMisses = 2) =>
  agreementSpec({ sources, metric, numMisses, hidden: new Set(hidden) });

describe('predicted against measured', () => {
  test('both axes reach equally far, are logarithmic, and hold every value with a little room', () => {
    const { x, y } = specOf();
    expect(y).toEqual(x);
    expect(x.isLog).toBe(true);
    expect(x.min).toBeLessThan(5);
    expect(x.max).toBeGreaterThan(100);
    expect(x.max / x.min).toBeLessThan(1.5 * (100 / 5));
    expect(specOf(['family-2']).x).toEqual(x);
  });

  test('a closer look cuts the axes; one that no logarithm has is passed over', () => {
    const zoom = { x: { min: 8, max: 12 }, y: { min: 15, max: 30 } };
    const { x, y } = agreementSpec({ sources, metric, numMisses: 2, zoom });
    expect([x.min, x.max, y.min, y.max]).toEqual([8, 12, 15, 30]);
    expect(x.ticks.every((tick) => tick >= 8 && tick <= 12)).toBe(true);
    const none = agreementSpec({
      sources,
      metric,
      numMisses: 2,
      zoom: { x: { min: 0, max: 12 }, y: { min: 9, max: 9 } },
    });
    expect([none.x, none.y]).toEqual([specOf().x, specOf().y]);
  });

  test('points are sorted by what was measured; the largest errors are marked as misses', () => {
    const { points } = specOf();
    expect(points.map(({ id }) => id)).toEqual(['hit', 'far', 'near', 'off']);
    expect(points.map(({ miss }) => miss)).toEqual([null, 0, null, 1]);
  });

  test('of a set-up one point is a miss: a second ring would have the same name', () => {
    const again = { ...source('again', 10, 19), name: 'case far' };
    const [first, ...rest] = sources;
    const { points } = agreementSpec({ sources: [first!, again, ...rest], metric, numMisses: 3 });
    expect(points.filter(({ miss }) => miss !== null).map(({ id, miss }) => [id, miss])).toEqual([
      ['far', 0],
      ['near', 2],
      ['off', 1],
    ]);
  });

  test('the summary counts the band and names the worst', () => {
    expect(specOf().summary).toBe(
      'Predicted against measured TPOT mean: 2 of 4 points lie within 20 % of the diagonal; the largest miss is case far.',
    );
  });

  test('a hidden family leaves, its entry stays, and the misses are those of what is shown', () => {
    const spec = specOf(['family-2'], 1);
    expect(spec.points.map(({ id, miss }) => [id, miss])).toEqual([
      ['hit', null],
      ['near', null],
      ['off', 0],
    ]);
    expect(spec.summary).toMatch(/1 point is hidden\.$/);
    expect(spec.legend.find(({ id }) => id === 'family-2')).toMatchObject({ isShown: false });
    expect(specOf(['family-1', 'family-2', 'family-5']).summary).toBe('Every point is hidden by the legend.');
  });

  test('every family differs from every other in shape or filling', () => {
    expect(FAMILY_MARKS).toHaveLength(GPU_FAMILIES.length);
    const looks = FAMILY_MARKS.map(({ shape, isHollow }) => `${shape} ${isHollow}`);
    expect(new Set(looks).size).toBe(looks.length);
    const marks = FAMILY_MARKS.map(({ mark }) => mark);
    expect(new Set(marks).size).toBe(marks.length);
    for (const [index, { mark, isHollow }] of FAMILY_MARKS.entries()) {
      expect(MARK_PATHS[mark].isFilled, GPU_FAMILIES[index]?.label).toBe(!isHollow);
    }
  });

  test('one value, or none, still has an axis', () => {
    const one = agreementSpec({ sources: [source('one', 7, 7)], metric, numMisses: 3 });
    expect(one.x.min).toBeLessThan(7);
    expect(one.x.max).toBeGreaterThan(7);
    const none = agreementSpec({ sources: [], metric, numMisses: 3 });
    expect(none.summary).toBe('No point to draw.');
    expect(none.y.ticks.length).toBeGreaterThan(0);
  });

  test('the table has the exact values', () => {
    const table = agreementTable(specOf(), metric);
    expect(table.columns.map(({ label, unit }) => [label, unit])).toEqual([
      ['Case', ''],
      ['Load', ''],
      ['Measured TPOT mean', 'ms'],
      ['Predicted TPOT mean', 'ms'],
      ['Error', '%'],
    ]);
    expect(table.rows[3]?.cells.map(({ text }) => text)).toEqual(['case off', '8 at a time', '100', '70', '−30']);
  });

  test('a point is described with its figures', () => {
    const far = specOf().points[1]!;
    expect(describeAgreement(far, metric)).toEqual([
      '8 at a time',
      'measured 10 ms',
      'predicted 20 ms',
      'error +100 %',
    ]);
  });

  test('a click picks the point, a drag looks closer', () => {
    const picked: string[] = [];
    const zooms: AgreementZoom[] = [];
    const spec = specOf();
    const link: AgreementLink = {
      spec: () => spec,
      palette: () => PALETTE,
      marks: () => ({ selectedId: null, activeId: null }),
      onPick: ({ id }) => picked.push(id),
      onZoom: (seen) => zooms.push(seen),
    };
    const { options, data } = agreementConfiguration(spec, PALETTE, metric, link);
    expect(data.datasets[0]?.data).toHaveLength(4);
    const click = options?.onClick as unknown as (event: unknown, elements: { index: number }[]) => void;
    click(null, [{ index: 1 }]);
    click(null, []);
    expect(picked).toEqual(['far']);
    const { onZoom } = (options?.plugins?.zoom as { zoom: { onZoom: (event: unknown) => void } }).zoom;
    onZoom({ chart: { scales: { x: { min: 1, max: 2 }, y: { min: 3, max: 4 } } } });
    expect(zooms).toEqual([{ x: { min: 1, max: 2 }, y: { min: 3, max: 4 } }]);
  });
});
