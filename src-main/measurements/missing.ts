import type { MissingFact } from '../../src-worker/protocol/benchmark-api.ts';
import type { MeasurementColumn, MeasurementRow } from '../../src-worker/protocol/measurement-columns.ts';
import { chooseFrom } from '../../src-worker/protocol/suggest.ts';

const LEFT_OUT = 'such rows are left out';

/** Cells without which a row is left out, and cells without which it is read with an assumption (resolve-benchmark.ts). */
const WANTED: readonly { column: MeasurementColumn; isNeeded: boolean; what: string; otherwise: string }[] = [
  { column: 'model', isNeeded: true, what: 'which model was served', otherwise: LEFT_OUT },
  { column: 'gpu', isNeeded: true, what: 'which GPU it ran on', otherwise: LEFT_OUT },
  { column: 'engine', isNeeded: true, what: 'which engine served it', otherwise: LEFT_OUT },
  { column: 'isl', isNeeded: true, what: 'how long the prompts were', otherwise: LEFT_OUT },
  { column: 'osl', isNeeded: true, what: 'how long the answers were', otherwise: LEFT_OUT },
  {
    column: 'batch_or_concurrency',
    isNeeded: true,
    what: 'how many requests ran at once',
    otherwise: LEFT_OUT,
  },
  { column: 'tp', isNeeded: false, what: 'how many GPUs share each layer (TP)', otherwise: '1 is assumed' },
  {
    column: 'weight_dtype',
    isNeeded: false,
    what: 'in which format the weights were',
    otherwise: "that of the model's checkpoint is taken",
  },
  {
    column: 'engine_version',
    isNeeded: false,
    what: 'which version of the engine it was',
    otherwise: 'for vLLM, a release of late 2025 is assumed',
  },
];

/** What the rows still lack for a prediction to be compared with them, needed cells first. */
export function missingFacts(rows: readonly MeasurementRow[], nearModels: NearModels): MissingFact[] {
  const lacking = WANTED.flatMap(({ column, isNeeded, what, otherwise }): MissingFact[] => {
    const count = rows.filter((row) => row[column] === null && isWantedOf(row, column)).length;
    return count === 0
      ? []
      : [{ column, rows: count, isNeeded, sentence: `The results do not say ${what}: ${otherwise}.` }];
  });
  return [...unknownModels(rows, nearModels), ...lacking];
}

/** An open loop has a rate, an offline run its requests: neither needs a concurrency. A row without an engine is left out, whatever its version. */
function isWantedOf(row: MeasurementRow, column: MeasurementColumn): boolean {
  if (column === 'batch_or_concurrency') {
    return row.workload_kind !== 'open_loop' && (row.workload_kind !== 'offline_max' || row.num_prompts === null);
  }
  return column !== 'engine_version' || row.engine !== null;
}

const MODELS_NAMED = 3;

/** Names near to one that is no model, nearest first; null = it is a model. */
export type NearModels = (name: string) => readonly string[] | null;

function unknownModels(rows: readonly MeasurementRow[], nearModels: NearModels): MissingFact[] {
  const names = new Set(rows.flatMap(({ model }) => (typeof model === 'string' ? [model] : [])));
  const unknown = new Map(
    [...names].flatMap((name) => {
      const near = nearModels(name);
      return near === null ? [] : [[name, near] as const];
    }),
  );
  if (unknown.size === 0) return [];
  const shown = [...unknown]
    .slice(0, MODELS_NAMED)
    .map(([name, near]) => `"${name}"${near.length === 0 ? '' : ` (${chooseFrom(near, near)})`}`);
  const rest = unknown.size - shown.length;
  return [
    {
      column: 'model',
      rows: rows.filter(({ model }) => typeof model === 'string' && unknown.has(model)).length,
      isNeeded: true,
      sentence: `No model is known here as ${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}: ${LEFT_OUT}.`,
    },
  ];
}
