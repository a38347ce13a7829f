import { stepTimeMs } from '../../../src-worker/engine/roofline/step-time.ts';
import { DecodeTimes } from '../../../src-worker/engine/simulation/decode-times.ts';
import type { Clients, SimulatedRequests } from '../../../src-worker/engine/simulation/requests.ts';
import type { SimulatedServer } from '../../../src-worker/engine/simulation/simulated-server.ts';

/**
 * A second scheduler: one step at a time, one object per request, every KV block a thing of its own with its users and what
 * it holds. It shares nothing with the simulator but the time of a step, and writes every step down, so that laws of a
 * schedule can be checked on it.
 */
export interface SlowStep {
  startMs: number;
  endMs: number;
  decodes: number;
  promptTokens: number;
  /** Prompts that end in it: they sample a token, as decodes do. */
  promptsEnding: number;
  /** Sequences that hold a seat while the step runs. */
  seated: number;
  /** Requests that were there when the step was made and got no seat, or lost it. */
  waiting: number;
  hasPreempted: boolean;
  freeBlocks: number;
}

export interface SlowRun {
  sentMs: number[];
  firstMs: number[];
  endMs: number[];
  preemptions: number[];
  rejected: number;
  steps: SlowStep[];
  freeBlocks: number;
  foundTokens: number;
}

/** A KV block: who uses it, and the content it holds, if it holds any that others may find. */
interface Block {
  users: number;
  content: string | null;
}

class Blocks {
  /** What nobody uses and holds nothing: it is taken before what somebody may still find. */
  readonly #empty: Block[] = [];
  /** What nobody uses and holds content, the longest unused first. */
  readonly #idle = new Set<Block>();
  readonly found = new Map<string, Block>();

  constructor(count: number) {
    for (let i = 0; i < count; i += 1) this.#empty.push({ users: 0, content: null });
  }

  get unused(): number {
    return this.#empty.length + this.#idle.size;
  }

  take(): Block {
    if (this.#empty.length === 0) {
      for (const { content } of this.#idle) {
        if (content !== null) this.#forget(content);
        break;
      }
    }
    const block = this.#empty.pop();
    if (!block) throw new Error('a block was taken where none is free');
    block.users = 1;
    return block;
  }

  use(block: Block): void {
    if (block.users === 0) this.#idle.delete(block);
    block.users += 1;
  }

  leave(block: Block): void {
    block.users -= 1;
    if (block.users > 0) return;
    if (block.content === null) this.#empty.push(block);
    else this.#idle.add(block);
  }

  /** Content of several blocks is found whole or not at all: it goes with the first of them. */
  #forget(content: string): void {
    const [id] = content.split('/');
    for (let part = 0; ; part += 1) {
      const block = this.found.get(`${id}/${part}`);
      if (!block) return;
      this.found.delete(`${id}/${part}`);
      this.#idle.delete(block);
      this.#empty.push(block);
      block.content = null;
    }
  }
}

interface Sequence {
  index: number;
  prompt: number;
  cached: number;
  output: number;
  computed: number;
  generated: number;
  priority: number;
  arrivalMs: number;
  blocks: Block[];
  /** When it started to decode, as a count over the run: the simulator lists those who end together latest first. */
  startedAs: number;
}

const BLOCK = 16;

export function slowRun(requests: SimulatedRequests, server: SimulatedServer, clients: Clients | null = null): SlowRun {
  const { plan, maxNumBatchedTokens, hasSeparatePrefill, reservesWholePrompt } = server;
  const seats = Math.min(server.maxNumSeqs, maxNumBatchedTokens);
  const count = requests.promptTokens.length;
  const total = Math.floor(server.kvCacheTokens / BLOCK);
  const blocks = new Blocks(Math.min(total, 2_000_000));
  const times = new DecodeTimes(plan);
  const handedOut = Math.min(1, Math.max(0, plan.firstTokenWaitSteps - 0.5));
  const sentMs = new Array<number>(count).fill(NaN);
  const firstMs = new Array<number>(count).fill(NaN);
  const endMs = new Array<number>(count).fill(NaN);
  const preemptions = new Array<number>(count).fill(0);
  const steps: SlowStep[] = [];
  const coming: Sequence[] = [];
  let waiting: Sequence[] = [];
  let running: Sequence[] = [];
  let [sent, rejected, foundTokens, starts] = [0, 0, 0, 0];
  let [now, lastStepMs] = [0, 0];

  const frontMs = (i: number): number =>
    plan.ttftBaseMs + plan.tokenizeMsPerToken * (requests.promptTokens[i] as number);
  const canEverFit = (i: number): boolean =>
    Math.ceil(((requests.promptTokens[i] as number) + (requests.outputTokens[i] as number) - 1) / BLOCK) <= total;
  const send = (atMs: number): void => {
    if (sent >= count) return;
    const i = sent;
    sent += 1;
    sentMs[i] = clients ? atMs + (clients.pauseMs?.[i] ?? 0) : (requests.arrivalMs[i] as number);
    const arrivalMs = sentMs[i] + (clients ? frontMs(i) : 0);
    // A client whose request is refused sends another as soon as it hears so.
    if (clients && !canEverFit(i)) {
      rejected += 1;
      send(arrivalMs);
      return;
    }
    coming.push({
      index: i,
      prompt: requests.promptTokens[i] as number,
      cached: requests.contentBlocks ? 0 : (requests.cachedTokens[i] as number),
      output: requests.outputTokens[i] as number,
      computed: 0,
      generated: 0,
      priority: requests.priorities?.[i] ?? 0,
      arrivalMs,
      blocks: [],
      startedAs: 0,
    });
    coming.sort((a, b) => a.arrivalMs - b.arrivalMs || a.index - b.index);
  };
  for (let i = 0; i < (clients?.count ?? count); i += 1) send(0);

  const urgency = (a: Sequence, b: Sequence): number =>
    a.priority - b.priority || a.arrivalMs - b.arrivalMs || a.index - b.index;
  const release = (sequence: Sequence): void => {
    // The end of a prompt is the first to be given up.
    for (const block of [...sequence.blocks].reverse()) blocks.leave(block);
    sequence.blocks = [];
  };
  const preempt = (sequence: Sequence): void => {
    release(sequence);
    sequence.computed = 0;
    preemptions[sequence.index] = (preemptions[sequence.index] as number) + 1;
    running = running.filter((one) => one !== sequence);
    waiting = server.policy === 'fcfs' ? [sequence, ...waiting] : [...waiting, sequence].sort(urgency);
  };
  const join = (untilMs: number): void => {
    while (coming[0] && coming[0].arrivalMs <= untilMs) {
      const [next] = coming.splice(0, 1) as [Sequence];
      if (!canEverFit(next.index)) rejected += 1;
      else if (server.policy === 'fcfs') waiting.push(next);
      else waiting = [...waiting, next].sort(urgency);
    }
  };
  const contents = new Map<Sequence, string[]>();
  /** Names of the blocks that a prompt fills with content. */
  const contentOf = (sequence: Sequence): string[] => {
    const content = requests.contentBlocks;
    if (!content) return [];
    const known = contents.get(sequence);
    if (known) return known;
    const ids = [...content.ids.slice(content.offsets[sequence.index], content.offsets[sequence.index + 1])];
    const perContent = Math.floor(content.blockTokens / BLOCK);
    const names = ids
      .slice(0, Math.floor(sequence.prompt / content.blockTokens))
      .flatMap((id) => Array.from({ length: perContent }, (_, part) => `${id}/${part}`));
    contents.set(sequence, names);
    return names;
  };
  /** What a step computes is kept for others in whole blocks of content, up to the first that somebody else keeps. */
  const keep = (sequence: Sequence, tokens: number): void => {
    const content = requests.contentBlocks;
    if (!content) return;
    const perContent = Math.floor(content.blockTokens / BLOCK);
    const names = contentOf(sequence);
    const whole = Math.floor(Math.min(sequence.computed + tokens, sequence.prompt) / content.blockTokens) * perContent;
    for (let i = 0; i < Math.min(whole, names.length); i += 1) {
      const block = sequence.blocks[i] as Block;
      const name = names[i] as string;
      if (block.content === name) continue;
      if (blocks.found.has(name)) return;
      block.content = name;
      blocks.found.set(name, block);
    }
  };

  for (;;) {
    if (running.length > 0 || waiting.length > 0) join(now - handedOut * lastStepMs);
    while (running.length === 0 && waiting.length === 0 && coming[0]) {
      now = Math.max(now, coming[0].arrivalMs);
      join(now);
    }
    if (running.length === 0 && waiting.length === 0) break;

    const scheduled = new Map<Sequence, number>();
    let budget = maxNumBatchedTokens;
    let hasPreempted = false;
    const grow = (sequence: Sequence, tokens: number): boolean => {
      const needed = Math.ceil((sequence.computed + tokens) / BLOCK) - sequence.blocks.length;
      while (needed > blocks.unused) {
        hasPreempted = true;
        const victim =
          server.policy === 'fcfs' ? (running.at(-1) as Sequence) : (running.toSorted(urgency).at(-1) as Sequence);
        preempt(victim);
        scheduled.delete(victim);
        if (victim === sequence) return false;
      }
      for (let i = 0; i < needed; i += 1) sequence.blocks.push(blocks.take());
      return true;
    };
    /** A token for each that decodes, what is left of the budget for the prompt that has a part computed: it came last. */
    const scheduleRunning = (): void => {
      for (const sequence of [...running]) {
        if (!running.includes(sequence)) continue;
        const left = sequence.prompt + sequence.generated - sequence.computed;
        const tokens = sequence.startedAs > 0 ? 1 : Math.min(left, maxNumBatchedTokens - scheduled.size);
        if (!grow(sequence, tokens)) continue;
        scheduled.set(sequence, tokens);
        if (sequence.startedAs === 0) keep(sequence, tokens);
      }
      budget = maxNumBatchedTokens;
      for (const tokens of scheduled.values()) budget -= tokens;
    };
    if (!hasSeparatePrefill) scheduleRunning();
    const isPartialOpen = [...scheduled].some(
      ([s, tokens]) => s.startedAs === 0 && s.computed + tokens < s.prompt + s.generated,
    );
    let sharedPrefill = 0;
    while (!hasPreempted && !isPartialOpen && budget > 0 && running.length < seats && waiting[0]) {
      const [next] = waiting as [Sequence];
      const names = contentOf(next);
      let found = 0;
      while (found < names.length && blocks.found.has(names[found] as string)) found += 1;
      const perContent = requests.contentBlocks ? Math.floor(requests.contentBlocks.blockTokens / BLOCK) : 1;
      found -= found % perContent;
      const target = next.prompt + next.generated;
      const cached = requests.contentBlocks
        ? Math.min(found * BLOCK, Math.floor((target - 1) / BLOCK) * BLOCK)
        : next.cached;
      const left = target - cached;
      if (hasSeparatePrefill && sharedPrefill > 0 && left > budget) break;
      const tokens = hasSeparatePrefill ? left : Math.min(left, budget);
      const held = Math.ceil((reservesWholePrompt || hasSeparatePrefill ? target : cached + tokens) / BLOCK);
      const shared = names.slice(0, Math.min(found, Math.floor(held / perContent) * perContent));
      const sharedBlocks = shared.map((name) => blocks.found.get(name) as Block);
      const idle = sharedBlocks.filter(({ users }) => users === 0).length;
      if (held - shared.length + idle > blocks.unused) break;
      waiting.shift();
      running.push(next);
      for (const block of sharedBlocks) blocks.use(block);
      next.blocks = [...sharedBlocks];
      while (next.blocks.length < held) next.blocks.push(blocks.take());
      next.computed = cached;
      next.startedAs = 0;
      foundTokens += cached;
      scheduled.set(next, tokens);
      sharedPrefill += tokens;
      budget -= tokens;
      keep(next, tokens);
      if (tokens < left) break;
    }
    if (hasSeparatePrefill && sharedPrefill === 0) scheduleRunning();

    let [decodes, context, promptTokens, pairs, ending] = [0, 0, 0, 0, 0];
    for (const [sequence, tokens] of scheduled) {
      if (sequence.startedAs > 0) {
        decodes += 1;
        context += sequence.computed + 1;
      } else {
        promptTokens += tokens;
        pairs += tokens * (sequence.computed + tokens / 2);
        if (sequence.computed + tokens === sequence.prompt + sequence.generated) ending += 1;
      }
    }
    if (promptTokens === 0 && decodes > 0) times.setStep(decodes, context);
    const ms =
      promptTokens > 0 ? stepTimeMs(plan, decodes, context, promptTokens, pairs, ending) : decodes > 0 ? times.ms : 0;
    steps.push({
      startMs: now,
      endMs: now + ms,
      decodes,
      promptTokens,
      promptsEnding: ending,
      seated: running.length,
      waiting: waiting.length,
      hasPreempted,
      freeBlocks: blocks.unused,
    });
    now += ms;
    lastStepMs = ms;
    const ended: [order: number, sequence: Sequence][] = [];
    for (const [sequence, tokens] of scheduled) {
      sequence.computed += tokens;
      if (sequence.computed < sequence.prompt + sequence.generated) continue;
      sequence.generated += 1;
      if (sequence.generated === 1) firstMs[sequence.index] = now;
      const isFirst = sequence.startedAs === 0;
      if (isFirst) {
        starts += 1;
        sequence.startedAs = starts;
      }
      if (sequence.generated < sequence.output) continue;
      endMs[sequence.index] = now;
      // Answers that end with their prefill end first, in order of admission, then decodes, who started last before the others.
      ended.push([isFirst ? -1e9 + starts : -sequence.startedAs, sequence]);
    }
    ended.sort(([a], [b]) => a - b);
    for (const [, sequence] of ended) {
      release(sequence);
      running = running.filter((one) => one !== sequence);
      if (clients) send(now);
    }
  }
  const shift = clients ? () => 0 : frontMs;
  return {
    sentMs,
    firstMs: firstMs.map((ms, i) => ms + shift(i)),
    endMs: endMs.map((ms, i) => ms + shift(i)),
    preemptions,
    rejected,
    steps,
    freeBlocks: blocks.unused,
    foundTokens,
  };
}
