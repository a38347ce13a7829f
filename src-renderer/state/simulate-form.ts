import { plural } from '../../src-worker/protocol/numbers.ts';
import { MOST_SIMULATED_REQUESTS, type SimulateInputDraft } from '../../src-worker/protocol/requests.ts';
import type { Precision } from '../format/names.ts';
import { type Amount, amountHelp, type AmountRules, emptySentence, parseAmount } from '../format/parse.ts';

/** Everything the form of Simulate holds, as people left it: text stays as it was typed. */
export interface SimulateValues {
  model: string;
  gpu: string;
  tensorParallel: number;
  pipelineParallel: number;
  /** A trace has its own lengths and times. */
  loadKind: 'rate' | 'users' | 'batch' | 'trace';
  /** The trace that was chosen last; its content is the window's alone, and is chosen again after it was closed. */
  traceName: string;
  /** Empty = the default. */
  texts: Record<SimulateField, string>;
  /** Empty = 16-bit, or what the checkpoint holds. */
  quantization: Precision | '';
  kvCacheDtype: NonNullable<SimulateInputDraft['kv_cache_dtype']>;
  arrival: NonNullable<SimulateInputDraft['arrival']>;
  policy: NonNullable<SimulateInputDraft['scheduling_policy']>;
  /** What of prompts may be cached: the tokens they begin with, or a share of each. */
  prefixKind: 'tokens' | 'share';
  /** Who gets a request; with one replica it waits. */
  router: NonNullable<SimulateInputDraft['router']>;
  engine: string;
  /** Empty = the newest. */
  engineVersion: string;
  /** Calibration profile; empty = the one in use. */
  calibration: string;
}

export type SimulateField =
  | 'rate'
  | 'users'
  | 'batch'
  | 'thinkTime'
  | 'inputTokens'
  | 'outputTokens'
  | 'inputCv'
  | 'outputCv'
  | 'replicas'
  | 'traceSpeed'
  | 'prefixTokens'
  | 'cacheablePercent'
  | 'hitPercent'
  | 'arrivalCv'
  | 'arrivalDecay'
  | 'dataParallel'
  | 'expertParallel'
  | 'numPrompts'
  | 'seed'
  | 'urgentPercent'
  | 'maxNumSeqs'
  | 'maxNumBatchedTokens'
  | 'memoryPercent';

const rules = (label: string, unit: string, limits: [min: number, max: number], example: string): AmountRules => ({
  label,
  unit,
  min: limits[0],
  max: limits[1],
  isWhole: false,
  example,
});
const whole = (...given: Parameters<typeof rules>): AmountRules => ({ ...rules(...given), isWhole: true });

/** The limits are those of the request. */
export const SIMULATE_RULES: Record<SimulateField, AmountRules> = {
  rate: { ...rules('Rate', 'requests/s', [0, 1e9], '10'), isAbove: true },
  users: whole('Users', 'users', [1, 1_000_000], '50'),
  batch: whole('Requests at once', 'requests', [1, 1_000_000], '100'),
  thinkTime: rules('Think time', 'seconds', [0, 1e6], '10'),
  inputTokens: rules('Prompt', 'tokens', [1, 1e7], '1000 or 8k'),
  outputTokens: rules('Answer', 'tokens', [1, 1e7], '200 or 1.5k'),
  inputCv: rules('Spread of prompts', '', [0, 10], '0.5'),
  outputCv: rules('Spread of answers', '', [0, 10], '0.5'),
  replicas: whole('Replicas', 'replicas', [1, 1_000_000], '2'),
  traceSpeed: rules('Speed', '×', [0.001, 1e6], '2'),
  prefixTokens: rules('Shared prefix', 'tokens', [0, 1e7], '500'),
  cacheablePercent: rules('Shared part', '%', [0, 100], '70'),
  hitPercent: rules('Hits', '%', [0, 100], '75'),
  arrivalCv: rules('Spread of arrivals', '', [0, 20], '2'),
  arrivalDecay: rules('Decay of bursts', 'per s', [0.001, 1e6], '2'),
  dataParallel: whole('Data parallel', 'ranks', [1, 1024], '2'),
  expertParallel: whole('Expert parallel', 'GPUs', [1, 1024], '8'),
  numPrompts: whole('Requests', 'requests', [1, MOST_SIMULATED_REQUESTS], '1000'),
  seed: whole('Seed', '', [0, 0xffff_ffff], '1'),
  urgentPercent: rules('Urgent', '%', [0, 100], '10'),
  maxNumSeqs: whole('Seats', 'sequences', [1, 1_000_000], '256'),
  maxNumBatchedTokens: whole('Token budget', 'tokens', [16, 10_000_000], '8192'),
  memoryPercent: rules('GPU memory', '%', [1, 100], '90'),
};

const FIELDS = Object.keys(SIMULATE_RULES) as SimulateField[];

/** What stands in the form when the window opens for the first time: an example that is simulated at once. */
export function defaultSimulateValues(): SimulateValues {
  const none = Object.fromEntries(FIELDS.map((field) => [field, ''])) as Record<SimulateField, string>;
  return {
    model: '',
    gpu: 'nvidia-h100-80gb',
    tensorParallel: 1,
    pipelineParallel: 1,
    loadKind: 'rate',
    traceName: '',
    texts: {
      ...none,
      rate: '10',
      users: '50',
      batch: '100',
      inputTokens: '1000',
      outputTokens: '200',
      inputCv: '0.5',
      outputCv: '0.5',
    },
    quantization: '',
    kvCacheDtype: 'auto',
    arrival: 'poisson',
    policy: 'fcfs',
    prefixKind: 'tokens',
    router: 'random',
    engine: 'vllm',
    engineVersion: '',
    calibration: '',
  };
}

export type SimulateReading =
  | { kind: 'ready'; request: SimulateInputDraft }
  /** Something is missing or cannot be read; `sentence` says what would work. */
  | { kind: 'waiting'; sentence: string };

/** Fields that the form asks for as it stands; what was typed in the others waits. */
export function usedFields({ loadKind, arrival, policy, prefixKind }: SimulateValues): SimulateField[] {
  const prefix = prefixKind === 'share' ? 'cacheablePercent' : 'prefixTokens';
  const lengths: SimulateField[] = ['inputTokens', 'outputTokens', 'inputCv', 'outputCv', prefix, 'hitPercent'];
  const hasSpread = arrival === 'gamma' || arrival === 'hawkes';
  return [
    ...(loadKind === 'rate' ? (['rate'] as const) : []),
    ...(loadKind === 'rate' && hasSpread ? (['arrivalCv'] as const) : []),
    ...(loadKind === 'rate' && arrival === 'hawkes' ? (['arrivalDecay'] as const) : []),
    ...(loadKind === 'batch' ? (['batch'] as const) : []),
    ...(loadKind === 'users' ? (['users', 'thinkTime'] as const) : []),
    ...(loadKind === 'trace' ? (['traceSpeed'] as const) : lengths),
    'replicas',
    'dataParallel',
    'expertParallel',
    // Requests at once are as many as there are.
    ...(loadKind === 'batch' ? [] : (['numPrompts'] as const)),
    'seed',
    'maxNumSeqs',
    'maxNumBatchedTokens',
    'memoryPercent',
    ...(policy === 'priority' ? (['urgentPercent'] as const) : []),
  ];
}

/** Is there more than one replica, as far as can be read? */
export function hasReplicas({ texts }: SimulateValues): boolean {
  const amount = parseAmount(texts.replicas, SIMULATE_RULES.replicas);
  return amount.kind === 'value' && amount.value > 1;
}

const REQUIRED: readonly SimulateField[] = ['rate', 'users', 'batch', 'inputTokens', 'outputTokens', 'urgentPercent'];

/** What is said below a field: of what was typed, or that it cannot be empty. */
export function simulateHelp({ texts }: SimulateValues, field: SimulateField): { help: string; isBad: boolean } {
  if (texts[field].trim() === '' && REQUIRED.includes(field)) {
    return { help: emptySentence(SIMULATE_RULES[field]), isBad: true };
  }
  return amountHelp(texts[field], SIMULATE_RULES[field]);
}

/** What the form asks for. Only what is set is written, so that defaults stay the host's business. `hasTrace`: its content is there. */
export function readSimulate(values: SimulateValues, hasTrace: boolean): SimulateReading {
  const waiting = (sentence: string): SimulateReading => ({ kind: 'waiting', sentence });
  const used = usedFields(values);
  const amounts = new Map<SimulateField, Amount>(
    used.map((field) => [field, parseAmount(values.texts[field], SIMULATE_RULES[field])]),
  );
  for (const [field, amount] of amounts) {
    if (amount.kind === 'bad') return waiting(amount.sentence);
    if (amount.kind === 'empty' && REQUIRED.includes(field)) return waiting(emptySentence(SIMULATE_RULES[field]));
  }
  if (values.model === '') return waiting('Choose a model to begin.');
  if (values.gpu.trim() === '') return waiting('Choose a GPU.');
  if (values.loadKind === 'trace' && !hasTrace) {
    return waiting(
      values.traceName === ''
        ? 'Choose the file of a trace, or drop it on the form.'
        : `Choose ${values.traceName} again: its name was kept, its content was not.`,
    );
  }
  return { kind: 'ready', request: requestOf(values, amounts) };
}

function requestOf(values: SimulateValues, amounts: Map<SimulateField, Amount>): SimulateInputDraft {
  const number = (field: SimulateField): number | undefined => {
    const amount = amounts.get(field);
    return amount?.kind === 'value' ? amount.value : undefined;
  };
  const share = (field: SimulateField): number | undefined => {
    const percent = number(field);
    return percent === undefined ? undefined : percent / 100;
  };
  const isRate = values.loadKind === 'rate';
  const keys: Partial<SimulateInputDraft> = {
    tp: values.tensorParallel === 1 ? undefined : values.tensorParallel,
    pp: values.pipelineParallel === 1 ? undefined : values.pipelineParallel,
    dp: number('dataParallel'),
    ep: number('expertParallel'),
    replicas: number('replicas'),
    router: hasReplicas(values) && values.router !== 'random' ? values.router : undefined,
    quantization: values.quantization === '' ? undefined : values.quantization,
    kv_cache_dtype: values.kvCacheDtype === 'auto' ? undefined : values.kvCacheDtype,
    input_tokens: number('inputTokens'),
    output_tokens: number('outputTokens'),
    input_cv: number('inputCv'),
    output_cv: number('outputCv'),
    prefix_tokens: number('prefixTokens'),
    cacheable_ratio: share('cacheablePercent'),
    // Without a prefix there is nothing to hit.
    prefix_hit_rate: (number('prefixTokens') ?? number('cacheablePercent') ?? 0) > 0 ? share('hitPercent') : undefined,
    rate: number('rate'),
    concurrency: number('users'),
    batch: number('batch'),
    think_time: number('thinkTime'),
    arrival: isRate && values.arrival !== 'poisson' ? values.arrival : undefined,
    arrival_cv: number('arrivalCv'),
    arrival_decay: number('arrivalDecay'),
    trace_speed: number('traceSpeed'),
    num_prompts: number('numPrompts'),
    seed: number('seed'),
    scheduling_policy: values.policy === 'fcfs' ? undefined : values.policy,
    urgent_fraction: share('urgentPercent'),
    max_num_seqs: number('maxNumSeqs'),
    max_num_batched_tokens: number('maxNumBatchedTokens'),
    gpu_memory_utilization: share('memoryPercent'),
    engine: engineOf(values),
    calibration: values.calibration === '' ? undefined : values.calibration,
  };
  const given = Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined));
  return { model: values.model, gpu: values.gpu.trim(), ...given };
}

/** `vllm@0.11.0`; nothing where it is the host's own choice. */
function engineOf({ engine, engineVersion }: SimulateValues): string | undefined {
  const version = engineVersion.trim();
  if (version !== '') return `${engine}@${version}`;
  return engine === 'vllm' ? undefined : engine;
}

/** Rows of the form, and the values each of them holds. */
export const SIMULATE_ROWS = {
  gpu: { label: 'GPU', values: ['gpu'], texts: [] },
  tensorParallel: { label: 'Tensor parallel', values: ['tensorParallel'], texts: [] },
  load: { label: 'Load', values: ['loadKind'], texts: ['rate', 'users', 'batch', 'thinkTime', 'traceSpeed'] },
  prompts: { label: 'Prompts', values: [], texts: ['inputTokens', 'inputCv'] },
  answers: { label: 'Answers', values: [], texts: ['outputTokens', 'outputCv'] },
  replicas: { label: 'Replicas', values: [], texts: ['replicas'] },
  router: { label: 'Router', values: ['router'], texts: [] },
  precision: { label: 'Precision', values: ['quantization'], texts: [] },
  kvCache: { label: 'KV cache', values: ['kvCacheDtype'], texts: [] },
  prefix: {
    label: 'Shared prefix',
    values: ['prefixKind'],
    texts: ['prefixTokens', 'cacheablePercent', 'hitPercent'],
  },
  arrivals: { label: 'Arrivals', values: ['arrival'], texts: ['arrivalCv', 'arrivalDecay'] },
  run: { label: 'Requests', values: [], texts: ['numPrompts'] },
  seed: { label: 'Seed', values: [], texts: ['seed'] },
  policy: { label: 'Order', values: ['policy'], texts: ['urgentPercent'] },
  limits: { label: 'Limits', values: [], texts: ['maxNumSeqs', 'maxNumBatchedTokens', 'memoryPercent'] },
  pipelineParallel: { label: 'Pipeline stages', values: ['pipelineParallel'], texts: [] },
  ranks: { label: 'Data and experts', values: [], texts: ['dataParallel', 'expertParallel'] },
  engine: { label: 'Engine', values: ['engine', 'engineVersion'], texts: [] },
  calibration: { label: 'Profile', values: ['calibration'], texts: [] },
} as const satisfies Record<
  string,
  { label: string; values: readonly Exclude<keyof SimulateValues, 'texts'>[]; texts: readonly SimulateField[] }
>;

export type SimulateRowName = keyof typeof SIMULATE_ROWS;

interface Row {
  label: string;
  values: readonly Exclude<keyof SimulateValues, 'texts'>[];
  texts: readonly SimulateField[];
}

/** Does a row hold what somebody set? */
export function isSimulateRowSet(form: SimulateValues, name: SimulateRowName): boolean {
  const { values, texts }: Row = SIMULATE_ROWS[name];
  const defaults = defaultSimulateValues();
  return (
    values.some((key) => form[key] !== defaults[key]) ||
    texts.some((field) => form.texts[field].trim() !== defaults.texts[field])
  );
}

/** Puts a row back to what it holds before anybody sets it. */
export function resetSimulateRow(form: SimulateValues, name: SimulateRowName): void {
  const { values, texts }: Row = SIMULATE_ROWS[name];
  const defaults = defaultSimulateValues();
  Object.assign(form, Object.fromEntries(values.map((key) => [key, defaults[key]])));
  for (const field of texts) form.texts[field] = defaults.texts[field];
}

/** Rows that most simulations leave alone. */
export const ADVANCED_SIMULATE_ROWS: readonly SimulateRowName[] = [
  'replicas',
  'router',
  'precision',
  'kvCache',
  'prefix',
  'arrivals',
  'run',
  'seed',
  'policy',
  'limits',
  'pipelineParallel',
  'ranks',
  'engine',
  'calibration',
];

/** `3 fields changed`, or that nothing was. */
export function advancedLine(form: SimulateValues): string {
  const changed = ADVANCED_SIMULATE_ROWS.filter((name) => isSimulateRowSet(form, name)).length;
  return changed === 0 ? 'all at their defaults' : `${plural(changed, 'row')} changed`;
}
