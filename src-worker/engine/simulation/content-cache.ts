import type { ContentBlocks } from './requests.ts';

const NONE = -1;

/**
 * Prefix cache by content, as vLLM keeps it: what a prompt left in KV blocks is found by the next one that begins with the same
 * content. Blocks that nobody uses keep what they hold until their place is needed, the longest unused first. Only whole
 * blocks of content are kept; `blocksPerContent` is how many KV blocks one of them fills.
 */
export class ContentCache {
  readonly blocksPerContent: number;
  /** KV blocks of content that nobody uses: free for whoever needs them. */
  idleBlocks = 0;
  readonly #content: ContentBlocks;
  /** [id] is it held? and by how many requests? */
  readonly #isHeld: Uint8Array;
  readonly #users: Int32Array;
  /** [id] list of the unused, the longest unused first; the last entry is its head. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(content: ContentBlocks, blockTokens: number) {
    this.#content = content;
    this.blocksPerContent = Math.floor(content.blockTokens / blockTokens);
    let most = -1;
    for (const id of content.ids) if (id > most) most = id;
    this.#isHeld = new Uint8Array(most + 1);
    this.#users = new Int32Array(most + 1);
    this.#next = new Int32Array(most + 2).fill(most + 1);
    this.#previous = new Int32Array(most + 2).fill(most + 1);
  }

  /** Whole blocks of content among the first `tokens` tokens of a request. */
  wholeBlocks(request: number, tokens: number): number {
    const { offsets, blockTokens } = this.#content;
    const stated = (offsets[request + 1] as number) - (offsets[request] as number);
    return Math.min(stated, Math.floor(tokens / blockTokens));
  }

  /** How many blocks of content a request finds, from its first on. */
  found(request: number, promptTokens: number): number {
    const first = this.#content.offsets[request] as number;
    const most = this.wholeBlocks(request, promptTokens);
    let found = 0;
    while (found < most && this.#isHeld[this.#content.ids[first + found] as number] === 1) found += 1;
    return found;
  }

  /** KV blocks that become used when a request takes its first `found`: those nobody else uses now. */
  idleAmong(request: number, found: number): number {
    const first = this.#content.offsets[request] as number;
    let idle = 0;
    for (let i = 0; i < found; i += 1) {
      if (this.#users[this.#content.ids[first + i] as number] === 0) idle += 1;
    }
    return idle * this.blocksPerContent;
  }

  /** A request uses its first `found` blocks of content, which are held. Returns how many KV blocks were idle before. */
  use(request: number, found: number): number {
    const idleBefore = this.idleBlocks;
    const first = this.#content.offsets[request] as number;
    for (let i = 0; i < found; i += 1) {
      const id = this.#content.ids[first + i] as number;
      if (this.#users[id] === 0) {
        this.#unlink(id);
        this.idleBlocks -= this.blocksPerContent;
      }
      this.#users[id] = (this.#users[id] as number) + 1;
    }
    return idleBefore - this.idleBlocks;
  }

  /**
   * A request that uses `from` blocks of content has computed as many as `to`: those after `from` are kept for others, up to
   * the first that somebody computed in the meantime. Returns how many it uses now.
   */
  keep(request: number, from: number, to: number): number {
    const first = this.#content.offsets[request] as number;
    let used = from;
    while (used < to) {
      const id = this.#content.ids[first + used] as number;
      if (this.#isHeld[id] === 1) break;
      this.#isHeld[id] = 1;
      this.#users[id] = 1;
      used += 1;
    }
    return used;
  }

  /** A request leaves its first `used` blocks of content. The ends of prompts are the first to go: fewer begin like them. */
  release(request: number, used: number): void {
    const first = this.#content.offsets[request] as number;
    for (let i = used - 1; i >= 0; i -= 1) {
      const id = this.#content.ids[first + i] as number;
      const users = (this.#users[id] as number) - 1;
      this.#users[id] = users;
      if (users > 0) continue;
      this.#linkLast(id);
      this.idleBlocks += this.blocksPerContent;
    }
  }

  /** Gives up what was unused for longest until no more than `most` KV blocks are idle. */
  evictTo(most: number): void {
    const head = this.#next.length - 1;
    while (this.idleBlocks > most) {
      const id = this.#next[head] as number;
      if (id === head) return;
      this.#unlink(id);
      this.#isHeld[id] = 0;
      this.idleBlocks -= this.blocksPerContent;
    }
  }

  #linkLast(id: number): void {
    const head = this.#next.length - 1;
    const last = this.#previous[head] as number;
    this.#next[last] = id;
    this.#previous[id] = last;
    this.#next[id] = head;
    this.#previous[head] = id;
  }

  #unlink(id: number): void {
    const next = this.#next[id] as number;
    const previous = this.#previous[id] as number;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[id] = NONE;
  }
}
