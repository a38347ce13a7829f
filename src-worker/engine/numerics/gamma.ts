import { erfc } from './normal.ts';

/** The gamma function's relatives, to double precision. */

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
/** Coefficients B(2k) / (2k (2k - 1)) of Stirling's series in 1/x, 1/x^3, … */
const STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156];
/** From here the seven terms above are below 1e-17. */
const STIRLING_FROM = 15;

/** lnGamma(x) - ((x - 1/2) ln x - x + ln(2 pi)/2) for x >= STIRLING_FROM. */
export function stirlingRest(x: number): number {
  const inverse = 1 / x;
  const square = inverse * inverse;
  let sum = 0;
  for (let i = STIRLING.length - 1; i >= 0; i -= 1) sum = sum * square + (STIRLING[i] as number);
  return sum * inverse;
}

/** Natural logarithm of the gamma function for x > 0: recurrence up to 15, then Stirling's series (DLMF 5.11.1). */
export function logGamma(x: number): number {
  if (x >= STIRLING_FROM) return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingRest(x);
  let product = 1;
  let shifted = x;
  while (shifted < STIRLING_FROM) {
    product *= shifted;
    shifted += 1;
  }
  return logGamma(shifted) - Math.log(product);
}

/** ln(1 + u) - u without cancellation near 0. */
export function logOnePlusLess(u: number): number {
  if (Math.abs(u) > 0.25) return Math.log1p(u) - u;
  // -u^2/2 + u^3/3 - u^4/4 + …
  let power = u * u;
  let sum = -power / 2;
  for (let n = 3; n < 60; n += 1) {
    power *= -u;
    const term = -power / n;
    sum += term;
    if (Math.abs(term) < 1e-17 * Math.abs(sum)) break;
  }
  return sum;
}

/** x^a e^-x / Gamma(a + 1): the factor before both expansions, safe for large a, where x and a nearly cancel. */
function prefactor(a: number, x: number): number {
  if (a < STIRLING_FROM) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  const u = (x - a) / a;
  return Math.exp(a * logOnePlusLess(u) - stirlingRest(a)) / Math.sqrt(2 * Math.PI * a);
}

const MAX_TERMS = 200_000;
const TINY = 1e-300;

/** From this shape on the expansions need thousands of terms, while the uniform one is good to 1e-12 with its first. */
const UNIFORM_FROM = 1e6;

/**
 * Q(a, x) for large a: half erfc(eta sqrt(a / 2)) and the first term of the remainder, eta^2 / 2 = u - ln(1 + u), u = (x - a) / a
 * (N. M. Temme's uniform expansion, DLMF 8.12.3 and 8.12.7).
 */
function upperUniform(a: number, x: number): number {
  const u = (x - a) / a;
  const eta = Math.sign(u) * Math.sqrt(-2 * logOnePlusLess(u));
  const first = Math.abs(eta) < 0.01 ? -1 / 3 + eta * (1 / 12 - eta * (2 / 135 - eta / 864)) : 1 / u - 1 / eta;
  return 0.5 * erfc(eta * Math.sqrt(a / 2)) + (Math.exp((-a * eta * eta) / 2) / Math.sqrt(2 * Math.PI * a)) * first;
}

/** Lower part by its power series (DLMF 8.11.4); for x below a + 1. */
function lowerSeries(a: number, x: number): number {
  const factor = prefactor(a, x);
  if (factor === 0) return 0;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < MAX_TERMS; n += 1) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * 1e-17) break;
  }
  return factor * sum;
}

/** Upper part by its continued fraction (DLMF 8.9.2, modified Lentz); for x above a + 1. */
function upperFraction(a: number, x: number): number {
  const factor = prefactor(a, x);
  if (factor === 0) return 0;
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MAX_TERMS; n += 1) {
    const numerator = -n * (n - a);
    b += 2;
    d = numerator * d + b;
    if (Math.abs(d) < TINY) d = TINY;
    c = b + numerator / c;
    if (Math.abs(c) < TINY) c = TINY;
    d = 1 / d;
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return factor * a * fraction;
}

/**
 * Regularized lower incomplete gamma function P(a, x), a > 0: the CDF at x of a gamma law with shape a and scale 1. x at or
 * below 0 gives 0. Error about 1e-13 (1e-12 from shape 1e6 on).
 */
export function gammaLower(a: number, x: number): number {
  if (!(x > 0)) return 0;
  if (x === Infinity) return 1;
  if (a >= UNIFORM_FROM) return 1 - upperUniform(a, x);
  return x < a + 1 ? Math.min(1, lowerSeries(a, x)) : 1 - upperFraction(a, x);
}

/** 1 - P(a, x), with full relative precision in the upper tail. */
export function gammaUpper(a: number, x: number): number {
  if (!(x > 0)) return 1;
  if (x === Infinity) return 0;
  if (a >= UNIFORM_FROM) return upperUniform(a, x);
  return x < a + 1 ? Math.max(0, 1 - lowerSeries(a, x)) : upperFraction(a, x);
}
