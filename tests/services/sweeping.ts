import { loadFacts, bundledCatalogsFolder } from '../../src-main/catalogs/load.ts';
import { createModelStore } from '../../src-main/services/model-store.ts';
import { createSweeps } from '../../src-main/services/sweeps.ts';
import { openStore } from '../../src-main/store/open.ts';
import { createPool } from '../../src-worker/pool/pool.ts';
import type { SweepSpecDraft } from '../../src-worker/protocol/requests.ts';

/**
 * A program of its own for the tests: `node sweeping.ts DATABASE WORKER SPEC`. Computes a sweep with real threads and says on stdout
 * what it hands to the store (`given 3`) and what the store has (`kept 3`), until it ends or is killed.
 */
const [file = '', workerPath = '', spec = ''] = process.argv.slice(2);
const { store } = openStore(file);
const folder = bundledCatalogsFolder();
const facts = loadFacts(folder);
const pool = createPool({ workerPath, size: 2, facts });
const sweeps = createSweeps({
  store: {
    ...store,
    appendChunk(runId, seq, ...batch) {
      process.stdout.write(`given ${seq}\n`);
      store.appendChunk(runId, seq, ...batch);
      process.stdout.write(`kept ${seq}\n`);
    },
  },
  models: createModelStore(folder, store, '/nonexistent'),
  facts: () => facts,
  pool,
  now: () => new Date(0),
  tell: () => undefined,
  report: () => undefined,
  freeBytes: () => null,
});
await sweeps.start({ taskId: 'child', spec: JSON.parse(spec) as SweepSpecDraft, name: 'child' });
await pool.close();
store.close();
