/** Standard normal draws by Box and Muller over a Lehmer generator: another way than the engine's, for oracles. */
export function normals(seed: number): () => number {
  const MODULUS = 2 ** 31 - 1;
  let state = seed;
  const uniform = (): number => {
    state = (state * 48_271) % MODULUS;
    return state / MODULUS;
  };
  for (let i = 0; i < 10; i += 1) uniform();
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}
