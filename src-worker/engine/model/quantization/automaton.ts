import { parseGlob, parseRegex, type Expression, UnreadablePattern } from './pattern.ts';

/** A place in the automaton: reads one character, or leads on without reading. */
type Node =
  | { kind: 'read'; accepts: (code: number) => boolean; next: number }
  | { kind: 'split'; next: number[] }
  | { kind: 'start' | 'end'; next: number }
  | { kind: 'match' };

/** Places that the text read so far may have led to. */
interface State {
  nodes: readonly number[];
  matchesAtEnd: boolean;
  next: Map<number, number>;
}

/** Places of all patterns of one list together; a list that needs more has its last patterns left out. */
const MOST_NODES = 20_000;

/** Places looked at over the life of one automaton: some milliseconds. Published files stay below a tenth of it. */
const MOST_WORK = 500_000;

const DEAD = 0;
const MATCHED = 1;
const MATCH_NODE = 0;

/**
 * Many patterns as one automaton that reads each character once, whatever they say: patterns come from outside, and a
 * backtracking matcher can be kept busy for ever by one. A state stands for what was read so far, so that names with a
 * common beginning share the work, and two names that led to the same state cannot be told apart from there on.
 */
export class Automaton {
  readonly #nodes: Node[] = [{ kind: 'match' }];
  readonly #entries: number[] = [];
  readonly #states: State[] = [
    { nodes: [], matchesAtEnd: false, next: new Map() },
    { nodes: [], matchesAtEnd: true, next: new Map() },
  ];
  readonly #known = new Map<string, number>();
  #start: number | null = null;
  #work = 0;
  /** The pass over the places that saw each of them last. */
  readonly #seenIn: number[] = [];
  #pass = 0;

  /** True when the budget of work ran out and names were taken as not matched. */
  get isExhausted(): boolean {
    return this.#work > MOST_WORK;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Adds a regular expression that must match from the first character on (Python's `re.match`). False = not readable. */
  addRegex(pattern: string): boolean {
    return this.#add(() => parseRegex(pattern));
  }

  /** Adds a glob that names whole modules: it also matches all that lies inside them. False = not readable. */
  addGlob(pattern: string): boolean {
    return this.#add(() => parseGlob(pattern));
  }

  #add(parse: () => Expression): boolean {
    const size = this.#nodes.length;
    try {
      this.#entries.push(this.#compile(parse(), MATCH_NODE));
      this.#start = null;
      return true;
    } catch (error) {
      if (!(error instanceof UnreadablePattern)) throw error;
      this.#nodes.length = size;
      return false;
    }
  }

  #push(node: Node): number {
    if (this.#nodes.length >= MOST_NODES) throw new UnreadablePattern();
    return this.#nodes.push(node) - 1;
  }

  /** Adds an expression in front of node `next`; returns where it begins. */
  #compile(expression: Expression, next: number): number {
    this.#work += 1;
    if (this.isExhausted) throw new UnreadablePattern();
    switch (expression.kind) {
      case 'character':
        return this.#push({ kind: 'read', accepts: expression.accepts, next });
      case 'start':
      case 'end':
        return this.#push({ kind: expression.kind, next });
      case 'sequence':
        return expression.parts.reduceRight((after, part) => this.#compile(part, after), next);
      case 'choice':
        return this.#push({ kind: 'split', next: expression.parts.map((part) => this.#compile(part, next)) });
      case 'repeat':
        return this.#repeat(expression, next);
    }
  }

  #repeat({ part, least, most }: Extract<Expression, { kind: 'repeat' }>, next: number): number {
    let entry = next;
    if (most === null) {
      const loop: Extract<Node, { kind: 'split' }> = { kind: 'split', next: [] };
      entry = this.#push(loop);
      loop.next = [this.#compile(part, entry), next];
    } else {
      for (let copy = least; copy < most; copy++) {
        entry = this.#push({ kind: 'split', next: [this.#compile(part, entry), next] });
      }
    }
    for (let copy = 0; copy < least; copy++) {
      const before = entry;
      entry = this.#compile(part, entry);
      // What reads nothing need not be repeated.
      if (entry === before) break;
    }
    return entry;
  }

  /** Reading places reachable without reading; `end` places stay, to be passed when the text is over. */
  #reach(from: readonly number[], isStart: boolean, isEnd: boolean): { nodes: number[]; isMatch: boolean } {
    this.#pass += 1;
    const stack = [...from];
    const nodes: number[] = [];
    let isMatch = false;
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (this.#seenIn[index] === this.#pass) continue;
      this.#seenIn[index] = this.#pass;
      this.#work += 1;
      const node = this.#nodes[index];
      if (!node) continue;
      if (node.kind === 'match') isMatch = true;
      else if (node.kind === 'split') for (const next of node.next) stack.push(next);
      else if (node.kind === 'start') {
        if (isStart) stack.push(node.next);
      } else if (node.kind === 'end' && isEnd) stack.push(node.next);
      else nodes.push(index);
    }
    return { nodes: nodes.sort((one, other) => one - other), isMatch };
  }

  #stateOf(from: readonly number[], isStart: boolean): number {
    const { nodes, isMatch } = this.#reach(from, isStart, false);
    if (isMatch) return MATCHED;
    if (nodes.length === 0 || this.isExhausted) return DEAD;
    const key = nodes.join(',');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ends = nodes.filter((index) => this.#nodes[index]?.kind === 'end');
    const matchesAtEnd = ends.length > 0 && this.#reach(ends, isStart, true).isMatch;
    const state = this.#states.push({ nodes, matchesAtEnd, next: new Map() }) - 1;
    this.#known.set(key, state);
    return state;
  }

  /** The state before any text. */
  start(): number {
    this.#start ??= this.#stateOf(this.#entries, true);
    return this.#start;
  }

  /** The state after `text` was read from `state` on. */
  read(state: number, text: string): number {
    let current = state;
    for (let at = 0; at < text.length && current > MATCHED; at++) current = this.#step(current, text.charCodeAt(at));
    return current;
  }

  #step(state: number, code: number): number {
    const from = this.#states[state];
    if (!from) return DEAD;
    const known = from.next.get(code);
    if (known !== undefined) return known;
    this.#work += from.nodes.length;
    const after: number[] = [];
    for (const index of from.nodes) {
      const node = this.#nodes[index];
      if (node?.kind === 'read' && node.accepts(code)) after.push(node.next);
    }
    const next = this.#stateOf(after, false);
    from.next.set(code, next);
    return next;
  }

  /** No text that follows can match. */
  isDead(state: number): boolean {
    return state === DEAD;
  }

  /** True when the text read so far matches one of the patterns, be it as a whole or from its beginning on. */
  matches(state: number): boolean {
    return this.#states[state]?.matchesAtEnd ?? false;
  }
}
