import type { MissingFact } from '../../src-worker/protocol/benchmark-api.ts';
import type { MeasurementColumn, MeasurementRow } from '../../src-worker/protocol/measurement-columns.ts';

/** Cells without which a row is left out, and cells without which it is read with an assumption. */
const WANTED: readonly { column: MeasurementColumn; isNeeded: boolean; sentence: string }[] = [
  { column: 'model', isNeeded: true, sentence: 'which model was served' },
  { column: 'gpu', isNeeded: true, sentence: 'which GPU it ran on' },
  { column: 'engine', isNeeded: true, sentence: 'which engine served it' },
  { column: 'isl', isNeeded: true, sentence: 'how long the prompts were' },
  { column: 'osl', isNeeded: true, sentence: 'how long the answers were' },
  { column: 'batch_or_concurrency', isNeeded: true, sentence: 'how many requests were in the batch' },
  { column: 'tp', isNeeded: false, sentence: 'over how many GPUs the matrices were split' },
  { column: 'weight_dtype', isNeeded: false, sentence: 'in which format the weights were' },
  { column: 'engine_version', isNeeded: false, sentence: 'which version of the engine it was' },
];

/** What the rows still lack for a prediction to be compared with them, needed cells first. */
export function missingFacts(rows: readonly MeasurementRow[], isKnownModel: (name: string) => boolean): MissingFact[] {
  const lacking = WANTED.flatMap(({ column, isNeeded, sentence }): MissingFact[] => {
    const count = rows.filter((row) => row[column] === null && isWantedOf(row, column)).length;
    return count === 0 ? [] : [{ column, rows: count, isNeeded, sentence: `The results do not say ${sentence}.` }];
  });
  return [...unknownModels(rows, isKnownModel), ...lacking];
}

/** An open loop has a rate and needs no concurrency. */
const isWantedOf = (row: MeasurementRow, column: MeasurementColumn): boolean =>
  column !== 'batch_or_concurrency' || row.workload_kind !== 'open_loop';

const MODELS_NAMED = 3;

function unknownModels(rows: readonly MeasurementRow[], isKnownModel: (name: string) => boolean): MissingFact[] {
  const names = new Set(rows.flatMap(({ model }) => (typeof model === 'string' ? [model] : [])));
  const unknown = new Set([...names].filter((name) => !isKnownModel(name)));
  if (unknown.size === 0) return [];
  const shown = [...unknown].slice(0, MODELS_NAMED).map((name) => `"${name}"`);
  const rest = unknown.size - shown.length;
  return [
    {
      column: 'model',
      rows: rows.filter(({ model }) => typeof model === 'string' && unknown.has(model)).length,
      isNeeded: true,
      sentence: `No model is known here as ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`,
    },
  ];
}
