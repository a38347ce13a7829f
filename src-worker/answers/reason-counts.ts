import { PLACE_REASONS } from '../protocol/place-reasons.ts';

interface Counted {
  times: number;
  /** Row, or whatever else was given with it, first. */
  first: number;
}

/** Why things do not pass, by code: how often each reason was given, and with which number first. */
export class ReasonCounts {
  private readonly counted = new Map<string, Counted>();

  add(reason: string, { first = 0, times = 1 } = {}): void {
    const known = this.counted.get(reason);
    if (known) known.times += times;
    else this.counted.set(reason, { times, first });
  }

  addAll(others: ReasonCounts): void {
    for (const [reason, counted] of others.counted) this.add(reason, counted);
  }

  /** All of them, the commonest first; among equals by name, so that it is the same everywhere. */
  all(): { reason: string; times: number }[] {
    return [...this.counted]
      .map(([reason, { times }]) => ({ reason, times }))
      .sort((one, other) => other.times - one.times || (one.reason < other.reason ? -1 : 1));
  }

  /**
   * The commonest, null of none. Where something was looked at in the place asked for, what is sold elsewhere says nothing of
   * why it does not pass.
   */
  commonest(): { reason: string; first: number } | null {
    const all = this.all();
    const [found] = [...all.filter(({ reason }) => !PLACE_REASONS.includes(reason)), ...all];
    return found ? { reason: found.reason, first: this.counted.get(found.reason)?.first ?? 0 } : null;
  }
}

/** The commonest reason of rows `first` to `end - 1`; null where none gives one. */
export function commonestReason(
  reasonAt: (row: number) => string | null,
  { first, end }: { first: number; end: number },
): string | null {
  const counts = new ReasonCounts();
  for (let row = first; row < end; row += 1) {
    const reason = reasonAt(row);
    if (reason !== null) counts.add(reason);
  }
  return counts.commonest()?.reason ?? null;
}
