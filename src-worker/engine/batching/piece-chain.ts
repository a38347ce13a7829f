/** Most prompt pieces one step is followed for one by one; beyond it their number is nearly certain. */
export const MAX_STATES = 20;
/** States are summed side by side in whole blocks of this many. */
export const STATE_BLOCK = 4;
const POWER_ITERATIONS = 60;
const POWER_TOLERANCE = 1e-6;

/** [m] 1 / (m + 1): a division for every chance of every chain would cost as much as the rest of it. */
const RECIPROCALS = Float64Array.from({ length: MAX_STATES }, (_, m) => 1 / (m + 1));

/** Poisson chances 0..n-1 into `out` (the last state takes the rest), added with weight `share`. */
function addPoisson(out: Float64Array, offset: number, states: number, mean: number, share: number): void {
  let term = Math.exp(-mean);
  let left = 1;
  const last = offset + states - 1;
  for (let m = offset; m < last; m += 1) {
    out[m] = (out[m] as number) + share * term;
    left -= term;
    term *= mean * (RECIPROCALS[m - offset] as number);
  }
  out[last] = (out[last] as number) + share * Math.max(0, left);
}

/** The same in place of what `out` held. */
function setPoisson(out: Float64Array, offset: number, states: number, mean: number, share: number): void {
  for (let m = offset; m < offset + states; m += 1) out[m] = 0;
  addPoisson(out, offset, states, mean, share);
}

/** Rows hold whole blocks. */
const STRIDE = Math.ceil(MAX_STATES / STATE_BLOCK) * STATE_BLOCK;

/** [piece count of this step][of the next one]; what stands in the padding is never read. */
const transition = new Float64Array(MAX_STATES * STRIDE);
const current = new Float64Array(MAX_STATES);
const following = new Float64Array(STRIDE);

/** Chances of `STATE_BLOCK` counts of the next step, from `m` on. */
function setBlock(m: number, states: number): void {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let at = m;
  for (let j = 0; j < states; j += 1) {
    const chance = current[j] as number;
    a += chance * (transition[at] as number);
    b += chance * (transition[at + 1] as number);
    c += chance * (transition[at + 2] as number);
    d += chance * (transition[at + 3] as number);
    at += STRIDE;
  }
  following[m] = a;
  following[m + 1] = b;
  following[m + 2] = c;
  following[m + 3] = d;
}

/** Stationary chances of the chain on the number of pieces per step, into `chances`. */
export function stationary(
  chances: Float64Array,
  states: number,
  stateMs: Float64Array,
  spreadMs: number,
  arrivalsPerMs: number,
  expected: number,
): void {
  for (let j = 0; j < states; j += 1) {
    const duration = stateMs[j] as number;
    const spread = Math.min(spreadMs * Math.sqrt(j), duration);
    // Without pieces, or with pieces of one length, the step has one length.
    setPoisson(transition, j * STRIDE, states, arrivalsPerMs * (duration + spread), spread > 0 ? 0.5 : 1);
    if (spread > 0) addPoisson(transition, j * STRIDE, states, arrivalsPerMs * (duration - spread), 0.5);
  }
  setPoisson(current, 0, states, expected, 1);
  for (let round = 0; round < POWER_ITERATIONS; round += 1) {
    for (let m = 0; m < states; m += STATE_BLOCK) setBlock(m, states);
    let change = 0;
    for (let m = 0; m < states; m += 1) {
      const next = following[m] as number;
      change += Math.abs(next - (current[m] as number));
      current[m] = next;
    }
    if (change < POWER_TOLERANCE) break;
  }
  for (let m = 0; m < states; m += 1) chances[m] = current[m] as number;
}
