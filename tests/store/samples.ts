import { NO_TEXT, plainBatch, type ColumnBatch } from '../../src-worker/protocol/columns.ts';
import { sizeInputSchema, sweepSpecSchema } from '../../src-worker/protocol/requests.ts';
import type {
  NewSizeRun,
  NewSweepRun,
  StoredCalibration,
  StoredCorrection,
  StoredModel,
} from '../../src-main/store/store.ts';

/** What the tests, and the old databases in old-databases/, are filled with. */
export const llama: StoredModel = {
  id: 'meta-llama/Llama-2-7b-hf',
  config: { architectures: ['LlamaForCausalLM'], hidden_size: 4096, num_hidden_layers: 32 },
  origin: 'imported',
  source: 'meta-llama__Llama-2-7b-hf.json',
  revision: null,
  safetensors: null,
  addedAt: '2026-01-05T08:00:00.000Z',
};

export const sweepRun: NewSweepRun = {
  name: 'Llama over users',
  model: llama.id,
  createdAt: '2026-01-05T09:00:00.000Z',
  owner: 'process-1',
  input: sweepSpecSchema.parse({ base: { model: llama.id }, axes: { users: [10, 100] } }),
  versions: { configiq: '0.1.0', engine: '1', catalog: '2026-01-01', calibration: 'default' },
  points: 2,
};

export const sizeRun: NewSizeRun = {
  name: 'Hundred users',
  model: llama.id,
  createdAt: '2026-01-05T10:00:00.000Z',
  input: sizeInputSchema.parse({ model: llama.id, users: 100 }),
  versions: sweepRun.versions,
  document: '{\n  "schema_version": 1,\n  "recommendations": []\n}\n',
  rows: 0,
  passing: 0,
  answer: null,
  usdPerHour: null,
};

/** Two rows: one that passes, one without a price. */
export const smallBatch = (firstPoint = 1): ColumnBatch =>
  plainBatch(
    2,
    ['point_id', 'instance', 'cost_usd_per_hour', 'zone'],
    {
      point_id: Float64Array.of(firstPoint, firstPoint),
      cost_usd_per_hour: Float64Array.of(3.673, Number.NaN),
    },
    {
      instance: { codes: Uint32Array.of(1, 0), dictionary: ['p4d.24xlarge', 'a2-highgpu-1g'] },
      zone: { codes: Uint32Array.of(NO_TEXT, 0), dictionary: ['us-east-1a'] },
    },
  );

export const ownProfile: StoredCalibration = {
  name: 'our-h100',
  document: '{"schema_version":1}',
  leftOut: '[]',
  createdAt: '2026-01-05T11:45:00.000Z',
  isInUse: true,
};

export const ownPrice: StoredCorrection = {
  subject: 'price',
  id: 'gcp/g2-standard-4/us-central1',
  key: 'on_demand_usd_per_hour',
  value: 0.65,
  note: 'our contract',
  correctedAt: '2026-01-05T11:30:00.000Z',
};
