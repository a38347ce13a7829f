import { join } from 'node:path';
import { MIGRATIONS } from '../../../src-main/store/migrations/index.ts';
import { openStore } from '../../../src-main/store/open.ts';
import { llama, ownPrice, ownProfile, sizeRun, smallBatch, sweepRun } from '../samples.ts';

/**
 * Writes the database of the present version: `node tests/store/old-databases/make.ts`. To be run once, before the next
 * migration is added; the file is committed and never made again, because only the code of its day can make it.
 */
const { store } = openStore(join(import.meta.dirname, `version-${MIGRATIONS.length}.sqlite`));
store.saveModel(llama);
const runId = store.createRun(sweepRun);
store.appendChunk(runId, 0, smallBatch(1), { points: 1, passing: 1 });
store.appendChunk(runId, 1, smallBatch(2), { points: 1, passing: 1 });
store.finishRun(runId, { status: 'done', problems: [] });
store.saveSizeRun(sizeRun);
store.writeNote('draft/size', 'text', '2026-01-05T12:00:00.000Z');
store.importCatalog({
  name: 'Our racks',
  format: 'configiq',
  layer: 'imported',
  source: 'racks.json',
  importedAt: '2026-01-05T11:00:00.000Z',
  leftOut: 0,
  skipped: 0,
  fingerprint: '',
  content: '{"schema_version":1}',
});
store.saveCorrection(ownPrice);
store.saveCalibration(ownProfile);
store.close();
