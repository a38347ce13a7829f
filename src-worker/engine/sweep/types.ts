/* What a sweep is cut into: plain data that crosses between threads. */

/**
 * The values of those axes, the slowest first: point i of an input has the values that i counts to, zones fastest. The first
 * four decide what is deployed, the others where and at what price.
 */
export interface DemandSpace {
  /** People at once, or requests per second where `isRate`. */
  loads: number[];
  isRate: boolean;
  thinkTimes: number[];
  headrooms: number[];
  maxGpus: (number | null)[];
  pricings: string[];
  priceFactors: number[];
  regions: (string | null)[];
  zones: (string | null)[];
}

/**
 * Points that share one capacity search. Load, place and price of the input are unset; they come from `demand`, whose points
 * `first` to `first + points - 1` these are. They have the numbers from `firstPointId` on.
 */
export interface PlannedUnit<Input> {
  /** Place among the units of the sweep. */
  seq: number;
  /** Names of the axes that are given, slowest first. */
  axes: string[];
  input: Input;
  demand: DemandSpace;
  first: number;
  points: number;
  firstPointId: number;
}

/**
 * Values of each axis in the order the points take them. What a capacity search depends on varies slowest, so that points
 * that share one lie together.
 */
export interface SweepSpace<Input> {
  points: number;
  /** Axes that are given and how many values each has, slowest first. */
  axes: { axis: string; count: number }[];
  /** One per combination of what a search depends on: what the units share. */
  inputs: Input[];
  demand: DemandSpace;
  /** Combinations of load, headroom and GPU limit that each input is sized for. */
  sizingsPerInput: number;
}
