import { Automaton } from './automaton.ts';
import { DECODER_ROOTS, decoderModule, LAYER_PATHS } from './module-names.ts';

/** What the names of one list say of one layer. */
interface LayerNames {
  /** Modules inside the layer; the empty name is the layer itself. */
  modules: Set<string>;
  /** Beginnings of modules inside the layer. */
  beginnings: string[];
}

const SPECIAL = /[*?[\\^$|(+]/;
const isPlain = (text: string): boolean => !SPECIAL.test(text);
/** Written for a regular-expression matcher without saying so (Transformers). */
const REGEX_ONLY = /[\\^$|(+]/;

/** Is a run of whole path components of a name in the set? Those of `a.b.c` are a, a.b, a.b.c, b, b.c, c. */
function hasRunIn(name: string, known: ReadonlySet<string>): boolean {
  if (known.size === 0) return false;
  const parts = name.split('.');
  return parts.some((_, first) => {
    let run = '';
    return parts.slice(first).some((part) => known.has((run = run === '' ? part : `${run}.${part}`)));
  });
}

/** A module and everything it lies in, from the left: `a.b.c` gives a, a.b, a.b.c. */
function enclosing(name: string): string[] {
  const parts = name.split('.');
  return parts.map((_, last) => parts.slice(0, last + 1).join('.'));
}

/** The names of one layer against a list. */
export interface LayerMatcher {
  /** Equal for layers that the list treats alike. */
  key: string;
  /** Is a module with one of these names (inside the layer) on the list? */
  holds: (names: readonly string[]) => boolean;
}

/**
 * A list of modules as checkpoints write it: names, with whole path components (`lm_head`, `self_attn`,
 * `model.layers.3.mlp`), which also stand for what lies inside them; globs (`model.layers.*.self_attn*`); and regular
 * expressions (`re:…`), matched from the beginning of a module's full name. Any path to the decoder is accepted
 * (`model.layers.3`, `language_model.model.layers.3`, …).
 *
 * Lists reach 50,000 names, one for each expert: those are looked up, and only true patterns go through an automaton.
 */
export class ModuleList {
  /** Patterns that could not be read; the modules they mean are taken as not on the list. */
  readonly unreadable: string[] = [];
  readonly #everywhere = new Set<string>();
  readonly #beginnings: string[] = [];
  readonly #layers = new Map<number, LayerNames>();
  readonly #automaton = new Automaton();
  readonly #foundEverywhere = new Map<string, boolean>();
  #decoder: boolean | null = null;
  #paths: number[] | null = null;

  constructor(patterns: readonly string[]) {
    for (const pattern of patterns) this.#add(pattern);
  }

  /** True when some names were given up for taking too long. */
  get isExhausted(): boolean {
    return this.#automaton.isExhausted;
  }

  #add(pattern: string): void {
    if (pattern.startsWith('re:')) {
      if (!this.#automaton.addRegex(pattern.slice('re:'.length))) this.unreadable.push(pattern);
      return;
    }
    const name = pattern.replace(/^\.+/, '').replace(/\.+$/, '');
    if (isPlain(name)) this.#addName(name);
    else if (name.endsWith('.*') && isPlain(name.slice(0, -2))) this.#addName(name.slice(0, -2));
    else if (name.endsWith('*') && isPlain(name.slice(0, -1))) this.#addBeginning(name.slice(0, -1));
    else if (!(REGEX_ONLY.test(name) ? this.#automaton.addRegex(name) : this.#automaton.addGlob(name))) {
      this.unreadable.push(pattern);
    }
  }

  #layerNames(layer: number): LayerNames {
    const known = this.#layers.get(layer);
    if (known) return known;
    const names = { modules: new Set<string>(), beginnings: [] };
    this.#layers.set(layer, names);
    return names;
  }

  #addName(name: string): void {
    if (name === '') return;
    const place = decoderModule(name);
    if (place) this.#layerNames(place.layer).modules.add(place.module);
    else this.#everywhere.add(name);
  }

  /** `layers.0*` means the layer, not also layers 00 to 09; `self_attn*` means what begins so. */
  #addBeginning(beginning: string): void {
    if (beginning === '') return;
    const place = decoderModule(beginning);
    if (!place) this.#beginnings.push(beginning);
    else if (place.module === '') this.#layerNames(place.layer).modules.add('');
    else this.#layerNames(place.layer).beginnings.push(place.module);
  }

  /** Is the whole decoder on the list? */
  #hasDecoder(): boolean {
    this.#decoder ??= DECODER_ROOTS.some(
      (root) => this.#everywhere.has(root) || this.#beginnings.some((beginning) => root.startsWith(beginning)),
    );
    return this.#decoder;
  }

  /** Names without a layer number against a module inside any layer; asked once for each. */
  #isInEveryLayer(module: string): boolean {
    const known = this.#foundEverywhere.get(module);
    if (known !== undefined) return known;
    const found = this.#hasDecoder() || hasRunIn(module, this.#everywhere);
    this.#foundEverywhere.set(module, found);
    return found;
  }

  /** Is a module outside the decoder layers, under one of these full names, on the list? */
  holds(names: readonly string[]): boolean {
    return names.some(
      (name) =>
        hasRunIn(name, this.#everywhere) ||
        this.#beginnings.some((beginning) => name.startsWith(beginning)) ||
        (!this.#automaton.isEmpty && this.#automaton.matches(this.#automaton.read(this.#automaton.start(), name))),
    );
  }

  /** What the list says of one decoder layer. */
  layer(layer: number): LayerMatcher {
    const automaton = this.#automaton;
    const names = this.#layers.get(layer);
    this.#paths ??= automaton.isEmpty ? [] : LAYER_PATHS.map((path) => automaton.read(automaton.start(), path));
    const states = new Set(this.#paths.map((state) => automaton.read(state, `${layer}.`)));
    const alive = [...states].filter((state) => !automaton.isDead(state));
    const named = names ? `${[...names.modules].sort().join(' ')}*${[...names.beginnings].sort().join(' ')}` : '';
    const isNamed = (module: string): boolean =>
      names !== undefined &&
      (names.modules.has('') ||
        enclosing(module).some((outer) => names.modules.has(outer)) ||
        names.beginnings.some((beginning) => module.startsWith(beginning)));
    return {
      key: `${alive.join(',')}|${named}`,
      holds: (modules) =>
        modules.some(
          (module) =>
            isNamed(module) ||
            this.#isInEveryLayer(module) ||
            alive.some((state) => automaton.matches(automaton.read(state, module))),
        ),
    };
  }
}
