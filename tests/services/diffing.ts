import { runDifference } from '../../src-main/services/run-history.ts';
import type { Store, StoredRun } from '../../src-main/store/store.ts';
import { plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';

/**
 * A program of its own for the tests: `node --expose-gc diffing.ts POINTS`. Compares two sweeps of so many points, whose batches are
 * made as they are read, and prints the difference and the most bytes that were held meanwhile, the batches left aside.
 */
const POINTS = Number(process.argv[2]);
const BATCH_POINTS = 10_000;
/** Values of the faster axis. */
const ZONES = 100;
const zones = Array.from({ length: ZONES }, (_, zone) => `zone-of-a-region-${zone}`);
const ids = Array.from({ length: 1000 }, (_, id) => `provider/an-instance-of-some-kind-${id}/region/tp1pp1/fp16`);
const input = sweepSpecSchema.parse({ base: { model: 'm' }, axes: { users: [1, 2], zone: ['*'] } });

function batchOf(run: number, seq: number): ColumnBatch {
  const points = Array.from({ length: BATCH_POINTS }, (_, row) => seq * BATCH_POINTS + row);
  return plainBatch(
    BATCH_POINTS,
    ['users', 'zone', 'rank', 'id', 'instances', 'cost_usd_per_hour'],
    {
      users: Float64Array.from(points, (point) => Math.floor(point / ZONES)),
      rank: new Float64Array(BATCH_POINTS).fill(1),
      instances: new Float64Array(BATCH_POINTS).fill(1),
      cost_usd_per_hour: Float64Array.from(points, (point) => 1 + ((point * run) % 7)),
    },
    {
      zone: { codes: Uint32Array.from(points, (point) => point % ZONES), dictionary: zones },
      id: { codes: Uint32Array.from(points, (point) => (point * run) % ids.length), dictionary: ids },
    },
  );
}

const held = (): number => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
let mostBytes = 0;
let reads = 0;
const store = {
  readRun: (id: number) => ({ id, kind: 'sweep', input, versions: {}, rows: POINTS }) as unknown as StoredRun,
  listChunks: () => Array.from({ length: POINTS / BATCH_POINTS }, (_, seq) => ({ seq })),
  readChunk: (run: number, seq: number) => {
    reads += 1;
    if (reads % 10 === 0) mostBytes = Math.max(mostBytes, held());
    return batchOf(run, seq);
  },
} as unknown as Store;

const before = held();
const { points } = await runDifference(store, { before: 1, after: 2 }, () => undefined);
console.log(JSON.stringify({ points, mostBytes: mostBytes - before, reads }));
