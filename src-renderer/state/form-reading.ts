import type { LATENCY_METRICS, SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import type { Precision } from '../format/names.ts';
import { parseAmount, type Amount, type AmountRules } from '../format/parse.ts';
import { isOwnMachine, ownMachineId, readMachines, type MachineTexts } from './own-machines.ts';

/** Everything the form holds, as people left it: text stays as it was typed. */
export interface FormValues {
  model: string;
  workload: string;
  loadKind: 'users' | 'rate';
  /** Empty = the preset's value or the default. */
  texts: Record<AmountField, string>;
  /** `own`: only the machines are sized, and what says where to rent waits. */
  hardware: 'cloud' | 'own';
  machines: MachineTexts[];
  providers: string[];
  place: 'anywhere' | 'region' | 'zone';
  placeName: string;
  pricing: NonNullable<SizeInputDraft['pricing']>;
  quantization: Precision[];
  headroom: number;
  kvCacheDtype: NonNullable<SizeInputDraft['kv_cache_dtype']>;
  /** 0 = whatever fits. */
  tensorParallel: number;
  /** Stages of a replica. */
  pipelineParallel: number;
  gpus: string[];
  /** By `cloud/name`, or as a question named them. */
  instances: string[];
  method: NonNullable<SizeInputDraft['method']>;
  router: NonNullable<SizeInputDraft['router']>;
  usesPrefixCache: boolean;
  includesRetired: boolean;
  isContextStrict: boolean;
  /** Target text by metric; empty = the workload's. */
  targets: Partial<Record<TargetMetric, string>>;
}

export type TargetMetric = (typeof LATENCY_METRICS)[number];
export type AmountField =
  'users' | 'rate' | 'thinkTime' | 'inputTokens' | 'outputTokens' | 'hitPercent' | 'cacheablePercent' | 'maxGpus';

export const AMOUNT_RULES: Record<AmountField, AmountRules> = {
  users: { label: 'Users', unit: 'users', min: 1, max: 100_000_000, isWhole: true, example: '100 or 1.5k' },
  rate: { label: 'Rate', unit: 'requests/s', min: 0, isAbove: true, max: 1e9, isWhole: false, example: '12.5' },
  thinkTime: { label: 'Think time', unit: 'seconds', min: 0, max: 1e6, isWhole: false, example: '10' },
  inputTokens: { label: 'Prompt', unit: 'tokens', min: 1, max: 1e7, isWhole: false, example: '250 or 8k' },
  outputTokens: { label: 'Answer', unit: 'tokens', min: 1, max: 1e7, isWhole: false, example: '150 or 1.5k' },
  hitPercent: { label: 'Hits', unit: '%', min: 0, max: 100, isWhole: false, example: '75' },
  cacheablePercent: { label: 'Shared part', unit: '%', min: 0, max: 100, isWhole: false, example: '70' },
  maxGpus: { label: 'Most GPUs', unit: 'GPUs', min: 1, max: 1e6, isWhole: true, example: '8' },
};

export const targetRules = (label: string): AmountRules => ({
  label,
  unit: 'ms',
  min: 0.1,
  max: 1e9,
  isWhole: false,
  example: '200',
});

export const GRID_TARGETS = ['p50', 'p95', 'p99'] as const;

export function defaultFormValues(): FormValues {
  return {
    model: '',
    workload: 'chat',
    loadKind: 'users',
    texts: {
      users: '100',
      rate: '',
      thinkTime: '',
      inputTokens: '',
      outputTokens: '',
      hitPercent: '',
      cacheablePercent: '',
      maxGpus: '',
    },
    hardware: 'cloud',
    machines: [],
    providers: [],
    place: 'anywhere',
    placeName: '',
    pricing: 'ondemand',
    quantization: [],
    headroom: 25,
    kvCacheDtype: 'auto',
    tensorParallel: 0,
    pipelineParallel: 1,
    gpus: [],
    instances: [],
    method: 'batching',
    router: 'random',
    usesPrefixCache: true,
    includesRetired: false,
    isContextStrict: false,
    targets: {},
  };
}

export type FormReading =
  | { kind: 'ready'; request: SizeInputDraft; amounts: Record<AmountField, Amount> }
  /** Nothing to ask yet, or something cannot be read; `sentence` says what would work. */
  | { kind: 'waiting'; sentence: string; amounts: Record<AmountField, Amount> };

/** Rows the window wants: all that pass. */
export const ALL_ROWS = 100_000;

/** What the form asks for. Only what differs from the defaults is written, so that defaults stay the host's business. */
export function readForm(values: FormValues): FormReading {
  const amounts = Object.fromEntries(
    Object.entries(AMOUNT_RULES).map(([field, rules]) => [
      field,
      parseAmount(values.texts[field as AmountField], rules),
    ]),
  ) as Record<AmountField, Amount>;
  const waiting = (sentence: string): FormReading => ({ kind: 'waiting', sentence, amounts });

  const unused = unusedFields(values);
  for (const [field, amount] of Object.entries(amounts)) {
    if (amount.kind === 'bad' && !unused.includes(field as AmountField)) return waiting(amount.sentence);
  }
  if (values.model === '') return waiting('Choose a model to begin.');
  const missing = missingLoad(values);
  if (missing !== null) return waiting(missing);
  const isOwn = values.hardware === 'own';
  if (!isOwn && values.place !== 'anywhere' && values.placeName.trim() === '')
    return waiting(`Name a ${values.place}.`);
  const machines = isOwn ? readMachines(values.machines) : [];
  if (typeof machines === 'string') return waiting(machines);

  const unsuited = unsuitedRouter(values);
  if (unsuited !== null) return waiting(unsuited);
  const sla = readTargets(values);
  if (typeof sla === 'string') return waiting(sla);
  return { kind: 'ready', request: request(values, amounts, { sla, own_hardware: machines }), amounts };
}

/** What to say while nobody has said how much is to be served; null where somebody has. */
export function missingLoad({ loadKind, texts }: FormValues): string | null {
  if (texts[loadKind].trim() !== '') return null;
  return `Say how many ${loadKind === 'users' ? 'users' : 'requests/s'} to serve.`;
}

/** Who looks at all replicas is simulated; null where the method follows the router. */
export const unsuitedRouter = ({ router, method }: FormValues): string | null =>
  router === 'least_loaded' && method !== 'simulation'
    ? 'Only a simulation follows a router that looks at the replicas: choose method Simulation, or another router.'
    : null;

/** Fields that ask for nothing as the form stands: what was typed there waits, whether it can be read or not. */
function unusedFields({ loadKind, usesPrefixCache }: FormValues): AmountField[] {
  return [
    ...(loadKind === 'users' ? (['rate'] as const) : (['users', 'thinkTime'] as const)),
    ...(usesPrefixCache ? [] : (['hitPercent', 'cacheablePercent'] as const)),
  ];
}

function request(
  values: FormValues,
  amounts: Record<AmountField, Amount>,
  read: Pick<SizeInputDraft, 'sla' | 'own_hardware'>,
): SizeInputDraft {
  const number = (field: AmountField): number | null => {
    const amount = amounts[field];
    return amount.kind === 'value' ? amount.value : null;
  };
  const share = (field: AmountField): number | null => {
    const percent = number(field);
    return percent === null ? null : percent / 100;
  };
  const load = number(values.loadKind) ?? undefined;
  return {
    model: values.model,
    workload: values.workload,
    ...(values.loadKind === 'users' ? { users: load } : { rate: load }),
    think_time: values.loadKind === 'users' ? (number('thinkTime') ?? 0) : 0,
    headroom: values.headroom,
    quantization: [...values.quantization],
    kv_cache_dtype: values.kvCacheDtype,
    ...rentedPart(values),
    max_gpus: number('maxGpus'),
    tp: values.tensorParallel === 0 ? null : values.tensorParallel,
    include_retired: values.includesRetired,
    input_tokens: number('inputTokens'),
    output_tokens: number('outputTokens'),
    // What was typed stays in the form; without the cache it asks for nothing.
    prefix_hit_rate: values.usesPrefixCache ? share('hitPercent') : null,
    cacheable_ratio: values.usesPrefixCache ? share('cacheablePercent') : null,
    prefix_cache: values.usesPrefixCache,
    strict_context: values.isContextStrict,
    ...read,
    method: values.method,
    ...(values.router === 'random' ? {} : { router: values.router }),
    ...(values.pipelineParallel > 1 ? { pp: values.pipelineParallel } : {}),
    top: ALL_ROWS,
  };
}

/** Where to rent, and how it is paid for; while own hardware is sized it waits, but for GPUs and machines that are there. */
function rentedPart(
  values: FormValues,
): Pick<SizeInputDraft, 'pricing' | 'zone' | 'region' | 'provider' | 'gpu' | 'instance'> {
  if (values.hardware === 'own') {
    const gpu = values.gpus.filter((id) => values.machines.some((machine) => machine.gpu === id));
    return { pricing: 'ondemand', zone: null, region: null, provider: [], gpu, ...instancePart(ownInstances(values)) };
  }
  return {
    pricing: values.pricing,
    zone: values.place === 'zone' ? values.placeName.trim() : null,
    region: values.place === 'region' ? values.placeName.trim() : null,
    provider: [...values.providers],
    gpu: [...values.gpus],
    ...instancePart(values.instances.filter((name) => !isOwnMachine(name))),
  };
}

const instancePart = (instance: string[]): Pick<SizeInputDraft, 'instance'> =>
  instance.length > 0 ? { instance } : {};

/** Those of the instances that are machines of one's own by now. */
function ownInstances({ machines, instances }: FormValues): string[] {
  const names = new Set(machines.flatMap(({ name }) => [name.trim(), ownMachineId(name)]));
  return instances.filter((name) => names.has(name));
}

/** The targets that were changed, or the sentence about the first that cannot be read. */
function readTargets(values: FormValues): NonNullable<SizeInputDraft['sla']> | string {
  const sla: NonNullable<SizeInputDraft['sla']> = {};
  for (const [name, text] of Object.entries(values.targets)) {
    const amount = parseAmount(text, targetRules(name.replace('_', ' ').toUpperCase()));
    if (amount.kind === 'bad') return amount.sentence;
    if (amount.kind === 'value') sla[name as TargetMetric] = amount.value;
  }
  return sla;
}
