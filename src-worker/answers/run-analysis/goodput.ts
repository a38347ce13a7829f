import { numbersOf, textsOf, type ColumnBatch } from '../../protocol/columns.ts';
import { CHOICE_AXES, type GoodputDocument, type Place } from '../../protocol/run-analysis.ts';
import { commonestReason } from '../reason-counts.ts';
import { isLoadAxis } from '../../protocol/sweep-axis-roles.ts';
import type { RunAxis } from './axes.ts';
import { GoodputGroupRows, goodputsOf } from './goodput-rows.ts';
import { LoadsMet } from './loads-met.ts';
import { AskedPlace, choiceKey, choicesOf, keysOf, placesOf, pointsOf, type RunAnalysis } from './points.ts';
import { Situations } from './situations.ts';

/** Situations a document has room for. */
const MOST_GROUPS = 10_000;
/** Rows after which it takes up no further situation: some 40 MB. A sweep over zones has one of each instance and zone. */
const MOST_ROWS = 100_000;
/** Axes that only say how much arrives, and how it is provided for: what a replica carries does not depend on them. */
const LOAD_AXES: readonly string[] = ['users', 'rate', 'think_time', 'headroom', 'max_gpus'];

/**
 * Goodput: the most requests a second that a deployment can serve with every target met, each of the replicas that its instances
 * hold at the capacity that the search found. Per GPU it is what DistServe (Zhong et al., OSDI 2024) defines as goodput: "the
 * maximum request rate that can be served adhering to the SLO attainment goal for each GPU provisioned". So GPUs that the load
 * of a point leaves idle count with what they can serve. The goal is here in the target: P95 of the first token below 200 ms is
 * an attainment of 95 %.
 *
 * Each configuration of a situation is listed once, at the fewest instances of the sweep at which a dollar buys most, with the loads
 * of the sweep that it carries. What is chosen beside it makes it another one: on spot a dollar buys more, and a KV cache of fewer
 * bytes carries more.
 */
export function goodputAnalysis(
  asked: { runId: number; at: Place },
  axes: readonly RunAxis[],
  mostRows = MOST_ROWS,
): RunAnalysis<GoodputDocument> {
  const place = new AskedPlace(asked.at, axes);
  const varied = axes.filter(({ isVaried }) => isVaried);
  const load = varied.find(({ axis }) => isLoadAxis(axis));
  const given = varied.filter(
    ({ axis, role }) => role === 'given' && !LOAD_AXES.includes(axis) && !(axis in place.place),
  );
  const chosen = varied.filter(({ axis, role }) => role === 'chosen' && !(axis in place.place));
  const besideChoice = chosen.filter(({ axis }) => !CHOICE_AXES.includes(axis));
  const groups = new Situations(
    (at) => new GoodputGroupRows(at),
    (known) => known < MOST_GROUPS && rows < mostRows,
  );
  const loads = new LoadsMet();
  let [rows, leftOut] = [0, 0];

  return {
    *add(batch: ColumnBatch) {
      const matches = place.matcher(batch);
      const givenAt = placesOf(batch, given);
      const [choiceAt, goodputAt, idAt] = [choicesOf(batch), goodputsOf(batch), textsOf(batch, 'id')];
      const [passesAt, reasonAt] = [numbersOf(batch, 'meets_sla'), textsOf(batch, 'reason')];
      const [chosenAt, besideAt] = [placesOf(batch, chosen), keysOf(batch, besideChoice)];
      const loadAt = load ? numbersOf(batch, load.column) : null;
      for (const { first, end } of pointsOf(batch)) {
        yield;
        if (!matches(first)) continue;
        const at = givenAt(first);
        const group = at && groups.at(at);
        if (!group) {
          leftOut += 1;
          continue;
        }
        const value = loadAt?.(first) ?? Number.NaN;
        let isMet = false;
        for (let row = first; row < end; row += 1) {
          if (passesAt(row) !== 1) continue;
          isMet = true;
          const choice = choiceAt(row);
          const key = `${choiceKey(choice)}${besideAt(row)}`;
          group.carries(key, value);
          const name = () => ({ ...choice, id: idAt(row) ?? '', chosen: chosenAt(row) ?? {} });
          if (group.offer(key, goodputAt(row), name)) rows += 1;
        }
        const reason = isMet ? null : commonestReason(reasonAt, { first, end });
        group.count(isMet, reason);
        loads.count(value, isMet, reason);
      }
    },
    answer() {
      place.check();
      return {
        kind: 'goodput',
        run_id: asked.runId,
        at: place.place,
        per: given.map(({ axis }) => axis),
        groups: groups.all().map((group) => group.group(load !== undefined)),
        loads: loads.shares(load?.axis ?? ''),
        points_left_out: leftOut,
      };
    },
  };
}
