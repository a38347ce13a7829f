import type { SimulatedRequests } from './requests.ts';

/** Tokens of a KV block (vLLM's default block_size on CUDA). */
export const BLOCK_TOKENS = 16;

/** KV blocks that so many tokens lie in. */
export const blocksFor = (tokens: number): number => Math.ceil(tokens / BLOCK_TOKENS);

/**
 * What becomes of the requests of a run, by request. Schedulers beside each other share it: a request is in one of them, and
 * waits or runs there.
 */
export class RequestStates {
  readonly requests: SimulatedRequests;
  readonly count: number;
  /** The run ends when the requests before this one have ended, or were refused. */
  readonly numMeasured: number;
  /** How many of these are left. */
  toEnd: number;
  rejected = 0;
  /** KV blocks of one scheduler. */
  readonly totalBlocks: number;
  /** Tokens. */
  readonly longestAnswer: number;
  /** ms at which it was sent, reached its scheduler, gave its first and its last token; NaN = it never did. */
  readonly sentMs: Float64Array;
  readonly arrivalMs: Float64Array;
  readonly firstMs: Float64Array;
  readonly endMs: Float64Array;
  /** Times it lost its blocks. */
  readonly preemptions: Int32Array;
  /** Tokens given so far, when it last started to decode (then also step and stored tokens), or was preempted. */
  readonly given: Int32Array;
  readonly startStep: Int32Array;
  readonly startLength: Int32Array;
  /** Blocks of content it shares with others. */
  readonly shared: Int32Array;
  /** Its neighbors among those who wait, or among the running. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** Its neighbors among the decodes that end at the same step. */
  readonly nextEnding: Int32Array;
  readonly previousEnding: Int32Array;

  /** `isOpen`: requests come when they say; else clients send them. */
  constructor(requests: SimulatedRequests, kvCacheTokens: number, numMeasured: number, isOpen: boolean) {
    const count = requests.promptTokens.length;
    this.requests = requests;
    this.count = count;
    this.numMeasured = Math.min(numMeasured, count);
    this.toEnd = this.numMeasured;
    this.totalBlocks = Math.floor(Math.min(kvCacheTokens, 1e15) / BLOCK_TOKENS);
    this.longestAnswer = requests.outputTokens.reduce((most, tokens) => Math.max(most, tokens), 0);
    this.arrivalMs = isOpen ? requests.arrivalMs : new Float64Array(count);
    this.sentMs = isOpen ? requests.arrivalMs : new Float64Array(count);
    this.firstMs = new Float64Array(count).fill(NaN);
    this.endMs = new Float64Array(count).fill(NaN);
    this.preemptions = new Int32Array(count);
    this.given = new Int32Array(count);
    this.startStep = new Int32Array(count);
    this.startLength = new Int32Array(count);
    this.shared = new Int32Array(count);
    this.next = new Int32Array(count);
    this.previous = new Int32Array(count);
    this.nextEnding = new Int32Array(count);
    this.previousEnding = new Int32Array(count);
  }

  canEverFit(request: number): boolean {
    const { promptTokens, outputTokens } = this.requests;
    return blocksFor((promptTokens[request] as number) + (outputTokens[request] as number) - 1) <= this.totalBlocks;
  }

  reject(request: number): void {
    this.rejected += 1;
    if (request < this.numMeasured) this.toEnd -= 1;
  }

  arrivesBefore(a: number, b: number): boolean {
    const [first, second] = [this.arrivalMs[a] as number, this.arrivalMs[b] as number];
    return first < second || (first === second && a < b);
  }

  /** By priority, then by arrival, then by number. */
  isBefore(a: number, b: number): boolean {
    const { priorities } = this.requests;
    if (priorities) {
      const [first, second] = [priorities[a] as number, priorities[b] as number];
      if (first !== second) return first < second;
    }
    return this.arrivesBefore(a, b);
  }
}
