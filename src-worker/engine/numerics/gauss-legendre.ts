/** Quadrature of Gauss and Legendre: the integral over [-1, 1] is the sum of weight times value at the nodes. */
export interface QuadratureRule {
  nodes: Float64Array;
  weights: Float64Array;
}

/** Rule with `count` nodes, exact for polynomials up to degree 2 count - 1: Newton's method on the Legendre polynomial. */
export function gaussLegendre(count: number): QuadratureRule {
  const nodes = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i += 1) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step += 1) {
      let value = 1;
      let before = 0;
      for (let n = 1; n <= count; n += 1) {
        const next = ((2 * n - 1) * x * value - (n - 1) * before) / n;
        before = value;
        value = next;
      }
      slope = (count * (x * value - before)) / (x * x - 1);
      const change = value / slope;
      x -= change;
      if (Math.abs(change) < 1e-15) break;
    }
    nodes[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  return { nodes, weights };
}
