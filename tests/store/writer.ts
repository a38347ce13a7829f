import { openStore } from '../../src-main/store/open.ts';
import { smallBatch, sweepRun } from './samples.ts';

/**
 * A program of its own for the tests: `node writer.ts FILE BATCHES`. Opens the database, stores so many batches (for ever
 * when 0), saying on stdout which ones are safe, and ends without finishing the run.
 */
const [file = '', batches = '0'] = process.argv.slice(2);
const { store } = openStore(file);
const runId = store.createRun({ ...sweepRun, owner: String(process.pid) });
for (let point = 1; Number(batches) === 0 || point <= Number(batches); point += 1) {
  store.appendChunk(runId, point, smallBatch(point), { points: 1, passing: 1 });
  process.stdout.write(`${point}\n`);
}
store.close();
