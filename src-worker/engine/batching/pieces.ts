import { RunningBatch } from '../roofline/running-batch.ts';
import type { PromptNodes } from '../workload/lengths.ts';

/** Prompts as pieces of steps: one last piece each, after full chunks. */
interface Pieces {
  /** Prompts that arrive in a ms. */
  arrivalsPerMs: number;
  /** ms of the step without pieces (0 where nothing decodes), and the prompt tokens it has room for. */
  decodeOnlyMs: number;
  roomTokens: number;
  /** [node] ms a prompt adds to the steps it takes part in; as long as the most nodes so far. */
  extraMs: Float64Array;
  /** [node] ms that its last piece alone adds to a step; of the same length. */
  lastExtraMs: Float64Array;
  meanTokens: number;
  stdTokens: number;
  pairsPerToken: number;
  /** The same over all tokens of the prompts: those of full chunks see less context than the last ones. */
  promptPairsPerToken: number;
  /** ms of a step with a full chunk of all prompts, and ms per unit time spent in full chunks. */
  fullChunkMs: number;
  fullChunkShare: number;
  fullChunksPerPrompt: number;
  /** Mean ms that one piece adds to a step, that two do, and that as many do as it has room for. */
  singleExtraMs: number;
  twiceExtraMs: number;
  roomExtraMs: number;
}

/** The steps that are timed, and the pieces of prompts in them; both are written over for every mean step. */
export const batch = new RunningBatch();
export const pieces: Pieces = {
  arrivalsPerMs: 0,
  decodeOnlyMs: 0,
  roomTokens: 1,
  extraMs: new Float64Array(0),
  lastExtraMs: new Float64Array(0),
  meanTokens: 0,
  stdTokens: 0,
  pairsPerToken: 0,
  promptPairsPerToken: 0,
  fullChunkMs: 0,
  fullChunkShare: 0,
  fullChunksPerPrompt: 0,
  singleExtraMs: 0,
  twiceExtraMs: 0,
  roomExtraMs: 0,
};

/** Full chunks before the last piece of a prompt. */
const chunksBefore = (uncached: number, room: number): number => Math.max(0, Math.ceil(uncached / room) - 1);

/** Cuts every prompt node into full chunks and a last piece: the lengths of `pieces`. */
export function cutPieces({ uncachedTokens, cachedTokens, weights }: PromptNodes): void {
  const room = pieces.roomTokens;
  let mean = 0;
  let second = 0;
  let pairs = 0;
  let promptTokens = 0;
  let promptPairs = 0;
  let fullChunksPerPrompt = 0;
  for (let i = 0; i < uncachedTokens.length; i += 1) {
    const uncached = uncachedTokens[i] as number;
    const weight = weights[i] as number;
    const chunks = chunksBefore(uncached, room);
    const rest = uncached - chunks * room;
    mean += weight * rest;
    second += weight * rest * rest;
    pairs += weight * rest * ((cachedTokens[i] as number) + chunks * room + rest / 2);
    promptTokens += weight * uncached;
    promptPairs += weight * uncached * ((cachedTokens[i] as number) + uncached / 2);
    fullChunksPerPrompt += weight * chunks;
  }
  pieces.meanTokens = mean;
  pieces.stdTokens = Math.sqrt(Math.max(0, second - mean ** 2));
  pieces.pairsPerToken = pairs / mean;
  pieces.promptPairsPerToken = promptPairs / promptTokens;
  pieces.fullChunksPerPrompt = fullChunksPerPrompt;
}

/** Pieces of mean length that a step has room for; at least one. */
export const piecesAtRoom = (): number => Math.max(pieces.roomTokens / pieces.meanTokens, 1);

/** Asks for a step without pieces, and for one with a full chunk of all prompts, at `at` and after it; `ending` 1 where that samples. */
function askBounds(at: number, ending: 0 | 1): void {
  const { roomTokens, promptPairsPerToken } = pieces;
  batch.tokens[at] = 0;
  batch.pairs[at] = 0;
  batch.endings[at] = 0;
  batch.tokens[at + 1] = roomTokens;
  batch.pairs[at + 1] = roomTokens * promptPairsPerToken;
  batch.endings[at + 1] = ending;
}

/** Reads what `askBounds` asked for. */
function readBounds(at: number, hasDecodes: boolean): void {
  pieces.decodeOnlyMs = hasDecodes ? (batch.ms[at] as number) : 0;
  pieces.fullChunkMs = batch.ms[at + 1] as number;
}

/** Times the step without pieces and the one with a full chunk. */
export function timeBounds(hasDecodes: boolean): void {
  askBounds(0, 1);
  batch.time(2);
  readBounds(0, hasDecodes);
}

/** The same, with one piece of mean length and chunks that sample nothing. */
export function timeMeanPiece(hasDecodes: boolean): void {
  askBounds(0, 0);
  askPieces(2, 1);
  batch.time(3);
  readBounds(0, hasDecodes);
  pieces.singleExtraMs = askedPiecesMs(2, 1);
}

/**
 * Times the last pieces and the full chunks before them in the steps of `batch`, with all that no number of pieces enters: the
 * times of `pieces`. All are asked for at once, as every pass over the columns of a batch costs as much as some steps.
 */
export function timePieces({ uncachedTokens, cachedTokens, weights }: PromptNodes, hasDecodes: boolean): void {
  const { arrivalsPerMs, roomTokens: room } = pieces;
  const count = uncachedTokens.length;
  if (pieces.extraMs.length < count) {
    pieces.extraMs = new Float64Array(count);
    pieces.lastExtraMs = new Float64Array(count);
  }
  // The last pieces first, then a full chunk of each node that has some.
  let asked = count;
  for (let i = 0; i < count; i += 1) {
    const uncached = uncachedTokens[i] as number;
    const cached = cachedTokens[i] as number;
    const chunks = chunksBefore(uncached, room);
    const rest = uncached - chunks * room;
    batch.tokens[i] = rest;
    batch.pairs[i] = rest * (cached + chunks * room + rest / 2);
    batch.endings[i] = 1;
    if (chunks === 0) continue;
    batch.tokens[asked] = room;
    batch.pairs[asked] = room * (cached + (chunks * room) / 2);
    batch.endings[asked] = 0;
    asked += 1;
  }
  const atRoom = piecesAtRoom();
  askBounds(asked, 1);
  askPieces(asked + 2, 2);
  askPieces(asked + 3, atRoom);
  batch.time(asked + 4);
  readBounds(asked, hasDecodes);
  pieces.twiceExtraMs = askedPiecesMs(asked + 2, 2);
  pieces.roomExtraMs = askedPiecesMs(asked + 3, atRoom);
  const { decodeOnlyMs } = pieces;
  let singleExtraMs = 0;
  let fullChunkShare = 0;
  let fullChunk = count;
  for (let i = 0; i < count; i += 1) {
    const weight = weights[i] as number;
    const chunks = chunksBefore(uncachedTokens[i] as number, room);
    const pieceMs = (batch.ms[i] as number) - decodeOnlyMs;
    let chunksMs = 0;
    if (chunks > 0) {
      chunksMs = chunks * (batch.ms[fullChunk] as number);
      fullChunk += 1;
    }
    pieces.lastExtraMs[i] = pieceMs;
    pieces.extraMs[i] = pieceMs + chunksMs - chunks * decodeOnlyMs;
    singleExtraMs += weight * pieceMs;
    fullChunkShare += arrivalsPerMs * weight * chunksMs;
  }
  pieces.singleExtraMs = singleExtraMs;
  pieces.fullChunkShare = fullChunkShare;
}

/** Asks for a step of `batch` with `count` pieces, or as many as there is room for, at `at` of its columns. */
export function askPieces(at: number, count: number): void {
  const { meanTokens, pairsPerToken } = pieces;
  const fitting = Math.min(count * meanTokens, pieces.roomTokens);
  batch.tokens[at] = fitting;
  batch.pairs[at] = fitting * pairsPerToken;
  batch.endings[at] = Math.min(count, pieces.roomTokens / meanTokens);
}

/** ms that the `count` pieces asked for at `at` add to a step, beyond the room in proportion. */
export function askedPiecesMs(at: number, count: number): number {
  const beyond = Math.max(1, (count * pieces.meanTokens) / pieces.roomTokens);
  return ((batch.ms[at] as number) - pieces.decodeOnlyMs) * beyond;
}

/** ms that `count` pieces add to a step of `batch`, beyond the room in proportion. */
export function piecesMs(count: number): number {
  askPieces(0, count);
  batch.time(1);
  return askedPiecesMs(0, count);
}
