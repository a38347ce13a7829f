import { describe, expect, it } from 'vitest';
import { joinBatches } from '../../src-worker/answers/column-builder.ts';
import { sweepFacts } from '../../src-worker/answers/own-hardware.ts';
import { prepareSizing, sizeAt } from '../../src-worker/answers/size.ts';
import { exclusionCells, recommendationCells, type Cells } from '../../src-worker/answers/sweep/document-rows.ts';
import { preparePoints, type PreparedPoints } from '../../src-worker/answers/sweep/prepared-points.ts';
import { answerSweepUnit, beginSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import type { Facts } from '../../src-worker/engine/facts.ts';
import type { RegionOffer } from '../../src-worker/engine/hardware/types.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { cellsOf, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import {
  sizeInputSchema,
  sweepSpecSchema,
  type SizeInput,
  type SweepSpec,
} from '../../src-worker/protocol/requests.ts';
import { sweepColumns } from '../../src-worker/protocol/sweep-columns.ts';
import { questionOfPoint } from '../../src-worker/protocol/sweep-point.ts';
import { facts, modelSource } from '../engine/world.ts';
import { DRAWN_AXES, drawnSweep, type DrawnAxis } from './random-sweeps.ts';

/* What a sweep says of a point is what the question says that asks for this point alone. */

/** A place on the axes, worked out here: one value of each, by the column or key it is given under. */
type Place = Partial<Record<string, unknown>>;

/** Slowest first, as the points are numbered: targets, then in the order of the axes. */
const ORDER: readonly DrawnAxis[] = DRAWN_AXES.filter((axis) => axis !== 'sla');

/** Every combination of the values of the axes, the last axis fastest. */
function placesOf({ axes }: SweepSpec): Place[] {
  const lists = [
    ...Object.entries(axes.sla ?? {}).map(([metric, values]) => ({ key: `sla_${metric}_ms`, values })),
    ...ORDER.map((key) => ({ key, values: axes[key] })),
  ];
  let places: Place[] = [{}];
  for (const { key, values } of lists) {
    if (values === undefined) continue;
    if (!Array.isArray(values)) throw new Error(`${key} is not a list`);
    places = places.flatMap((place) => (values as Place[string][]).map((value) => ({ ...place, [key]: value })));
  }
  return places;
}

/** The question at a place, put together by hand. */
function questionAt({ base, axes }: SweepSpec, place: Place): SizeInput {
  const plain = Object.fromEntries(
    Object.entries(place)
      .filter(([key]) => key !== 'price_factor' && !key.startsWith('sla_'))
      .map(([key, value]) => [key, ['provider', 'quantization', 'gpu', 'instance'].includes(key) ? [value] : value]),
  );
  const targets = Object.keys(axes.sla ?? {}).map((metric): [string, unknown] => [metric, place[`sla_${metric}_ms`]]);
  return sizeInputSchema.parse({ ...base, ...plain, sla: { ...base.sla, ...Object.fromEntries(targets) } });
}

/** The catalogs with every price multiplied. */
const dearer = new Map<number, Facts>([[1, facts]]);
function factsAt(factor: number): Facts {
  const times = (usd: number | null) => (usd === null ? null : usd * factor);
  const offerAt = (offer: RegionOffer): RegionOffer => ({
    ...offer,
    onDemandUsdPerHour: times(offer.onDemandUsdPerHour),
    spotUsdPerHour: times(offer.spotUsdPerHour),
    ...(offer.zonePrices && {
      zonePrices: offer.zonePrices.map((price) => ({
        ...price,
        onDemandUsdPerHour: times(price.onDemandUsdPerHour),
        spotUsdPerHour: times(price.spotUsdPerHour),
      })),
    }),
  });
  const known = dearer.get(factor) ?? {
    ...facts,
    instances: facts.instances.map((instance) => ({ ...instance, offers: instance.offers.map(offerAt) })),
  };
  dearer.set(factor, known);
  return known;
}

/** The rows of a point by the direct answer, cell by cell. */
function directRows(spec: SweepSpec, pointId: number, place: Place): Cells[] {
  const factor = typeof place['price_factor'] === 'number' ? place['price_factor'] : 1;
  const asked = questionAt(spec, place);
  const own_hardware = asked.own_hardware.map((machine) => ({
    ...machine,
    usd_per_hour: machine.usd_per_hour === null ? null : machine.usd_per_hour * factor,
  }));
  const question = { ...asked, own_hardware };
  const prepared = prepareSizing(question, modelSource(question.model), factsAt(factor));
  const document = sizeAt(prepared, { users: null, zone: null }, { isBrief: true });
  const point = {
    pointId,
    users: question.users ?? null,
    quantization: question.quantization.length === 1 ? (question.quantization[0] ?? null) : null,
    tensorParallel: question.tp,
    zone: question.zone,
  };
  const rows = [
    ...document.recommendations.map((row) => recommendationCells(point, row)),
    ...document.excluded.map((row) => exclusionCells(point, row)),
  ];
  // An axis stands in every row, also where a document has no such key, or says nothing of it in a refused row.
  return rows.map(
    (cellAt): Cells =>
      (column) =>
        cellAt(column) ?? (isAsked(column) ? (place[AXIS_OF[column] ?? column] as ReturnType<Cells>) : null) ?? null,
  );
}

const AXIS_OF: Partial<Record<string, string>> = { pipeline_parallel: 'pp', tensor_parallel: 'tp' };
/** What is an axis and a column of a plan at once: `checkpoint` becomes what the checkpoint holds. */
const isAsked = (column: string): boolean => column !== 'quantization';

/** As a batch holds it: flags as 1 and 0, what is not finite as no value. */
function stored(value: ReturnType<Cells>): string | number | null {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

interface Swept {
  spec: SweepSpec;
  /** All rows in order of the points, by default cuts. */
  batch: ColumnBatch;
  /** The same for other sizes of a unit. */
  cuts: ColumnBatch[];
}

function swept(spec: SweepSpec, sizes: readonly number[]): Swept {
  const searched = new Map<string, PreparedPoints>();
  const rowsAt = (rowsPerUnit?: number): ColumnBatch => {
    const plan = planSweep(spec, sweepFacts(spec, facts), rowsPerUnit);
    const batches = plan.units.map((unit) => {
      const key = JSON.stringify(unit.input);
      const points = searched.get(key) ?? preparePoints(unit.input, modelSource(unit.input.model), facts);
      searched.set(key, points);
      const run = beginSweepUnit(unit, points);
      let points_ = 0;
      while (!run.isDone()) points_ += run.next();
      expect(points_).toBe(unit.points);
      return run.batch();
    });
    return joinBatches(batches, sweepColumns(plan.axes.map(({ axis }) => axis)));
  };
  return { spec, batch: rowsAt(), cuts: sizes.map(rowsAt) };
}

const seen = { passing: 0, failing: 0, empty: 0, retired: 0, unpriced: 0, cells: 0 };

/** One sweep over every axis, and one over instances that are machines of one's own. */
const DRAWN: { axis: DrawnAxis; seed: number }[] = [
  ...DRAWN_AXES.map((axis, index) => ({ axis, seed: 1000 + index })),
  { axis: 'instance', seed: 2008 },
];

describe.each(DRAWN)('a sweep over $axis', ({ axis, seed }) => {
  const { spec, name } = drawnSweep(seed, axis, facts);
  const places = placesOf(spec);
  const { batch, cuts } = swept(spec, [1, 7, 1000]);

  it(`${name}: rows are those of the direct answers, cell for cell`, () => {
    const cellAt = new Map(batch.order.map((column) => [column, cellsOf(batch, column)]));
    const read = (column: string, row: number) => cellAt.get(column)?.(row) ?? null;
    let row = 0;
    for (const [pointId, place] of places.entries()) {
      const wanted = directRows(spec, pointId, place);
      expect(sizeInputSchema.parse(questionOfPoint(spec, (column) => read(column, row)))).toEqual(
        questionAt(spec, place),
      );
      const differing: string[] = [];
      for (const cells of wanted) {
        for (const column of batch.order) {
          const [got, want] = [read(column, row), stored(cells(column))];
          if (!Object.is(got, want)) differing.push(`point ${pointId}, row ${row}, ${column}: ${got}, not ${want}`);
        }
        if (read('meets_sla', row) === 1) seen.passing += 1;
        else seen.failing += 1;
        if (read('reason', row) === 'retired') seen.retired += 1;
        if (read('cost_reason', row) === 'own_hardware') seen.unpriced += 1;
        seen.cells += batch.order.length;
        row += 1;
      }
      if (wanted.every((cells) => cells('meets_sla') === false)) seen.empty += 1;
      expect(differing.slice(0, 5)).toEqual([]);
    }
    expect(row).toBe(batch.rows);
  });

  it('cut into other units has the same rows', () => {
    for (const cut of cuts) expect(cut).toEqual(batch);
  });
});

it('prices that are multiplied have the offers of the catalog, once', () => {
  const offersWith = (factors: number[]): number => {
    const spec = sweepSpecSchema.parse({
      base: { model: 'meta-llama/Llama-2-7b-hf', users: 10, quantization: ['fp16'], provider: ['gcp'] },
      axes: { price_factor: factors },
    });
    const [unit] = planSweep(spec, facts).units;
    const batch = answerSweepUnit(unit ?? expect.fail('no unit'), modelSource('meta-llama/Llama-2-7b-hf'), facts);
    return batch.tables.find(({ texts }) => 'provider' in texts)?.entries ?? 0;
  };
  expect(offersWith([1])).toBeGreaterThan(10);
  expect(offersWith([0.5, 0.7, 0.9, 1.1])).toBe(offersWith([1]));
});

it('what was drawn holds every kind of row', () => {
  expect(seen.cells).toBeGreaterThan(100_000);
  for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(20);
});
