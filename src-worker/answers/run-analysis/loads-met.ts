import type { GoodputDocument } from '../../protocol/run-analysis.ts';

/** Of how many points of each load some configuration meets the targets. */
export class LoadsMet {
  private readonly byLoad = new Map<number, { points: number; met: number }>();

  /** NaN = a point without a load on an axis. */
  count(load: number, isMet: boolean): void {
    if (Number.isNaN(load)) return;
    const share = this.byLoad.get(load) ?? { points: 0, met: 0 };
    this.byLoad.set(load, { points: share.points + 1, met: share.met + (isMet ? 1 : 0) });
  }

  /** By rising load. */
  shares(axis: string): GoodputDocument['loads'] {
    return [...this.byLoad]
      .sort(([a], [b]) => a - b)
      .map(([value, { points, met }]) => ({ axis, value, points, points_met: met }));
  }
}
