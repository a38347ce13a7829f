import type { Facts } from '../engine/facts.ts';
import type { ModelSource } from '../engine/model/types.ts';
import type { ColumnBatch } from '../protocol/columns.ts';
import type { SizeDocument } from '../protocol/documents.ts';
import { SWEEP_COLUMNS } from '../protocol/sweep-columns.ts';
import type { SweepUnit } from '../protocol/worker-api.ts';
import { columnBuilder } from './column-builder.ts';
import { prepareSizing, sizeAt } from './size.ts';
import { exclusionCells, recommendationCells } from './sweep-cells.ts';

export { SWEEP_COLUMNS };

/** A unit on its way: one point per call of `next`, so that the caller can look up between points. */
export interface UnitRun {
  isDone(): boolean;
  /** Computes the next point. */
  next(): void;
  /** Rows of the points computed so far. */
  batch(): ColumnBatch;
}

/** Answers one point: the rows of `size` there, all of them. */
export type PointAnswer = (point: { users: number | null; zone: string | null }) => PointRows;
export type PointRows = Pick<SizeDocument, 'recommendations' | 'excluded'>;

/** Starts a unit. `answer` carries the capacity search that all its points share. */
export function beginSweepUnit(unit: SweepUnit, answer: PointAnswer): UnitRun {
  const builder = columnBuilder(SWEEP_COLUMNS);
  const { users, zones } = unit;
  const points = users.length * zones.length;
  const asked = unit.input.quantization;
  const quantization = asked.length === 1 ? (asked[0] ?? null) : null;
  const tensorParallel = unit.input.tp;
  let index = 0;
  return {
    isDone: () => index >= points,
    next() {
      const load = users[Math.floor(index / zones.length)] ?? null;
      const zone = zones[index % zones.length] ?? null;
      const point = { pointId: unit.firstPointId + index, users: load, quantization, tensorParallel, zone };
      const { recommendations, excluded } = answer({ users: load, zone });
      for (const row of recommendations) builder.add(recommendationCells(point, row));
      for (const row of excluded) builder.add(exclusionCells(point, row));
      index += 1;
    },
    batch: () => builder.build(),
  };
}

/** The capacity search of a unit's input, ready to answer points. */
export function preparePoints(input: SweepUnit['input'], model: ModelSource, facts: Facts): PointAnswer {
  const prepared = prepareSizing(input, model, facts);
  return (point) => sizeAt(prepared, point, { isBrief: true });
}

/** A whole unit at once: what a worker computes in slices. */
export function answerSweepUnit(unit: SweepUnit, model: ModelSource, facts: Facts): ColumnBatch {
  const run = beginSweepUnit(unit, preparePoints(unit.input, model, facts));
  while (!run.isDone()) run.next();
  return run.batch();
}
