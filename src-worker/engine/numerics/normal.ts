/** The standard normal distribution to double precision. */

const INVERSE_SQRT_PI = 1 / Math.sqrt(Math.PI);

// Rational Chebyshev approximations of erf and erfc on [0, 0.46875], [0.46875, 4] and [4, infinity), lowest power first:
// W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), tables I to III.
const ERF_P = [
  3.209377589138469472562e3, 3.774852376853020208137e2, 1.138641541510501556495e2, 3.16112374387056556, 0.185777706184603153,
];
const ERF_Q = [2.844236833439170622273e3, 1.282616526077372275645e3, 2.44024637934444173e2, 2.36012909523441209e1, 1];
const ERFC_P = [
  1.23033935479799725e3, 2.05107837782607147e3, 1.71204761263407058e3, 8.8195222124176909e2, 2.98635138197400131e2,
  6.61191906371416295e1, 8.88314979438837594, 0.564188496988670089, 2.15311535474403846e-8,
];
const ERFC_Q = [
  1.23033935480374942e3, 3.43936767414372164e3, 4.36261909014324716e3, 3.29079923573345963e3, 1.62138957456669019e3,
  5.37181101862009858e2, 1.17693950891312499e2, 1.57449261107098347e1, 1,
];
const FAR_P = [
  6.58749161529837803e-4, 1.60837851487422766e-2, 0.125781726111229246, 0.360344899949804439, 0.305326634961232344,
  1.63153871373020978e-2,
];
const FAR_Q = [2.33520497626869185e-3, 6.05183413124413191e-2, 0.527905102951428412, 1.87295284992346725, 2.56852019228982242, 1];

/** Value of a polynomial, lowest power first. */
function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = coefficients.length - 1; i >= 0; i -= 1) value = value * x + (coefficients[i] as number);
  return value;
}

/** exp(-x^2) without the rounding error of x^2: the square of a short prefix of x is exact. */
function gaussian(x: number): number {
  const prefix = Math.trunc(x * 16) / 16;
  return Math.exp(-prefix * prefix) * Math.exp(-(x - prefix) * (x + prefix));
}

/** 1 - erf(x), with full relative precision in the upper tail. */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size <= 0.46875) return 1 - (x * polynomial(ERF_P, x * x)) / polynomial(ERF_Q, x * x);
  if (size > 27) return x > 0 ? 0 : 2;
  let ratio: number;
  if (size <= 4) {
    ratio = polynomial(ERFC_P, size) / polynomial(ERFC_Q, size);
  } else {
    const y = 1 / (size * size);
    ratio = (INVERSE_SQRT_PI - (y * polynomial(FAR_P, y)) / polynomial(FAR_Q, y)) / size;
  }
  const tail = gaussian(size) * ratio;
  return x > 0 ? tail : 2 - tail;
}

/** P(Z <= z) of a standard normal Z; accepts the infinities. Relative error below 1e-14 in the lower tail down to z = -37. */
export const normalCdf = (z: number): number => 0.5 * erfc(-z * Math.SQRT1_2);

/** P(low < Z <= high), without cancellation when both ends lie in the same tail. */
export function normalInterval(low: number, high: number): number {
  if (!(low < high)) return 0;
  return low > 0 ? normalCdf(-low) - normalCdf(-high) : normalCdf(high) - normalCdf(low);
}

// Rational approximations of the normal quantile for |p - 1/2| <= 0.425, and in r = sqrt(-ln tail) up to 5 and beyond, lowest
// power first: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Statist. 37 (1988).
const CENTRE_P = [
  3.387132872796366608, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4, 4.5921953931549871457e4,
  6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3,
];
const CENTRE_Q = [
  1, 4.2313330701600911252e1, 6.871870074920579083e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
  3.930789580009271061e4, 2.8729085735721942674e4, 5.226495278852854561e3,
];
const MIDDLE_P = [
  1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504, 1.27045825245236838258,
  2.4178072517745061177e-1, 2.27238449892691845833e-2, 7.7454501427834140764e-4,
];
const MIDDLE_Q = [
  1, 2.05319162663775882187, 1.6763848301838038494, 6.8976733498510000455e-1, 1.4810397642748007459e-1,
  1.51986665636164571966e-2, 5.475938084995344946e-4, 1.05075007164441684324e-9,
];
const TAIL_P = [
  6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 2.9656057182850489123e-1, 2.6532189526576123093e-2,
  1.2426609473880784386e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
];
const TAIL_Q = [
  1, 5.9983220655588793769e-1, 1.3692988092273580531e-1, 1.48753612908506148525e-2, 7.868691311456132591e-4,
  1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
];

/** z with P(Z > z) = tail, for tail in [0, 1/2]. */
function upperQuantile(tail: number): number {
  if (tail === 0) return Infinity;
  const offset = 0.5 - tail;
  if (offset <= 0.425) {
    const r = 0.180625 - offset * offset;
    return (offset * polynomial(CENTRE_P, r)) / polynomial(CENTRE_Q, r);
  }
  const r = Math.sqrt(-Math.log(tail));
  return r <= 5
    ? polynomial(MIDDLE_P, r - 1.6) / polynomial(MIDDLE_Q, r - 1.6)
    : polynomial(TAIL_P, r - 5) / polynomial(TAIL_Q, r - 5);
}

/** z with P(Z <= z) = probability; 0 and 1 give the infinities. Relative error about 1e-15. */
export const normalQuantile = (probability: number): number =>
  probability > 0.5 ? upperQuantile(1 - probability) : -upperQuantile(probability);
