import { z } from 'zod';
import {
  arrivalSchema,
  kvCacheDtypeSchema,
  LINKS,
  methodSchema,
  precisionSchema,
  pricingSchema,
  routerSchema,
  schedulingPolicySchema,
} from '../../src-worker/protocol/requests.ts';
import { defaultFormValues, readForm, type FormValues } from './form-reading.ts';
import type { MachineTexts } from './own-machines.ts';
import { readSimulate, type SimulateValues } from './simulate-form.ts';
import { readAxes, type SweepAxes } from './sweep-axes.ts';
import { NOTHING_IN_SCOPE } from './sweep-scope.ts';
import { planSweepSpec } from './sweep-spec.ts';

export const SCREENS = [
  'start',
  'size',
  'sweep',
  'runs',
  'simulate',
  'catalogs',
  'models',
  'accuracy',
  'components',
] as const;
export type Screen = (typeof SCREENS)[number];
export const SIZE_VIEWS = ['answer', 'results', 'detail'] as const;
/** What is open under Size: the form with its answer, all results, or one configuration. */
export type SizeView = (typeof SIZE_VIEWS)[number];

/** Where the window was left: what was asked and what was being looked at. */
export interface Draft {
  form: FormValues;
  axes: SweepAxes;
  simulation: SimulateValues;
  screen: Screen;
  sizeView: SizeView;
  detailId: string | null;
  selectedId: string | null;
  /** State of grids and charts by name, as their owners put it there. */
  view: Record<string, unknown>;
}

const DRAFT_VERSION = 1;

/** Values that are one of a few. Everything else of the form is checked by its shape. */
const choices = z.looseObject({
  loadKind: z.enum(['users', 'rate']),
  place: z.enum(['anywhere', 'region', 'zone']),
  pricing: pricingSchema,
  kvCacheDtype: kvCacheDtypeSchema,
  method: methodSchema,
  router: routerSchema,
  quantization: z.array(precisionSchema),
  hardware: z.enum(['cloud', 'own']),
  machines: z.array(
    z.strictObject({
      name: z.string(),
      gpu: z.string(),
      gpuCount: z.string(),
      gpuMemory: z.string(),
      hostMemory: z.string(),
      vcpus: z.string(),
      link: z.enum([...LINKS, '']),
      price: z.string(),
    } satisfies Record<keyof MachineTexts, z.ZodType>),
  ),
});

const simulateChoices = z.looseObject({
  loadKind: z.enum(['rate', 'users', 'batch', 'trace']),
  quantization: z.union([precisionSchema, z.literal('')]),
  kvCacheDtype: kvCacheDtypeSchema,
  arrival: arrivalSchema,
  policy: schedulingPolicySchema,
  prefixKind: z.enum(['tokens', 'share']),
  router: routerSchema,
});

const draftSchema = z.looseObject({
  version: z.literal(DRAFT_VERSION),
  form: z.looseObject({}).default({}),
  axes: z.looseObject({}).optional(),
  simulation: z.looseObject({}).default({}),
  screen: z.enum(SCREENS).default('start'),
  sizeView: z.enum(SIZE_VIEWS).default('answer'),
  detailId: z.string().nullable().default(null),
  selectedId: z.string().nullable().default(null),
  view: z.record(z.string(), z.unknown()).default({}),
});

export const draftText = (draft: Draft): string => JSON.stringify({ version: DRAFT_VERSION, ...draft });

/** The draft in `text`, with `defaults` for what an older window did not write; null where it cannot be read. */
export function readDraft(text: string, defaults: Draft): Draft | null {
  try {
    const stored = draftSchema.parse(JSON.parse(text));
    const form = layOver(defaultFormValues(), stored.form);
    choices.parse(form);
    const axes = stored.axes ? readAxes(stored.axes) : defaults.axes;
    const simulation = layOver(defaults.simulation, stored.simulation);
    simulateChoices.parse(simulation);
    // They are read on every edit: what they cannot read would break the window at its start.
    readForm(form);
    readSimulate(simulation, false);
    planSweepSpec(null, axes, NOTHING_IN_SCOPE);
    const { screen, sizeView, detailId, selectedId, view } = stored;
    return { form, axes, simulation, screen, sizeView, detailId, selectedId, view };
  } catch (thrown) {
    // A draft is outside input: another version, or half a file. Whatever is wrong with it, it is set aside.
    if (thrown instanceof z.ZodError || thrown instanceof SyntaxError || thrown instanceof TypeError) return null;
    throw thrown;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `stored` over `base`, for keys that `base` knows. Throws a TypeError where a value is of another kind. */
function layOver<Shape extends object>(base: Shape, stored: Record<string, unknown>): Shape {
  const known: [string, unknown][] = Object.entries(base);
  const entries = known.map(([key, value]) => [
    key,
    Object.hasOwn(stored, key) ? kept(key, value, stored[key]) : value,
  ]);
  // Every key of the base is there with a value of the same kind.
  return Object.fromEntries(entries) as Shape;
}

function kept(key: string, base: unknown, stored: unknown): unknown {
  const refuse = (): never => {
    throw new TypeError(`The draft holds another kind of value for "${key}".`);
  };
  // A list of records; its schema looks at them.
  if (key === 'machines') return Array.isArray(stored) ? stored : refuse();
  if (Array.isArray(base)) {
    if (!isTexts(stored)) return refuse();
    return stored;
  }
  if (!isRecord(base)) return typeof stored === typeof base ? stored : refuse();
  if (!isRecord(stored)) return refuse();
  // Without keys of its own it is a list by name: targets.
  if (Object.keys(base).length === 0) return isTexts(Object.values(stored)) ? stored : refuse();
  return layOver(base, stored);
}

const isTexts = (value: unknown): value is (string | number)[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string' || typeof entry === 'number');
