import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import type { HubSettings } from './environment.ts';

/** A status that is no answer, with what the hub says beside it. */
export class HubStatusError extends Error {
  readonly status: number;
  /** `GatedRepo`, `RepoNotFound`, `RevisionNotFound`, `EntryNotFound`; null where none is given, as on mirrors. */
  readonly errorCode: string | null;
  /** The hub's own words; empty when none. */
  readonly words: string;
  readonly retryAfterS: number | null;

  constructor(status: number, headers: Headers) {
    super(`the hub answered ${status}`);
    this.name = 'HubStatusError';
    this.status = status;
    this.errorCode = headers.get('x-error-code');
    this.words = headers.get('x-error-message') ?? '';
    this.retryAfterS = retryAfterS(headers);
  }
}

/** An answer longer than any honest one. */
export class HubTooLargeError extends Error {
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    super(`the answer is longer than ${limitBytes} bytes`);
    this.name = 'HubTooLargeError';
    this.limitBytes = limitBytes;
  }
}

/** Weights are never loaded: a server that ignores the range asked for is not read. */
export class HubNoRangesError extends Error {
  constructor() {
    super('the server gives no ranges of a file');
    this.name = 'HubNoRangesError';
  }
}

export interface Transport {
  /** For the hub's client: adds the token, limits time and size, goes through the proxies of the settings. */
  fetch: typeof fetch;
  /** Commit that the last answer with one named (`X-Repo-Commit`), for mirrors that have no API. */
  lastCommit(): string | null;
  /** Ends what is still under way. */
  close(): Promise<void>;
}

/** Real configs have a few kilobytes; the API's answer for a repository of thousands of files has a few megabytes. */
const MAX_TEXT_BYTES = 5_000_000;
/** The largest indexes in use have 60 MB (half a million tensors). */
const MAX_INDEX_BYTES = 100_000_000;
/** The longest header that the hub's client reads. */
const MAX_HEADER_BYTES = 25_000_000;

export const COMMIT = /^[0-9a-f]{40}$/;

/** Opens a connection of its own to the hub. `cancel` ends every request. */
export function openTransport(settings: HubSettings, cancel: AbortSignal): Transport {
  const { endpoint, token, proxies, requestLimitMs } = settings;
  const hubOrigin = new URL(endpoint).origin;
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: proxies.http,
    httpsProxy: proxies.https,
    noProxy: proxies.except,
    // A tunnel is for encrypted connections; plain ones are asked of the proxy by their full address, as curl does.
    proxyTunnel: false,
  });
  let commit: string | null = null;

  const hubFetch: typeof fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = new Headers(init?.headers);
    // Not through the client: it refuses tokens of other hubs, and sends them along wherever a file's address leads.
    if (token !== null && url.origin === hubOrigin) headers.set('Authorization', `Bearer ${token}`);
    // Ranges of files as they are, not the client's own way of loading large ones in pieces.
    if (headers.get('Accept')?.includes('xet')) headers.set('Accept', '*/*');
    headers.set('User-Agent', 'configiq');
    const answered = await undiciFetch(url, {
      method: init?.method ?? 'GET',
      headers: Object.fromEntries(headers),
      signal: AbortSignal.any([cancel, AbortSignal.timeout(requestLimitMs)]),
      dispatcher,
    });
    const answer = new Headers(Object.fromEntries(answered.headers));
    const named = answer.get('x-repo-commit');
    if (named !== null && COMMIT.test(named)) commit = named;
    if (!answered.ok) {
      const error = new HubStatusError(answered.status, answer);
      await answered.body?.cancel();
      // The client makes "there is no such file" of these; its own error would lose what the headers say.
      if (error.status === 404 && (init?.method === 'HEAD' || error.errorCode === 'EntryNotFound')) {
        return new Response(null, { status: 404, headers: answer });
      }
      throw error;
    }
    if (headers.has('Range')) {
      if (isWeights(url) && answered.status !== PARTIAL_CONTENT) {
        await answered.body?.cancel();
        throw new HubNoRangesError();
      }
      completeHeaders(answer);
    }
    const limit = limitOf(url);
    if (Number(answer.get('content-length') ?? 0) > limit) {
      await answered.body?.cancel();
      throw new HubTooLargeError(limit);
    }
    const body = answered.body as ReadableStream<Uint8Array> | null;
    return new Response(body && limited(body, limit), { status: answered.status, headers: answer });
  };
  return { fetch: hubFetch, lastCommit: () => commit, close: () => dispatcher.destroy() };
}

const PARTIAL_CONTENT = 206;

const isWeights = (url: URL): boolean => url.pathname.endsWith('.safetensors');

function limitOf(url: URL): number {
  if (isWeights(url)) return MAX_HEADER_BYTES;
  return url.pathname.endsWith('.safetensors.index.json') ? MAX_INDEX_BYTES : MAX_TEXT_BYTES;
}

/** What the client wants to know of a file before it loads it, and mirrors leave out. It only loads texts without it. */
function completeHeaders(headers: Headers): void {
  if (!headers.has('etag')) headers.set('etag', '"unknown"');
  const length = headers.get('content-length') ?? '0';
  if (!headers.has('content-range')) headers.set('content-range', `bytes 0-${length}/${length}`);
}

/** The same bytes, and an error in the place of the first one too many. */
function limited(body: ReadableStream<Uint8Array>, limitBytes: number): ReadableStream<Uint8Array> {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.byteLength;
        if (bytes > limitBytes) throw new HubTooLargeError(limitBytes);
        controller.enqueue(chunk);
      },
    }),
  );
}

/** Seconds; the hub also names the end of its window in `RateLimit: "api";r=0;t=30`. */
function retryAfterS(headers: Headers): number | null {
  const after = headers.get('retry-after');
  const seconds = after !== null && after.trim() !== '' ? Number(after) : Number.NaN;
  if (seconds >= 0) return Math.ceil(seconds);
  const window = /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '');
  return window ? Number(window[1]) : null;
}
