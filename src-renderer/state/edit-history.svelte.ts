import { changesBetween, type Change } from './changes.ts';

/** Typing in the same field goes on as one step while the pauses are shorter than this. */
const TYPING_MS = 800;
/** Far more than anybody takes back; it only bounds memory. */
const MOST_STEPS = 500;

interface Step<State> {
  /** What stood there on the far side of the step. */
  state: State;
  words: string;
}

export interface HistoryRules {
  /** The edit in words, for those who take it back. */
  words: (changes: Change[]) => string;
  /** True for a value that is typed letter by letter. */
  isTyped: (path: string) => boolean;
}

/** The edits of something that is plain data, to be taken back and made again. */
export class EditHistory<State> {
  #past = $state.raw<Step<State>[]>([]);
  #future = $state.raw<Step<State>[]>([]);
  #present: State;
  /** The field that was typed in last, and when; null after anything else. */
  #typing: { path: string; at: number } | null = null;
  readonly #rules: HistoryRules;

  constructor(present: State, rules: HistoryRules) {
    this.#present = present;
    this.#rules = rules;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  /** What undo would take back, and redo would make again, in words. */
  get undoWords(): string {
    return this.#past.at(-1)?.words ?? '';
  }

  get redoWords(): string {
    return this.#future.at(-1)?.words ?? '';
  }

  /** Takes note of where things stand now. `words` given: a step of its own, called that. True where something had changed. */
  record(state: State, words: string | null = null, now = performance.now()): boolean {
    const changes = changesBetween(this.#present, state);
    if (changes.length === 0) return false;
    const [only] = changes;
    const path = words === null && changes.length === 1 && only && this.#rules.isTyped(only.path) ? only.path : null;
    const last = this.#past.at(-1);
    const goesOn = path !== null && this.#typing?.path === path && now - this.#typing.at <= TYPING_MS && last;
    if (goesOn) this.#extend(last, state);
    else {
      const step = { state: this.#present, words: words ?? this.#rules.words(changes) };
      this.#past = [...this.#past, step].slice(-MOST_STEPS);
    }
    this.#present = state;
    this.#future = [];
    this.#typing = path === null ? null : { path, at: now };
    return true;
  }

  /** The state belongs to nobody's edit: a default the host filled in, a draft that was read. */
  rebase(state: State): void {
    this.#present = state;
    this.#typing = null;
  }

  /** null where there is nothing to take back. */
  undo(): { state: State; words: string } | null {
    return this.#move('undo');
  }

  redo(): { state: State; words: string } | null {
    return this.#move('redo');
  }

  #move(direction: 'undo' | 'redo'): { state: State; words: string } | null {
    const isUndo = direction === 'undo';
    const step = (isUndo ? this.#past : this.#future).at(-1);
    if (!step) return null;
    const back = { state: this.#present, words: step.words };
    this.#past = isUndo ? this.#past.slice(0, -1) : [...this.#past, back];
    this.#future = isUndo ? [...this.#future, back] : this.#future.slice(0, -1);
    this.#present = step.state;
    this.#typing = null;
    return step;
  }

  /** Typed on: the step begins where it began; what was typed and deleted again is no step. */
  #extend(last: Step<State>, state: State): void {
    const changes = changesBetween(last.state, state);
    const rest = this.#past.slice(0, -1);
    this.#past = changes.length === 0 ? rest : [...rest, { state: last.state, words: this.#rules.words(changes) }];
  }
}
