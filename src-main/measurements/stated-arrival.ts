/**
 * How requests arrived, of what a row and its notes say. Constant gaps are none where the notes name inference-perf: at its
 * "constant" rate it draws exponential gaps and brings them to the length of the stage (ConstantLoadTimer in its load_timer.py).
 */
export function arrivalOf(arrival: string | null, notes: string | null): string | null {
  return arrival === 'constant' && /\binference-perf\b/i.test(notes ?? '') ? 'poisson' : arrival;
}
