import { sizeInputSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import { machineTexts } from './own-machines.ts';
import { defaultFormValues, type AmountField, type FormValues } from './form-reading.ts';

type Setter<Key extends keyof SizeInputDraft> = (
  values: FormValues,
  value: Exclude<SizeInputDraft[Key], undefined>,
) => void;

/** A number as somebody would have typed it; what only repeats the preset or the default is left empty. */
const amount =
  (field: AmountField, factor = 1) =>
  (values: FormValues, value: number | null): void => {
    values.texts[field] = value === null ? '' : String(Number((value * factor).toPrecision(12)));
  };

/** How each key of a question stands in the form. Every key that the form can ask is here; how much is answered is none of them. */
const SETTERS: { [Key in Exclude<keyof SizeInputDraft, 'top' | 'calibration' | 'simulation_check'>]-?: Setter<Key> } = {
  model: (values, model) => (values.model = model),
  workload: (values, workload) => (values.workload = workload),
  users: (values, users) => {
    values.loadKind = 'users';
    amount('users')(values, users);
  },
  rate: (values, rate) => {
    values.loadKind = 'rate';
    amount('rate')(values, rate);
  },
  think_time: (values, seconds) => amount('thinkTime')(values, seconds === 0 ? null : seconds),
  headroom: (values, headroom) => (values.headroom = headroom),
  quantization: (values, quantization) => (values.quantization = [...quantization]),
  kv_cache_dtype: (values, dtype) => (values.kvCacheDtype = dtype),
  pricing: (values, pricing) => (values.pricing = pricing),
  zone: (values, zone) => setPlace(values, 'zone', zone),
  region: (values, region) => setPlace(values, 'region', region),
  provider: (values, providers) => (values.providers = [...providers]),
  gpu: (values, gpus) => (values.gpus = [...gpus]),
  instance: (values, instances) => (values.instances = [...instances]),
  max_gpus: amount('maxGpus'),
  tp: (values, degree) => (values.tensorParallel = degree ?? 0),
  include_retired: (values, includes) => (values.includesRetired = includes),
  input_tokens: amount('inputTokens'),
  output_tokens: amount('outputTokens'),
  prefix_hit_rate: amount('hitPercent', 100),
  cacheable_ratio: amount('cacheablePercent', 100),
  prefix_cache: (values, uses) => (values.usesPrefixCache = uses),
  strict_context: (values, isStrict) => (values.isContextStrict = isStrict),
  sla: (values, sla) => {
    values.targets = Object.fromEntries(Object.entries(sla).map(([metric, ms]) => [metric, String(ms)]));
  },
  method: (values, method) => (values.method = method),
  router: (values, router) => (values.router = router),
  // What was typed of own machines stays where the question goes back to clouds.
  own_hardware: (values, machines) => {
    values.hardware = machines.length > 0 ? 'own' : 'cloud';
    if (machines.length > 0) values.machines = machines.map(machineTexts);
  },
  pp: (values, stages) => (values.pipelineParallel = stages),
};

/** A place that is withdrawn only empties the field that held it. */
function setPlace(values: FormValues, kind: 'zone' | 'region', name: string | null): void {
  if (name !== null) {
    values.place = kind;
    values.placeName = name;
  } else if (values.place === kind) {
    values.place = 'anywhere';
    values.placeName = '';
  }
}

/** Lays keys of a question over the form; whatever they do not name stays as it was typed. Changes `values`. */
export function applyRequest(values: FormValues, keys: Partial<SizeInputDraft>): void {
  for (const [key, value] of Object.entries(keys)) {
    if (value === undefined || !(key in SETTERS)) continue;
    // The entry of a key takes the value of that key; over all keys the pairing is lost to the type system.
    const set = SETTERS[key as keyof typeof SETTERS] as (into: FormValues, given: unknown) => void;
    set(values, value);
  }
}

/**
 * The form that asks a whole question, a stored one or a sample: what it does not name stands at its default. Throws where
 * it is no question.
 */
export function formOfRequest(request: unknown): FormValues {
  const input = sizeInputSchema.parse(request);
  const values = defaultFormValues();
  applyRequest(values, input);
  return values;
}
