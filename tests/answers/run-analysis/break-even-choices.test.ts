import { describe, expect, test } from 'vitest';
import { runAnalysis } from '../../../src-worker/answers/run-analysis/analysis.ts';
import { runAnalysisSchema, type BreakEvenDocument, type Place } from '../../../src-worker/protocol/run-analysis.ts';
import { answered, batchesOf, madeRun, oneOf, PRICINGS, randomOf, SPEC, type MadeRow } from './made-runs.ts';

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);
const num = (row: MadeRow, column: string): number => Number(row[column]);

function ask(points: MadeRow[][], at: Place = {}, perBatch = 5): BreakEvenDocument {
  const request = runAnalysisSchema.parse({ kind: 'break_even', runId: 1, along: 'users', at });
  return answered(runAnalysis(request, SPEC), batchesOf(points, perBatch)) as BreakEvenDocument;
}

/** The same run with its points in another order, each with its number. */
function shuffled(points: MadeRow[][], seed: number): MadeRow[][] {
  const random = randomOf(seed);
  const left = [...points];
  const drawn: MadeRow[][] = [];
  while (left.length > 0) drawn.push(...left.splice(left.indexOf(oneOf(random, left)), 1));
  return drawn.map((rows, point_id) => rows.map((row) => ({ ...row, point_id })));
}

/** Of all rows of a value that pass the cheapest, whatever point they stand in; of equals by id, then by point. */
function cheapest(rows: readonly MadeRow[]): MadeRow | null {
  const [first] = rows
    .filter(({ meets_sla }) => meets_sla === 1)
    .toSorted(
      (a, b) =>
        num(a, 'cost_usd_per_hour') - num(b, 'cost_usd_per_hour') ||
        (String(a['id']) < String(b['id']) ? -1 : String(a['id']) > String(b['id']) ? 1 : 0) ||
        num(a, 'point_id') - num(b, 'point_id'),
    );
  return first ?? null;
}

const NO_CHANGE = { before: null, staying_excluded: null, staying_reason: null };

const offerOf = (row: MadeRow) => [row['instance'], row['quantization'], row['pricing']];

describe('with two axes left to choose', () => {
  test.each([0, 1, 2, 3])(
    'the choice is the cheapest of all rows of a value, in any order of the points (%i)',
    (order) => {
      const reasons: Record<string, number> = {};
      for (const seed of SEEDS) {
        const made = madeRun(seed, [10, 20, 40], 3);
        const points = order === 0 ? made : shuffled(made, 100 * order + seed);
        const found = ask(points);
        expect(ask(points, {}, 1)).toEqual(found);
        expect(found.lines.map(({ at }) => at)).toEqual([{}]);
        const [{ steps, choices, changes } = { steps: [], choices: [], changes: [] }] = found.lines;
        const rowsAt = (users: number) => points.flat().filter((row) => row['users'] === users);
        const winners = [10, 20, 40].map((users) => cheapest(rowsAt(users)));
        expect(steps.map(({ value, cost }) => [value, cost?.usd_per_hour ?? null])).toEqual(
          [10, 20, 40].map((users, i) => [users, winners[i]?.['cost_usd_per_hour'] ?? null]),
        );
        const told = steps.map(({ choice }) => (choice === null ? undefined : choices[choice]));
        expect(
          told.map((choice) => choice && [choice.instance, choice.chosen['quantization'], choice.chosen['pricing']]),
          `seed ${seed}`,
        ).toEqual(winners.map((row) => row && offerOf(row)).map((offer) => offer ?? undefined));
        const expected = winners.flatMap((next, i) => {
          const old = winners[i - 1];
          if (
            old === undefined ||
            String(next && [...offerOf(next), next['id']]) === String(old && [...offerOf(old), old['id']])
          )
            return [];
          const users = [10, 20, 40][i] ?? 0;
          const kept =
            old && rowsAt(users).find((row) => row['meets_sla'] === 1 && String(offerOf(row)) === String(offerOf(old)));
          if (old && next && String(offerOf(old)) === String(offerOf(next)))
            return [{ to: users, usd: null, reason: 'same_instance', excluded: null }];
          const refused = old && !kept && rowsAt(users).find((row) => String(offerOf(row)) === String(offerOf(old)));
          const reason = old ? (kept ? null : 'not_possible') : 'nothing_before';
          const excluded = (refused && refused['reason']) || null;
          return [{ to: users, usd: kept?.['cost_usd_per_hour'] ?? null, reason, excluded }];
        });
        const given = changes.map(({ to, staying, staying_reason: reason, staying_excluded: excluded }) => {
          reasons[reason ?? 'cost'] = (reasons[reason ?? 'cost'] ?? 0) + 1;
          if (excluded !== null) reasons[excluded] = (reasons[excluded] ?? 0) + 1;
          return { to, usd: staying?.usd_per_hour ?? null, reason, excluded };
        });
        expect(given, `seed ${seed}`).toEqual(expected);
        for (const { staying, cost_after: after } of changes) {
          if (staying && after) expect(staying.usd_per_hour).toBeGreaterThanOrEqual(after.usd_per_hour);
        }
      }
      expect(reasons['cost']).toBeGreaterThan(20);
      expect(reasons['not_possible']).toBeGreaterThan(2);
      expect(Number(reasons['memory']) + Number(reasons['max_gpus'] ?? 0)).toBeGreaterThan(1);
    },
  );

  test('an instance without a row is not offered, which is another thing than one that does not pass', () => {
    const outcomes = SEEDS.flatMap((seed) => {
      const points = madeRun(seed, [10, 20], 3);
      const { lines } = ask(points);
      return lines.flatMap(({ changes, choices }) => {
        const [{ before, staying_excluded: excluded, staying_reason: reason } = NO_CHANGE] = changes;
        const old = before === null ? null : choices[before];
        if (!old || reason !== 'not_possible') return [];
        const without = points.map((rows) =>
          rows.filter((row) => row['users'] !== 20 || row['instance'] !== old.instance),
        );
        const again = ask(without).lines[0]?.changes[0];
        return [[excluded === null, again?.staying_reason, again?.staying_excluded]];
      });
    });
    expect(outcomes.length).toBeGreaterThan(2);
    for (const outcome of outcomes) expect(outcome).toEqual([false, 'not_possible', null]);
  });

  test('one that is fixed is no part of the choice, and what is cheapest with it is the choice', () => {
    for (const seed of SEEDS) {
      const points = madeRun(seed, [10, 20, 40], 3);
      for (const pricing of PRICINGS) {
        const [{ steps, choices } = { steps: [], choices: [] }] = ask(points, { pricing }).lines;
        expect(choices.every(({ chosen }) => Object.keys(chosen).join() === 'quantization')).toBe(true);
        const rows = points.flat().filter((row) => row['pricing'] === pricing);
        expect(steps.map(({ cost }) => cost?.usd_per_hour ?? null)).toEqual(
          [10, 20, 40].map(
            (users) => cheapest(rows.filter((row) => row['users'] === users))?.['cost_usd_per_hour'] ?? null,
          ),
        );
      }
    }
  });

  test('rows are read once where loads come rising, whether chosen axes stand before or after them', () => {
    const needs = (points: MadeRow[][]) => {
      const analysis = runAnalysis(runAnalysisSchema.parse({ kind: 'break_even', runId: 1 }), SPEC);
      for (const batch of batchesOf(points, 2)) Array.from(analysis.add(batch));
      return analysis.needsRowsAgain?.();
    };
    // Weights stand before the load in the order of a sweep, pricing after it.
    const made = SEEDS.map((seed) => madeRun(seed, [10, 20, 40], 3));
    const byLoad = made.map((points) =>
      points.toSorted((a, b) => num(a[0] as MadeRow, 'users') - num(b[0] as MadeRow, 'users')),
    );
    const falling = SEEDS.map((seed) => madeRun(seed, [40, 20, 10], 3));
    expect([made.some(needs), byLoad.some(needs), falling.some(needs)]).toEqual([false, false, true]);
  });
});

describe('where nothing passes', () => {
  const none = (users: number, pricing: string, reasons: string[]): MadeRow[] =>
    reasons.map((reason, i) => ({
      ...{ users, pricing, quantization: 'fp8', provider: 'p', instance: `i${i}`, meets_sla: 0, reason },
    }));
  const numbered = (points: MadeRow[][]) => points.map((rows, point_id) => rows.map((row) => ({ ...row, point_id })));

  test('a line says the commonest reason of its points, and each value its own', () => {
    const [line] = ask(
      numbered([
        none(10, 'spot', ['spot_unknown', 'spot_unknown', 'memory']),
        none(20, 'spot', ['sla_missed', 'sla_missed', 'spot_unknown']),
        none(40, 'spot', ['spot_unknown', 'memory', 'spot_unknown']),
      ]),
    ).lines;
    expect(line?.reason).toBe('spot_unknown');
    expect(line?.steps.map(({ reason }) => reason)).toEqual(['spot_unknown', 'sla_missed', 'spot_unknown']);
  });

  test('what is sold elsewhere is no reason where something was looked at', () => {
    const [line] = ask(
      numbered([none(10, 'spot', ['not_in_zone', 'not_in_zone', 'sla_missed']), none(20, 'spot', ['not_in_zone'])]),
    ).lines;
    expect(line?.reason).toBe('sla_missed');
    expect(line?.steps.map(({ reason }) => reason)).toEqual(['sla_missed', 'not_in_zone']);
  });

  test('a line with an answer has none, nor has a value of which another point has one', () => {
    const passing: MadeRow = {
      ...{ users: 10, pricing: 'ondemand', quantization: 'fp8', provider: 'p', instance: 'i0', meets_sla: 1, rank: 1 },
      ...{ id: 'x', instances: 1, cost_usd_per_hour: 2 },
    };
    const [line] = ask(
      numbered([none(10, 'spot', ['spot_unknown']), [passing], none(20, 'spot', ['spot_unknown'])]),
    ).lines;
    expect([line?.reason, line?.steps.map(({ reason }) => reason)]).toEqual([null, [null, 'spot_unknown']]);
  });
});
