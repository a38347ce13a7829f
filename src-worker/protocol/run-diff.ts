/** What differs between two runs. `before` and `after` are in the order in which the runs were named. */
export interface RunDiffDocument {
  schema_version: number;
  kinds: { before: 'size' | 'sweep'; after: 'size' | 'sweep' };
  /** By place in the question: `base.users`, `axes.zone`. */
  input: Difference[];
  versions: Difference[];
  /** Of two size answers; null otherwise. */
  rows: SizeDifference | null;
  /** Of two sweeps over the same axes; null otherwise. */
  points: SweepDifference | null;
  /** Why rows or points are not compared; null where they are. */
  reason: string | null;
}

export interface Difference {
  path: string;
  /** null = not there. */
  before: unknown;
  after: unknown;
}

/** A passing configuration of an answer: what a change of it is judged by. */
export interface DiffRow {
  rank: number;
  replicas: number;
  instances: number;
  /** null = no price. */
  usd_per_hour: number | null;
}

export interface SizeDifference {
  /** Passing in the first alone. */
  went: ({ id: string } & DiffRow)[];
  /** Passing in the second alone. */
  came: ({ id: string } & DiffRow)[];
  /** In both, with another rank, count or price. */
  changed: { id: string; before: DiffRow; after: DiffRow }[];
  unchanged: number;
}

/** Of the cheapest configuration of each point. */
export interface SweepDifference {
  /** Points with an answer in both, in the first alone, in the second alone. */
  both: number;
  only_before: number;
  only_after: number;
  /** Of those in both: another configuration is the cheapest one. */
  best_changed: number;
  /** Of those in both: the same configuration with another count of instances. */
  instances_changed: number;
  /** Cost per hour against the first, in percent; null where no point has a price in both. */
  cost_change_percent: { median: number; least: number; most: number } | null;
  /** The points whose cost changed most, by the values of their axes. */
  examples: { axes: Record<string, string | number | null>; before: BestOfPoint; after: BestOfPoint }[];
}

export interface BestOfPoint {
  id: string;
  instances: number;
  usd_per_hour: number | null;
}
