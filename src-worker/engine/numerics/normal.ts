/** The standard normal distribution to double precision. */

const INVERSE_SQRT_PI = 1 / Math.sqrt(Math.PI);

// Rational Chebyshev approximations of erf and erfc on [0, 0.46875], [0.46875, 4] and [4, infinity), lowest power first:
// W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969), tables I to III.
const ERF_P = [3209.3775891384694, 377.485237685302, 113.86415415105016, 3.1611237438705655, 0.18577770618460315];
const ERF_Q = [2844.236833439171, 1282.6165260773723, 244.02463793444417, 23.601290952344122, 1];
const ERFC_P = [
  1230.3393547979972, 2051.0783778260716, 1712.0476126340707, 881.952221241769, 298.6351381974001, 66.11919063714163,
  8.883149794388377, 0.5641884969886701, 2.1531153547440383e-8,
];
const ERFC_Q = [
  1230.3393548037495, 3439.3676741437216, 4362.619090143247, 3290.7992357334597, 1621.3895745666903, 537.1811018620099,
  117.6939508913125, 15.744926110709835, 1,
];
const FAR_P = [
  0.0006587491615298378, 0.016083785148742275, 0.12578172611122926, 0.36034489994980445, 0.30532663496123236,
  0.016315387137302097,
];
const FAR_Q = [
  0.0023352049762686918, 0.06051834131244132, 0.5279051029514285, 1.8729528499234673, 2.568520192289822, 1,
];

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

/** P(Z <= z) of a standard normal Z; accepts the infinities. Relative error about (1 + z^2) 1e-16 in the lower tail. */
export const normalCdf = (z: number): number => 0.5 * erfc(-z * Math.SQRT1_2);

/** P(low < Z <= high), without cancellation when both ends lie in the same tail. */
export function normalInterval(low: number, high: number): number {
  if (!(low < high)) return 0;
  return low > 0 ? normalCdf(-low) - normalCdf(-high) : normalCdf(high) - normalCdf(low);
}

// Rational approximations of the normal quantile for |p - 1/2| <= 0.425, and in r = sqrt(-ln tail) up to 5 and beyond, lowest
// power first: M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Appl. Statist. 37 (1988).
const CENTRE_P = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
];
const CENTRE_Q = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852854,
];
const MIDDLE_P = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
];
const MIDDLE_Q = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const TAIL_P = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const TAIL_Q = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
  1.421511758316446e-7, 2.0442631033899397e-15,
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
