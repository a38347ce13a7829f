import { describe, expect, test } from 'vitest';
import { breakEvenSpec, breakEvenTable } from '../../../src-renderer/charts/break-even-spec.ts';
import { tornadoSpec, tornadoTable } from '../../../src-renderer/charts/tornado-spec.ts';
import { shareOf } from '../../../src-renderer/charts/axis.ts';
import { LINE, SENSITIVITY } from '../fixtures/answers.ts';

describe('break-evens as a chart', () => {
  test('draw the cheapest cost and mark where the choice changes', () => {
    const spec = breakEvenSpec(LINE, 'users');
    expect(spec.points).toEqual([
      { x: 10, y: 1, choice: 0 },
      { x: 20, y: 2, choice: 0 },
      { x: 40, y: 3, choice: 1 },
    ]);
    expect(spec.changes).toEqual([
      { from: 20, to: 40, name: 'big' },
      { from: 40, to: 80, name: 'nothing' },
    ]);
    expect(spec.x.min).toBeLessThanOrEqual(10);
    expect(spec.y.max).toBeGreaterThanOrEqual(3);
    expect(spec.sentences[0]).toBe(
      'users 20 to 40: from 2 × small, TP 1, FP16 (aws) at $2.00/h to 1 × big, TP 2, FP8 (aws) at $3.00/h. Staying would cost $4.00/h.',
    );
    expect(spec.sentences[1]).toMatch(/to nothing that meets the targets\.$/);
    expect(spec.summary).toMatch(/changes 2 times/);
  });

  test('are steps: between two values nothing is interpolated, and beside one without an answer there is no line', () => {
    const { steps } = breakEvenSpec(LINE, 'users');
    expect(steps.slice(0, 7)).toEqual([
      { x: 10, y: 1 },
      { x: 10, y: 2 },
      { x: 20, y: 2 },
      { x: 20, y: 2 },
      { x: 20, y: 3 },
      { x: 40, y: 3 },
      { x: 40, y: 3 },
    ]);
    expect(steps.slice(7).every(({ y }) => Number.isNaN(y))).toBe(true);
    // A line is level or upright.
    for (const [index, { x, y }] of steps.slice(1, 7).entries()) {
      expect(x === steps[index]!.x || y === steps[index]!.y).toBe(true);
    }
  });

  test('have room above the highest mark for as many rows of names as there are', () => {
    const shareOfTop = (numChanges: number, costs: number[]) => {
      const steps = costs.map((usd, index) => ({
        value: index + 1,
        choice: 0,
        cost: { instances: 1, usd_per_hour: usd, usd_per_request: usd },
        reason: null,
      }));
      const changes = Array.from({ length: numChanges }, () => LINE.changes[0]!);
      const { y } = breakEvenSpec({ ...LINE, steps, changes }, 'users');
      return 1 - shareOf(y, Math.max(...costs));
    };
    // 13 px a row and 8 px above them, of a picture that is 204 px high.
    for (const costs of [[1, 2, 3.08], [0.5, 40], [2]]) {
      expect(shareOfTop(1, costs)).toBeGreaterThan(17 / 204);
      expect(shareOfTop(2, costs)).toBeGreaterThan(30 / 204);
      expect(shareOfTop(30, costs)).toBeGreaterThan(43 / 204);
      expect(shareOfTop(0, costs)).toBeGreaterThan(0);
      if (costs.length > 1) expect(shareOfTop(30, costs)).toBeLessThan(0.4);
    }
  });

  test('have every value in the table, those without an answer too', () => {
    const table = breakEvenTable(LINE, 'users');
    expect(table.rows.map(({ cells }) => cells.map(({ text }) => text))).toEqual([
      ['10', 'small, TP 1, FP16 (aws)', '1', '1.00'],
      ['20', 'small, TP 1, FP16 (aws)', '2', '2.00'],
      ['40', 'big, TP 2, FP8 (aws)', '1', '3.00'],
      ['80', 'nothing that meets the targets', '–', '–'],
    ]);
  });

  test('name what was chosen beside an instance where a line has it twice, and why a value has no answer', () => {
    const [first] = LINE.choices;
    if (!first) expect.fail('no choice');
    const line = {
      ...LINE,
      choices: ['spot', 'ondemand'].map((pricing) => ({ ...first, chosen: { pricing } })),
      steps: LINE.steps.map((step) => (step.choice === null ? { ...step, reason: 'spot_unknown' } : step)),
    };
    const spec = breakEvenSpec(line, 'users');
    expect(spec.changes[0]?.name).toBe(`${first.instance}, pricing on-demand`);
    const alike = line.choices.map((choice) => ({ ...choice, chosen: { pricing: 'spot' } }));
    expect(breakEvenSpec({ ...line, choices: alike }, 'users').changes[0]?.name).toBe(first.instance);
    expect(spec.stops.at(-1)?.text).toBe('users 80: nothing (no spot price is known)');
    const cells = breakEvenTable(line, 'users').rows.map(({ cells }) => cells[1]?.text);
    expect(cells[0]).toMatch(/pricing spot$/);
    expect(cells.at(-1)).toBe('nothing (no spot price is known)');
  });

  test('tell a cost that stays the same from one that rises, and another plan from another instance', () => {
    const [first] = LINE.changes;
    if (!first) expect.fail('no change');
    const change = (staying: typeof first.staying, staying_reason: typeof first.staying_reason) =>
      breakEvenSpec(
        { ...LINE, changes: [{ ...first, staying, staying_reason, staying_excluded: 'sla_missed' }] },
        'users',
      ).sentences[0];
    expect(change(first.cost_after, null)).toMatch(/Staying would cost the same\.$/);
    expect(change(null, 'not_possible')).toMatch(/small no longer meets the targets\.$/);
    expect(change(null, 'same_instance')).toMatch(/The same instance with another plan\.$/);
    expect(change(null, 'without_price')).toMatch(/small meets the targets there, too, without a price\.$/);
    expect(change(null, 'not_known')).toMatch(/What small would cost there could not be read\.$/);
  });

  test('of one value, or of none that passes, are still a picture', () => {
    const only = { ...LINE, steps: LINE.steps.slice(0, 1), changes: [] };
    expect(breakEvenSpec(only, 'users').sentences).toEqual([
      'small, TP 1, FP16 (aws) is cheapest at the one value there is, users 10: nothing changes.',
    ]);
    const steps = [{ value: 10, choice: null, cost: null, reason: 'sla_missed' }];
    const none = { at: {}, choices: [], steps, changes: [], reason: 'sla_missed' };
    const { points, sentences, y } = breakEvenSpec(none, 'users');
    expect([points, Number.isFinite(y.max)]).toEqual([[], true]);
    expect(sentences[0]).toMatch(/^Nothing meets the targets/);
  });
});

describe('a tornado', () => {
  test('has the strongest on top, and an end without an answer is none', () => {
    const spec = tornadoSpec(SENSITIVITY) ?? expect.fail('no base');
    expect(spec.bars).toEqual([
      { name: 'targets', at: 2, low: null, high: 4 },
      { name: 'users', at: 1, low: 2, high: 6 },
    ]);
    expect([spec.x.min <= 2, spec.x.max >= 6, spec.base]).toEqual([true, true, 4]);
    expect(spec.stops[0]?.text).toBe('targets: -20 % nothing meets the targets; +20 % no change, $4.00');
    expect(tornadoTable(SENSITIVITY).rows[1]?.cells.map(({ text }) => text)).toEqual([
      'users',
      '2.00',
      '-20 %: 1 × small',
      '6.00',
      '+20 %: another plan: 3 × big, TP 2',
      '4.00',
    ]);
  });

  test('of a question without an answer is not drawn', () => {
    expect(tornadoSpec({ ...SENSITIVITY, base: null, bars: [] })).toBeNull();
  });
});
