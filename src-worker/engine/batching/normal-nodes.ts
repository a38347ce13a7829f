/** Standard normal in five cells cut at -1.5, -0.5, 0.5 and 1.5: conditional means and probabilities. */
export const NORMAL_NODES: readonly (readonly [value: number, weight: number])[] = [
  [-1.93867717, 0.0668072],
  [-0.92064461, 0.24173034],
  [0, 0.38292492],
  [0.92064461, 0.24173034],
  [1.93867717, 0.0668072],
];

/** The same in columns: what is taken out of a pair in a loop is allocated. */
export const NORMAL_Z = Float64Array.from(NORMAL_NODES, ([z]) => z);
export const NORMAL_WEIGHTS = Float64Array.from(NORMAL_NODES, ([, weight]) => weight);
