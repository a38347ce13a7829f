import type { Change, Probe } from './probe.ts';

/** What a change gives way on. Two changes of one family that bring the same configuration are the same to people. */
export type Family =
  'target' | 'gpus' | 'price' | 'search' | 'precision' | 'headroom' | 'load' | 'cache' | 'context' | 'retired';

/** A change that was computed. */
export interface Option {
  family: Family;
  /** For people: `TTFT P95 500 -> 640 ms`. */
  change: string;
  from: string;
  to: string;
  set: Change;
  probe: Probe;
  note: string | null;
}

export const passes = (probe: Probe | null): probe is Probe => probe !== null && probe.outcome.rows.length > 0;
