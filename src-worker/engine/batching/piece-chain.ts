/** Most prompt pieces one step is followed for one by one; beyond it their number is nearly certain. */
export const MAX_STATES = 20;
/** States are added in whole blocks of this many. */
export const STATE_BLOCK = 4;

/** [m] 1 / (m + 1): a division for every chance of every chain would cost as much as the rest of it. */
const RECIPROCALS = Float64Array.from({ length: MAX_STATES }, (_, m) => 1 / (m + 1));

/** [piece count of this step x MAX_STATES][of the next one] chances, eaten up by the elimination. */
const transition = new Float64Array(MAX_STATES * MAX_STATES);

/** Arrivals that a step expects where its prompts are short, and where they are long; written over for every row. */
const expects = { low: 0, high: 0 };

/**
 * Chances of 0..states-1 arrivals in a step that is equally likely to expect `low` or `high` of them; the last state takes the
 * rest. From `offset` on in `transition`. Poisson arrivals weigh `random`; of regular ones, which `addRegular` adds, come the whole
 * numbers below and above what is expected.
 */
function setRow(offset: number, states: number, random: number): void {
  const { low, high } = expects;
  let ofLow = 0.5 * random * Math.exp(-low);
  let ofHigh = high === low ? ofLow : 0.5 * random * Math.exp(-high);
  let left = random;
  for (let m = 0; m < states - 1; m += 1) {
    const chance = ofLow + ofHigh;
    transition[offset + m] = chance;
    left -= chance;
    const reciprocal = RECIPROCALS[m] as number;
    ofLow *= low * reciprocal;
    ofHigh *= high * reciprocal;
  }
  transition[offset + states - 1] = left > 0 ? left : 0;
}

/** Adds the regular arrivals of a step that expects so many, to the row that begins at `offset`. */
function addRegular(offset: number, states: number, expected: number, weight: number): void {
  const whole = Math.floor(expected);
  const above = expected - whole;
  const fewer = offset + Math.min(whole, states - 1);
  const more = offset + Math.min(whole + 1, states - 1);
  transition[fewer] = (transition[fewer] as number) + weight * (1 - above);
  transition[more] = (transition[more] as number) + weight * above;
}

/** What the chain is asked for beside its states, written over every time. */
export const chain = {
  /** Prompts that arrive in a ms. */
  arrivalsPerMs: 0,
  /** ms by which the length of one piece spreads a step. */
  spreadMs: 0,
  /** Share of arrivals that is random: 1 = Poisson, 0 = one gap after the other. */
  randomShare: 1,
  /** Does nobody decode, so that no step is empty? The engine waits for the next prompt then, and takes it alone. */
  waitsWhenEmpty: false,
};

/** Stands for a state that is never left downwards. */
const LEAST_CHANCE = 1e-12;

/**
 * Stationary chances of the chain on the number of pieces per step, into `chances`: a step with j pieces lasts stateMs[j], give
 * or take the spread of the lengths of j pieces, and the next one takes what arrives meanwhile. States are eliminated from the
 * last one down (Grassmann, Taksar and Heyman 1985): nothing is subtracted, so no digits are lost near saturation.
 */
export function stationary(chances: Float64Array, states: number, stateMs: Float64Array): void {
  const { arrivalsPerMs, spreadMs, randomShare, waitsWhenEmpty } = chain;
  for (let j = 0; j < states; j += 1) {
    const duration = stateMs[j] as number;
    const spread = Math.min(spreadMs * Math.sqrt(j), duration);
    expects.low = arrivalsPerMs * (duration - spread);
    expects.high = arrivalsPerMs * (duration + spread);
    setRow(j * MAX_STATES, states, randomShare);
    if (randomShare === 1) continue;
    addRegular(j * MAX_STATES, states, expects.low, (1 - randomShare) / 2);
    addRegular(j * MAX_STATES, states, expects.high, (1 - randomShare) / 2);
  }
  if (waitsWhenEmpty) {
    transition.fill(0, 0, states);
    transition[1] = 1;
  }
  for (let last = states - 1; last > 0; last -= 1) eliminate(last);
  let total = 1;
  chances[0] = 1;
  for (let k = 1; k < states; k += 1) {
    let sum = 0;
    for (let i = 0; i < k; i += 1) sum += (chances[i] as number) * (transition[i * MAX_STATES + k] as number);
    chances[k] = sum;
    total += sum;
  }
  for (let m = 0; m < states; m += 1) chances[m] = (chances[m] as number) / total;
}

/** Takes the state `last` out of the chain: whoever goes there goes on, at once, to where it leads among the states before. */
function eliminate(last: number): void {
  const row = last * MAX_STATES;
  let down = LEAST_CHANCE;
  for (let j = 0; j < last; j += 1) down += transition[row + j] as number;
  const scale = 1 / down;
  for (let i = 0; i < last; i += 1) {
    const from = i * MAX_STATES;
    const share = (transition[from + last] as number) * scale;
    transition[from + last] = share;
    for (let j = 0; j < last; j += 1) {
      transition[from + j] = (transition[from + j] as number) + share * (transition[row + j] as number);
    }
  }
}
