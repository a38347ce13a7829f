import type { GoodputDocument } from '../../protocol/run-analysis.ts';
import { ReasonCounts } from '../reason-counts.ts';

interface Share {
  points: number;
  met: number;
  reasons: ReasonCounts;
}

/** Of how many points of each load some configuration passes, and why the others have none. */
export class LoadsMet {
  private readonly byLoad = new Map<number, Share>();

  /** NaN = a point without a load on an axis; `reason` says why it is not met. */
  count(load: number, isMet: boolean, reason: string | null): void {
    if (Number.isNaN(load)) return;
    const share = this.byLoad.get(load) ?? { points: 0, met: 0, reasons: new ReasonCounts() };
    this.byLoad.set(load, share);
    share.points += 1;
    share.met += isMet ? 1 : 0;
    if (reason !== null) share.reasons.add(reason);
  }

  /** By rising load. */
  shares(axis: string): GoodputDocument['loads'] {
    return [...this.byLoad]
      .sort(([a], [b]) => a - b)
      .map(([value, { points, met, reasons }]) => ({
        ...{ axis, value, points, points_met: met },
        reason: reasons.commonest()?.reason ?? null,
      }));
  }
}
