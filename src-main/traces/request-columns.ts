import { fileError } from '../../src-worker/engine/errors.ts';
import { msFromSeconds, SECONDS_PER_HOUR, secondsFromMs } from '../../src-worker/engine/units.ts';
import type { PrefixBlocks, RequestTrace } from '../../src-worker/engine/workload/trace.ts';
import { BlockSize } from './block-size.ts';
import { DenseIds, MOST_MAPPED_IDS } from './dense-ids.ts';
import type { TraceFormat } from './formats/format.ts';
import { growingCounts, growingFloats } from './growing.ts';
import type { RequestRow } from './request-row.ts';

/** Requests of a trace: a week of a large service is cut for a replay, four months of a university (BurstGPT) are not. */
export const MOST_REQUESTS = 5_000_000;
/** Ids of all requests together: 400 MB, eight of Mooncake's prompts a request. */
export const MOST_BLOCK_IDS = 100_000_000;
/** Tokens of a block where the trace has the tokens themselves: vLLM's default. */
const BLOCK_OF_TOKENS = 16;
/** From the first to the last request. */
const LONGEST_TRACE_YEARS = 10;
const HOURS_PER_YEAR = 8766;
const MS_PER_YEAR = msFromSeconds(HOURS_PER_YEAR * SECONDS_PER_HOUR);

/** Few steps back by much are no disorder: a clock was set, or files were joined. */
const MOST_JOINTS = 3;
const SHORTEST_SET_BACK_MS = 1000;
const LEAST_ROWS_SET_BACK = 10;

const thousands = (count: number): string => count.toLocaleString('en-US', { maximumFractionDigits: 1 });
const requests = (count: number): string => `${thousands(count)} request${count === 1 ? '' : 's'}`;

/** Gathers the rows of a file, in whatever order they come, and makes the trace of them. */
export class RequestColumns {
  readonly #name: string;
  readonly #format: TraceFormat;
  readonly #hasCached: boolean;
  readonly #times = growingFloats();
  readonly #prompts = growingFloats();
  readonly #outputs = growingFloats();
  readonly #cached = growingFloats();
  readonly #ids = growingCounts();
  readonly #offsets = growingCounts();
  readonly #dense = new DenseIds();
  readonly #blockSize = new BlockSize();
  readonly #first = { time: Infinity, line: 0 };
  readonly #last = { time: -Infinity, line: 0 };
  /** Rows that come earlier than one before them, and steps from a row to an earlier one. */
  #late = 0;
  #stepsBack = 0;
  #longestBack = 0;
  #longestBackLine = 0;
  #withoutOutput = 0;

  /** `name`: of the file. */
  constructor(name: string, format: TraceFormat, hasCached: boolean) {
    this.#name = name;
    this.#format = format;
    this.#hasCached = hasCached;
    this.#offsets.push(0);
  }

  get count(): number {
    return this.#times.length;
  }

  /** Throws file errors where it is more than can be replayed. */
  add(row: RequestRow, line: number): void {
    if (this.count >= MOST_REQUESTS) throw this.#tooMany(requests(MOST_REQUESTS));
    this.#noteTime(row.time, line);
    if (row.outputTokens === 0) this.#withoutOutput += 1;
    this.#times.push(row.time);
    this.#prompts.push(row.promptTokens);
    this.#outputs.push(Math.max(1, row.outputTokens));
    if (this.#hasCached) this.#cached.push(row.cachedTokens);
    if (row.content.length > 0) this.#addContent(row);
    this.#offsets.push(this.#ids.length);
  }

  #noteTime(time: number, line: number): void {
    if (time < this.#first.time) Object.assign(this.#first, { time, line });
    if (time < this.#last.time) this.#late += 1;
    else Object.assign(this.#last, { time, line });
    const back = this.count === 0 ? 0 : this.#times.at(this.count - 1) - time;
    if (back <= 0) return;
    this.#stepsBack += 1;
    if (back > this.#longestBack) [this.#longestBack, this.#longestBackLine] = [back, line];
  }

  #addContent({ content, promptTokens }: RequestRow): void {
    if (this.#format.content?.kind === 'token_ids') {
      this.#addTokens(content.slice(0, promptTokens));
      return;
    }
    this.#blockSize.take(promptTokens, content.length);
    for (const id of content) this.#addId(id);
  }

  /** A block has the id of its tokens and of the block before it, so that equal ids are equal prefixes. */
  #addTokens(tokens: readonly (number | string)[]): void {
    let before = -1;
    for (let end = BLOCK_OF_TOKENS; end <= tokens.length; end += BLOCK_OF_TOKENS) {
      before = this.#addId(`${before}:${tokens.slice(end - BLOCK_OF_TOKENS, end).join(',')}`);
    }
  }

  #addId(id: number | string): number {
    if (this.#ids.length >= MOST_BLOCK_IDS) throw this.#tooMany(`${thousands(MOST_BLOCK_IDS)} ids of blocks`);
    const dense = this.#dense.of(id);
    if (dense < 0) throw this.#tooMany(`${thousands(MOST_MAPPED_IDS)} different blocks`);
    this.#ids.push(dense);
    return dense;
  }

  #tooMany(most: string): Error {
    const sentence = `${this.#name} has more than ${most}, the most that are replayed: give a part of it, an hour or a day.`;
    return fileError('trace_too_large', sentence, { path: this.#name });
  }

  /** The trace of one request or more, and what is to be said of it. Throws a file error where its times cannot be. */
  finished(): { trace: RequestTrace; notes: string[] } {
    const { msPerUnit, field } = this.#format.arrival;
    const spanMs = (this.#last.time - this.#first.time) * msPerUnit;
    if (!(spanMs <= LONGEST_TRACE_YEARS * MS_PER_YEAR))
      throw tooLong(this.#name, field, spanMs, [this.#first.line, this.#last.line]);
    const order = this.#stepsBack === 0 ? null : orderOf(this.#times.values);
    const arrivalMs = inOrder(this.#times.values, order);
    const start = this.#first.time;
    for (let i = 0; i < arrivalMs.length; i += 1) arrivalMs[i] = ((arrivalMs[i] as number) - start) * msPerUnit;
    const promptTokens = inOrder(this.#prompts.values, order);
    const blocks = this.#blocks(promptTokens, order);
    const trace: RequestTrace = {
      arrivalMs,
      promptTokens,
      outputTokens: inOrder(this.#outputs.values, order),
      cachedTokens: this.#hasCached ? inOrder(this.#cached.values, order) : null,
      prefixBlocks: blocks.prefixBlocks,
    };
    const notes = [
      this.#orderNote(),
      this.#jointNote(),
      sameMomentNote(arrivalMs),
      this.#outputNote(),
      ...blocks.notes,
    ];
    return { trace, notes: notes.filter((note) => note !== null) };
  }

  #orderNote(): string | null {
    if (this.#late === 0) return null;
    const { field } = this.#format.arrival;
    const many = this.#late === 1 ? '1 request comes' : `${thousands(this.#late)} requests come`;
    return `${many} behind a later one in the file: they were put in order by ${field}.`;
  }

  #jointNote(): string | null {
    const { field, msPerUnit } = this.#format.arrival;
    const backMs = this.#longestBack * msPerUnit;
    const isJoint =
      this.#stepsBack > 0 &&
      this.#stepsBack <= MOST_JOINTS &&
      backMs >= SHORTEST_SET_BACK_MS &&
      this.#late >= LEAST_ROWS_SET_BACK;
    if (!isJoint) return null;
    return `At line ${this.#longestBackLine} ${field} goes back by ${thousands(secondsFromMs(backMs))} s and goes on from there, so two parts are replayed at the same time: add that to the rows below if a clock was set back, replay each part by itself if files were joined.`;
  }

  #outputNote(): string | null {
    if (this.#withoutOutput === 0) return null;
    const { outputTokens } = this.#format;
    return `${requests(this.#withoutOutput)} with 0 ${outputTokens}: replayed with 1, the token that computing the prompt gives.`;
  }

  /** Blocks by request in order, and what is to be said of them. */
  #blocks(
    promptTokens: Float64Array,
    order: Uint32Array | null,
  ): { prefixBlocks: PrefixBlocks | null; notes: string[] } {
    const { content } = this.#format;
    const isOfTokens = content?.kind === 'token_ids';
    const blockTokens = isOfTokens ? BLOCK_OF_TOKENS : this.#blockSize.tokens;
    if (content === null || this.#ids.length === 0 || blockTokens === null) {
      if (this.#hasCached) return { prefixBlocks: null, notes: [] };
      const isUnclear = this.#ids.length > 0 && content !== null;
      const why = isUnclear
        ? `${content.field} fits no size of blocks`
        : 'The trace does not say which prompts begin alike';
      return { prefixBlocks: null, notes: [`${why}: hits of a prefix cache are not replayed from it.`] };
    }
    const { offsets, ids, cut } = blocksInOrder({
      offsets: this.#offsets.values,
      ids: this.#ids.values,
      order,
      most: (request) => Math.ceil((promptTokens[request] as number) / blockTokens),
    });
    const basis = isOfTokens ? 'whole blocks of tokens, as vLLM cuts them' : 'from the lengths of the prompts';
    const notes = [`${content.field} are replayed as prefix blocks of ${thousands(blockTokens)} tokens (${basis}).`];
    if (cut > 0)
      notes.push(`${requests(cut)} with more ${content.field} than the prompt has blocks: those beyond were dropped.`);
    return { prefixBlocks: { blockTokens, offsets, ids }, notes };
  }
}

function tooLong(name: string, field: string, spanMs: number, [first, last]: [number, number]): Error {
  const years = thousands(Math.round(spanMs / MS_PER_YEAR));
  return fileError(
    'trace_times',
    `${name} lasts ${years} years by ${field}, from line ${first} to line ${last}: one of the two is no time of this trace, or of another unit; correct it.`,
    { field, first_line: first, last_line: last },
  );
}

/** Places of the rows by time; equal times stay as they came. */
const orderOf = (times: Float64Array): Uint32Array =>
  Uint32Array.from(times.keys()).sort((a, b) => (times[a] as number) - (times[b] as number) || a - b);

const inOrder = (values: Float64Array, order: Uint32Array | null): Float64Array =>
  order === null ? values.slice() : Float64Array.from(order, (place) => values[place] as number);

interface UnorderedBlocks {
  offsets: Uint32Array;
  ids: Uint32Array;
  order: Uint32Array | null;
  /** Of a request by its place in order. */
  most: (request: number) => number;
}

/** Ids in the order of the requests, numbered as they appear there; `cut`: requests that had more than they can have. */
function blocksInOrder({ offsets, ids, order, most }: UnorderedBlocks) {
  const count = offsets.length - 1;
  const numbers = new DenseIds();
  const sorted = new Uint32Array(ids.length);
  const starts = new Uint32Array(count + 1);
  let length = 0;
  let cut = 0;
  for (let request = 0; request < count; request += 1) {
    const place = order === null ? request : (order[request] as number);
    const start = offsets[place] as number;
    const given = (offsets[place + 1] as number) - start;
    const kept = Math.min(given, most(request));
    if (kept < given) cut += 1;
    for (let k = 0; k < kept; k += 1) sorted[length + k] = numbers.of(ids[start + k] as number);
    length += kept;
    starts[request + 1] = length;
  }
  return { offsets: starts, ids: sorted.slice(0, length), cut };
}

/** Whether arrivals come in bursts is a fact about the traffic or about the clock of who wrote it: the reader has to know. */
function sameMomentNote(arrivalMs: Float64Array): string | null {
  let moments = arrivalMs.length === 0 ? 0 : 1;
  for (let i = 1; i < arrivalMs.length; i += 1) if (arrivalMs[i] !== arrivalMs[i - 1]) moments += 1;
  if (moments * 2 > arrivalMs.length) return null;
  return `${requests(arrivalMs.length)} arrive at ${thousands(moments)} different moment${moments === 1 ? '' : 's'}: those of one moment are replayed as a burst, which makes the first token later than arrivals spread in between would.`;
}
