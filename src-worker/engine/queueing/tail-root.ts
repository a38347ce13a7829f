const MAX_STEPS = 200;
/** Relative accuracy of a root. */
const TOLERANCE = 1e-10;
/** Keeps the logarithm finite where an inverted tail is rounding noise around 0. */
const LEAST_TAIL = 1e-30;

/**
 * t > 0 with tailAt(t) = tail, for a decreasing tailAt that starts above `tail` and ends below it. The search runs on
 * ln tailAt, which is nearly linear in t, by regula falsi with the Illinois rule inside a bracket; brackets over decades are
 * cut in ln t. `guess` > 0 only decides how many evaluations it takes. Answers 0 when the root lies below 1e-300.
 */
export function solveTail(tailAt: (t: number) => number, tail: number, guess: number): number {
  const excess = (t: number): number => Math.log(Math.max(tailAt(t), LEAST_TAIL) / tail);
  const start = excess(guess);
  if (start === 0) return guess;
  const bracket = expand(excess, guess, start);
  return bracket ? illinois(excess, bracket) : 0;
}

/** Ends of a bracket with the excess there: above 0 at `low`, at most 0 at `high`. */
interface Bracket {
  low: number;
  atLow: number;
  high: number;
  atHigh: number;
}

/** Walks from the guess until the sign changes, by a factor that squares: 2, 4, 16, … Null below 1e-300. */
function expand(excess: (t: number) => number, guess: number, atGuess: number): Bracket | null {
  let factor = 2;
  let near = guess;
  let atNear = atGuess;
  for (;;) {
    const far = atGuess > 0 ? near * factor : near / factor;
    if (far < 1e-300) return null;
    if (far === Infinity) throw new Error('The tail of a stable queue never fell below its percentile.');
    const atFar = excess(far);
    if (atGuess > 0 && atFar <= 0) return { low: near, atLow: atNear, high: far, atHigh: atFar };
    if (atGuess < 0 && atFar > 0) return { low: far, atLow: atFar, high: near, atHigh: atNear };
    near = far;
    atNear = atFar;
    factor = Math.min(factor * factor, 1e60);
  }
}

function illinois(excess: (t: number) => number, { low, atLow, high, atHigh }: Bracket): number {
  let lastSide = 0;
  for (let step = 0; step < MAX_STEPS && high - low > TOLERANCE * high; step += 1) {
    // Across decades the secant is blind: halve in ln t instead.
    const blind = high > 8 * low || step > 30;
    const next = blind ? Math.sqrt(low) * Math.sqrt(high) : low + (atLow * (high - low)) / (atLow - atHigh);
    const t = Math.min(Math.max(next, low), high);
    const at = excess(t);
    if (Math.abs(at) < TOLERANCE) return t;
    if (at > 0) {
      low = t;
      atLow = at;
      if (lastSide === 1) atHigh /= 2;
      lastSide = 1;
    } else {
      high = t;
      atHigh = at;
      if (lastSide === -1) atLow /= 2;
      lastSide = -1;
    }
  }
  return low + (high - low) / 2;
}
