import type { SizeDocument } from '../../protocol/documents.ts';
import type { DiffRow, SizeDifference } from '../../protocol/run-diff.ts';

type Answer = Pick<SizeDocument, 'recommendations'>;

/** What came, went and changed between the passing rows of two answers; a row is told by its id. */
export function sizeDifference(before: Answer, after: Answer): SizeDifference {
  const [one, other] = [rowsById(before), rowsById(after)];
  const went = [...one].filter(([id]) => !other.has(id)).map(([id, row]) => ({ id, ...row }));
  const came = [...other].filter(([id]) => !one.has(id)).map(([id, row]) => ({ id, ...row }));
  const shared = [...one].flatMap(([id, row]) => {
    const now = other.get(id);
    return now ? [{ id, before: row, after: now }] : [];
  });
  const changed = shared.filter((pair) => !isSame(pair.before, pair.after));
  return { went, came, changed, unchanged: shared.length - changed.length };
}

function rowsById({ recommendations }: Answer): Map<string, DiffRow> {
  const rows = recommendations.filter((row) => row.meets_sla);
  return new Map(
    rows.map(({ id, rank, replicas, instances, cost }) => [
      id,
      { rank, replicas, instances, usd_per_hour: cost.usd_per_hour },
    ]),
  );
}

const isSame = (one: DiffRow, other: DiffRow): boolean =>
  one.rank === other.rank &&
  one.replicas === other.replicas &&
  one.instances === other.instances &&
  one.usd_per_hour === other.usd_per_hour;
