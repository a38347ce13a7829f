import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { exportHeader, type ExportColumn } from '../../src-main/exports/header.ts';
import { exportPieces } from '../../src-main/exports/pieces.ts';
import type { StoredRun } from '../../src-main/store/store.ts';
import { answerSweepUnit } from '../../src-worker/answers/sweep/unit.ts';
import { planSweep } from '../../src-worker/engine/sweep/plan.ts';
import { isNumberColumn, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import type { ExportFormat } from '../../src-worker/protocol/export-formats.ts';
import { sweepSpecSchema } from '../../src-worker/protocol/requests.ts';

const MODEL = 'meta-llama/Llama-2-7b-hf';

export const run: StoredRun = {
  id: 12,
  kind: 'sweep',
  name: 'x',
  model: 'meta-llama/Llama-3.1-8B',
  createdAt: '2026-01-05T09:00:00.000Z',
  status: 'cancelled',
  input: { base: { model: 'meta-llama/Llama-3.1-8B' }, axes: {} },
  versions: { configiq: '0.1.0' },
  points: 20,
  donePoints: 12,
  rows: 1,
  passing: 1,
  problems: ['one point failed'],
  answer: null,
  usdPerHour: null,
};

/** Real rows, of several units: prices, refusals, texts with commas, products and joined columns among them. */
export function realBatches(): ColumnBatch[] {
  const folder = bundledCatalogsFolder();
  const facts = loadFacts(folder);
  const model = readBundledModel(folder, MODEL);
  if (!model) throw new Error(`no bundled model ${MODEL}`);
  const spec = sweepSpecSchema.parse({
    base: { model: MODEL, provider: ['gcp'] },
    axes: {
      users: [20, 400],
      quantization: ['fp16', 'fp8'],
      pricing: ['ondemand', 'spot'],
      zone: ['us-central1-a', 'europe-west4-a'],
      sla: { ttft_p95: [200, 500] },
    },
  });
  return planSweep(spec, facts).units.map((unit) => answerSweepUnit(unit, model, facts));
}

export const columnsOf = (batch: ColumnBatch): ExportColumn[] =>
  batch.order.map((name) => ({ name, type: isNumberColumn(batch, name) ? 'number' : 'text' }));

/** The bytes of an export, as a file holds them. */
export function exported(
  format: ExportFormat,
  columns: readonly ExportColumn[],
  batches: readonly ColumnBatch[],
  missingRows = 0,
): Buffer {
  const content = { header: exportHeader(run, columns), columns, batches, missingRows: () => missingRows };
  return Buffer.concat([...exportPieces(format, content)]);
}
