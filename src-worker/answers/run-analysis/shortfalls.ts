import { cellsOf, numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { byNearness, nearness, type Nearness, type NearMiss, type Shortfall } from '../../protocol/shortfall.ts';
import { commonestReason, ReasonCounts } from '../reason-counts.ts';
import type { RunAxis } from './axes.ts';
import { bestRowOf, choicesOf, pointsOf, type PointRows } from './points.ts';

/** Gathers why points have no answer, batch by batch, and the row of theirs that came nearest. */
export class Shortfalls {
  private readonly varied: readonly RunAxis[];
  private readonly reasons = new ReasonCounts();
  private points = 0;
  private nearest: { near: Nearness; miss: NearMiss } | null = null;

  constructor(axes: readonly RunAxis[]) {
    this.varied = axes.filter(({ isVaried }) => isVaried);
  }

  /** Takes the points of a batch that have no answer. */
  addBatch(batch: ColumnBatch): void {
    const [passesAt, rankAt] = [numbersOf(batch, 'meets_sla'), numbersOf(batch, 'rank')];
    const add = this.adder(batch);
    for (const point of pointsOf(batch)) if (bestRowOf(point, passesAt, rankAt) === null) add(point);
  }

  /** Takes points of a batch one by one, for whoever knows that they have no answer. */
  adder(batch: ColumnBatch): (point: PointRows) => void {
    const [reasonAt, detailAt, metricAt, unitAt] = ['reason', 'detail', 'margin_metric', 'margin_unit'].map((column) =>
      textsOf(batch, column),
    ) as [TextAt, TextAt, TextAt, TextAt];
    const [valueAt, limitAt] = [numbersOf(batch, 'margin_value'), numbersOf(batch, 'margin_limit')];
    const choiceAt = choicesOf(batch);
    const askedAt = ['quantization', 'tensor_parallel', 'pipeline_parallel'].map((column) => cellsOf(batch, column));
    const axes = this.varied.map(({ axis, column }) => ({ axis, read: cellsOf(batch, column) }));
    const missAt = (row: number): NearMiss => {
      const [quantization = null, tensorParallel = null, pipelineParallel = null] = askedAt.map((read) => read(row));
      return {
        at: Object.fromEntries(axes.flatMap(({ axis, read }) => valued(axis, read(row)))),
        ...choiceAt(row),
        // What no plan came near has none.
        quantization: quantization === null ? null : String(quantization),
        tensor_parallel: tensorParallel === null ? null : Number(tensorParallel),
        pipeline_parallel: pipelineParallel === null ? null : Number(pipelineParallel),
        reason: reasonAt(row) ?? '',
        detail: detailAt(row) ?? '',
        margin: { metric: metricAt(row) ?? '', value: valueAt(row), limit: limitAt(row), unit: unitAt(row) ?? '' },
      };
    };
    return (point) => {
      this.points += 1;
      const reason = commonestReason(reasonAt, point);
      if (reason !== null) this.reasons.add(reason);
      for (let row = point.first; row < point.end; row += 1) {
        const near = nearness(reasonAt(row) ?? '', valueAt(row), limitAt(row));
        const isNearer = near && (!this.nearest || byNearness(near, this.nearest.near) < 0);
        if (isNearer) this.nearest = { near, miss: missAt(row) };
      }
    };
  }

  shortfall(): Shortfall {
    return {
      points: this.points,
      reasons: this.reasons.all().map(({ reason, times }) => ({ reason, points: times })),
      nearest: this.nearest?.miss ?? null,
    };
  }
}

type TextAt = (row: number) => string | null;

const valued = (axis: string, value: number | string | null): [string, number | string][] =>
  value === null ? [] : [[axis, value]];
