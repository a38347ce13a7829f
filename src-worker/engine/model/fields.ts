import { invalidInput, type ConfigIqError } from '../errors.ts';

/**
 * Upper bounds of outside numbers: a few times the largest model known, so that a hostile or mistyped file is refused
 * before anything is built from it.
 */
export const LIMITS = {
  layers: 2_000,
  width: 4_194_304,
  heads: 65_536,
  experts: 65_536,
  vocabulary: 16_777_216,
  context: 1_000_000_000,
} as const;

const LONGEST_SHOWN = 40;

function shown(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, LONGEST_SHOWN)}"`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value a dotted name leads to; own properties only. */
function valueAt(root: Readonly<Record<string, unknown>>, name: string): unknown {
  let value: unknown = root;
  for (const part of name.split('.')) {
    value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }
  return value;
}

/** Which fields of an object were used. */
interface FieldUse {
  /** Names somebody has asked the value of. */
  asked: Set<string>;
  /** Names of the objects in it that were opened. */
  opened: Set<string>;
}

/**
 * Checked access to an unchecked `config.json`. Every method takes the names a value goes by (dots reach into nested
 * objects); the first one present wins, `null` counts as absent and no default takes its place. What is present but wrong is
 * refused with field, value and cure (`config_invalid`).
 */
export class ConfigFields {
  readonly modelId: string;
  readonly #root: Record<string, unknown>;
  /** Looked at after the file itself: what the Transformers class sets for keys a file leaves out. */
  readonly #defaults: Readonly<Record<string, unknown>>;
  /** Where this object lies in the file, for messages: `text_config.`, or nothing. */
  readonly #path: string;
  /** What of it was used, by this access or by one derived from it. */
  readonly #use: FieldUse;

  constructor(
    modelId: string,
    config: unknown,
    defaults: Readonly<Record<string, unknown>> = {},
    path = '',
    use: FieldUse = { asked: new Set(), opened: new Set() },
  ) {
    this.modelId = modelId;
    this.#defaults = defaults;
    this.#path = path;
    this.#use = use;
    if (!isObject(config)) {
      const message = `config.json of ${modelId} is ${shown(config)}: it must be one JSON object, as Hugging Face publishes it.`;
      throw invalidInput('config_invalid', message, { model: modelId, field: null, value: shown(config) });
    }
    this.#root = config;
  }

  /**
   * First of `names` that is present, with its value. A written `null` is a statement (`q_lora_rank: null` = no compressed
   * query), so no default stands in for it.
   */
  #look(names: readonly string[]): { name: string; value: unknown } | null {
    for (const name of names) {
      const value = valueAt(this.#root, name);
      if (value === undefined || value === null) continue;
      if (name.includes('.')) this.open(name);
      return { name, value };
    }
    for (const name of names) {
      const value = valueAt(this.#root, name) === null ? null : valueAt(this.#defaults, name);
      if (value !== undefined && value !== null) return { name, value };
    }
    return null;
  }

  /** The same for a value that is used. */
  #find(names: readonly string[]): { name: string; value: unknown } | null {
    for (const name of names) this.#use.asked.add(name.split('.', 1)[0] ?? name);
    return this.#look(names);
  }

  has(...names: string[]): boolean {
    return this.#look(names) !== null;
  }

  /** True when one of `names` says something: it is there and neither false, 0 nor empty. */
  says(...names: string[]): boolean {
    return names.some((name) => {
      const value = this.#look([name])?.value ?? false;
      return value !== false && value !== 0 && value !== '' && !(Array.isArray(value) && value.length === 0);
    });
  }

  /** True when the first of `names` that is present is a text. */
  holdsText(names: readonly string[]): boolean {
    return typeof this.#look(names)?.value === 'string';
  }

  /** True when the first of `names` that is present is a number. */
  holdsNumber(names: readonly string[]): boolean {
    return typeof this.#look(names)?.value === 'number';
  }

  /** True when the first of `names` that is present is an object. */
  holdsObject(names: readonly string[]): boolean {
    return isObject(this.#look(names)?.value);
  }

  /** True when the first of `names` that is present is a list. */
  holdsList(names: readonly string[]): boolean {
    return Array.isArray(this.#look(names)?.value);
  }

  /** True when the file itself writes `name: null`, which in some classes means something else than leaving it out. */
  isWrittenNull(name: string): boolean {
    return Object.hasOwn(this.#root, name) && this.#root[name] === null;
  }

  /**
   * The error for a value that is present but cannot be; of several names a value goes by, the one that the file has is named.
   * `cure` completes "it must be …".
   */
  invalid(field: string | readonly string[], value: unknown, cure: string): ConfigIqError {
    const name = typeof field === 'string' ? field : (this.#find(field)?.name ?? field[0] ?? '');
    const where = `${this.#path}${name}`;
    const message = `config.json of ${this.modelId}: ${where} is ${shown(value)}: it must be ${cure}.`;
    return invalidInput('config_invalid', message, { model: this.modelId, field: where, value: shown(value) });
  }

  /** The error for a value that is needed and absent. */
  missing(names: readonly string[], what: string): ConfigIqError {
    const others = names.length > 1 ? ` (also read: ${names.slice(1).join(', ')})` : '';
    const where = `${this.#path}${names[0] ?? ''}`;
    const message = `config.json of ${this.modelId}: ${where} is missing${others}; add it: ${what}.`;
    return invalidInput('config_invalid', message, { model: this.modelId, field: where, value: null });
  }

  /** A whole number from `min` to `max`, or null when absent. */
  optionalCount(names: readonly string[], max: number, min = 1): number | null {
    const found = this.#find(names);
    if (!found) return null;
    const { name, value } = found;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
      throw this.invalid(name, value, `a whole number from ${min} to ${max.toLocaleString('en-US')}`);
    }
    return value;
  }

  /** A whole number from 1 to `max` that must be there. */
  count(names: readonly string[], max: number, what: string): number {
    const value = this.optionalCount(names, max);
    if (value === null) throw this.missing(names, what);
    return value;
  }

  /** A number above zero, or null when absent. */
  optionalPositive(names: readonly string[], max: number): number | null {
    const found = this.#find(names);
    if (!found) return null;
    const { name, value } = found;
    if (typeof value !== 'number' || !(value > 0) || value > max) {
      throw this.invalid(name, value, `a number above 0 and at most ${max.toLocaleString('en-US')}`);
    }
    return value;
  }

  /** A width as a multiple of `size` that `names` give, its fraction cut: at least 1. */
  scaledWidth(names: readonly string[], size: number, otherwise: number, largest = 1000): number {
    const factor = this.optionalPositive(names, largest) ?? otherwise;
    const scaled = Math.floor(factor * size);
    if (scaled >= 1) return scaled;
    throw this.invalid(names, factor, `large enough to leave something of the ${size} it multiplies`);
  }

  flag(names: readonly string[], otherwise: boolean): boolean {
    const found = this.#find(names);
    if (!found) return otherwise;
    if (typeof found.value !== 'boolean') throw this.invalid(found.name, found.value, 'true or false');
    return found.value;
  }

  optionalText(names: readonly string[], maxLength = 300): string | null {
    const found = this.#find(names);
    if (!found) return null;
    if (typeof found.value !== 'string' || found.value.length > maxLength) {
      throw this.invalid(found.name, found.value, `a text of at most ${maxLength.toLocaleString('en-US')} characters`);
    }
    return found.value;
  }

  /** A list of at most `maxLength` entries that `isEntry` accepts, or null when absent. */
  optionalList<Entry>(
    names: readonly string[],
    maxLength: number,
    isEntry: (value: unknown) => value is Entry,
    cure: string,
  ): Entry[] | null {
    const found = this.#find(names);
    if (!found) return null;
    const { name, value } = found;
    if (!Array.isArray(value) || value.length > maxLength) {
      throw this.invalid(name, value, `a list of at most ${maxLength.toLocaleString('en-US')} entries`);
    }
    return value.map((entry: unknown, index) => {
      if (!isEntry(entry)) throw this.invalid(`${name}[${index}]`, entry, cure);
      return entry;
    });
  }

  optionalTexts(names: readonly string[], maxLength: number): string[] | null {
    const isText = (value: unknown): value is string => typeof value === 'string';
    return this.optionalList(names, maxLength, isText, 'a text');
  }

  /**
   * A whole number for each of `numLayers` layers: written as one number for all, or as a list with one entry per layer (null
   * counts as absent). Null when the field is absent.
   */
  optionalCountPerLayer(
    names: readonly string[],
    max: number,
    numLayers: number,
    min = 1,
  ): ((layer: number) => number | null) | null {
    const found = this.#find(names);
    if (!found) return null;
    if (!Array.isArray(found.value)) {
      const same = this.optionalCount(names, max, min);
      return () => same;
    }
    const isEntry = (value: unknown): value is number | null =>
      value === null || (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max);
    const cure = `a whole number from ${min} to ${max.toLocaleString('en-US')}`;
    const written = this.optionalList(names, LIMITS.layers, isEntry, cure) ?? [];
    if (written.length < numLayers) {
      throw this.invalid(
        found.name,
        written,
        `one number, or a list with an entry for each of the ${numLayers} layers`,
      );
    }
    return (layer) => written[layer] ?? null;
  }

  /** The objects of a list, each with its own checked access; null when absent. */
  nestedList(name: string, maxLength: number): ConfigFields[] | null {
    const list = this.optionalList([name], maxLength, isObject, 'an object');
    return (
      list?.map((entry, index) => new ConfigFields(this.modelId, entry, {}, `${this.#path}${name}[${index}].`)) ?? null
    );
  }

  /** Says that the field `name` is read: objects are when they are opened, others only by this. */
  open(name: string): void {
    this.#use.opened.add(name.split('.')[0] ?? name);
  }

  /** True when `name` was opened to read what it describes. */
  wasOpened(name: string): boolean {
    return this.#use.opened.has(name);
  }

  /** The nested object under `name` with its own checked access, or null when absent. */
  nested(name: string): ConfigFields | null {
    this.open(name);
    const found = this.#find([name]);
    if (!found) return null;
    if (!isObject(found.value)) throw this.invalid(name, found.value, 'an object');
    return new ConfigFields(this.modelId, found.value, {}, `${this.#path}${name}.`);
  }

  /**
   * The same as `nested`, with values for the keys it leaves out: those of `inherited` as this object has them, then
   * `defaults`. An absent object is an empty one: some files rely on the class for all of it.
   */
  inner(name: string, defaults: Readonly<Record<string, unknown>>, inherited: readonly string[] = []): ConfigFields {
    this.open(name);
    const own = this.#find([name])?.value ?? {};
    if (!isObject(own)) throw this.invalid(name, own, 'an object');
    const handed = inherited.flatMap((key) => {
      const found = this.#find([key]);
      return found ? [[key, found.value] as const] : [];
    });
    return new ConfigFields(this.modelId, own, { ...defaults, ...Object.fromEntries(handed) }, `${this.#path}${name}.`);
  }

  /** The same object with `defaults` for the keys it leaves out. */
  withDefaults(defaults: Readonly<Record<string, unknown>>): ConfigFields {
    const all = { ...defaults, ...this.#defaults };
    return new ConfigFields(this.modelId, this.#root, all, this.#path, this.#use);
  }

  /** Every field as its name (which may hold dots) with its own checked access; all of them must be objects. */
  members(): [string, ConfigFields][] {
    return Object.entries(this.#root).map(([name, value]) => {
      const where = name.slice(0, LONGEST_SHOWN);
      if (!isObject(value)) throw this.invalid(where, value, 'an object');
      return [name, new ConfigFields(this.modelId, value, {}, `${this.#path}${where}.`)];
    });
  }

  /** The same object with other values for some keys. */
  replaced(values: Readonly<Record<string, unknown>>): ConfigFields {
    const all = { ...this.#root, ...values };
    return new ConfigFields(this.modelId, all, this.#defaults, this.#path, this.#use);
  }

  /** Fields that hold a number, a list or an object and whose value nobody has asked for. */
  unasked(): string[] {
    return Object.entries(this.#root)
      .filter(([name, value]) => !this.#use.asked.has(name) && (typeof value === 'number' || typeof value === 'object'))
      .filter(([, value]) => value !== null)
      .map(([name]) => name.slice(0, LONGEST_SHOWN));
  }

  /** Names of the fields, for looking at a file of unknown shape. */
  names(): string[] {
    return Object.keys(this.#root);
  }
}
