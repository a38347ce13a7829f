import { describe, expect, test } from 'vitest';
import { simulationVerdict } from '../../../src-renderer/format/simulation-words.ts';
import { latencies } from '../fixtures/documents.ts';
import { simulatedDocument } from '../fixtures/simulation.ts';

const base = simulatedDocument();
const withReplicas = (replicas: number, tp = 1) => ({ ...base.input, replicas, tp });

describe('the verdict of a simulation', () => {
  test.each([
    [1, 1, '1 × H100 80GB'],
    [1, 2, '2 × H100 80GB'],
    [3, 1, 'One replica (1 × H100 80GB)'],
    [3, 2, 'One replica (2 × H100 80GB)'],
  ])('%d replicas of %d GPUs: what cannot hold the model is one replica', (replicas, tp, holder) => {
    const document = { ...base, input: withReplicas(replicas, tp), memory: { ...base.memory, fits: false } };
    expect(simulationVerdict(document).sentence).toBe(`${holder} cannot hold the model`);
  });

  test('what runs at a time is per replica where there are more', () => {
    expect(simulationVerdict(base).why).toMatch(/21\.1 requests run at a time\.$/);
    expect(simulationVerdict({ ...base, input: withReplicas(4) }).why).toMatch(/^4 × H100.*at a time per replica\.$/);
  });

  test.each([
    [900, 59_000, '900 ms', '59,000 ms'],
    [60_000, 90_000, '1.00 min', '1.50 min'],
    [24_049_400, 36_000_000, '6.68 h', '10.0 h'],
  ])('%d and %d ms in the unit that reads best', (p50, p95, half, most) => {
    const document = { ...base, ttft_ms: latencies(p50, p95, p95) };
    expect(simulationVerdict(document).sentence).toBe(
      `Half of the answers begin within ${half}, 19 in 20 within ${most}`,
    );
  });

  test('a doubtful one says what its mark stands for; a clean one has none', () => {
    const { simulation } = base;
    if (!simulation) expect.fail('not simulated');
    expect(simulationVerdict(base).mark).toBeUndefined();
    const loose = { ...base, simulation: { ...simulation, is_precise: false } };
    expect(simulationVerdict(loose)).toMatchObject({
      kind: 'near',
      mark: 'Take it with care: the figures are less precise than asked for.',
    });
    const warnings = [{ code: 'over_capacity', sentence: 'More arrive than are served.' }];
    expect(simulationVerdict({ ...loose, warnings }).mark).toBe(
      'Take it with care: more arrive than are served; the figures are less precise than asked for.',
    );
  });

  test('a trace of which rows were left out is no clean answer', () => {
    const trace = {
      file: 'day.csv',
      format: 'configiq',
      requests: 10,
      duration_s: 1,
      requests_per_s: 10,
      mean_input_tokens: 1,
      mean_output_tokens: 2,
      notes: [],
      skipped: [],
    };
    const kindOf = (skipped: number) => simulationVerdict({ ...base, trace: { ...trace, skipped_rows: skipped } }).kind;
    expect([kindOf(0), kindOf(1)]).toEqual(['met', 'near']);
  });
});
