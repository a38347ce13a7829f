import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A real server on a free port of this machine, closed with its connections when the test ends. */
export async function listen(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

export interface Repository {
  /** By branch, tag or commit. */
  commits: Record<string, string>;
  /** The same at every commit. */
  files: Record<string, string | Buffer>;
  /** What the API tells of the safetensors files; absent = nothing. */
  safetensors?: unknown;
  /** Whose token may read the files; absent = everybody. */
  gatedFor?: string[];
}

export interface Hub {
  url: string;
  /** `GET /api/models/x range=bytes=0-7 token` of every request, hub and content server alike. */
  requests: string[];
  /** Bytes of weights' files that were sent. */
  weightBytesSent: () => number;
}

export const COMMIT = 'a'.repeat(40);
export const OTHER_COMMIT = 'b'.repeat(40);

const isWeights = (path: string): boolean => path.endsWith('.safetensors');

/**
 * A hub: the API, files by revision with the headers and error codes of the real one, small files behind a redirect on the
 * same host, weights behind one to a content server on another port, which refuses tokens. `before` may answer first.
 */
export async function startHub(
  repositories: Record<string, Repository>,
  before: (request: IncomingMessage, response: ServerResponse) => boolean = () => false,
): Promise<Hub> {
  const requests: string[] = [];
  let weightBytes = 0;
  const note = ({ method = '', url = '', headers }: IncomingMessage) => {
    const range = headers.range === undefined ? '' : ` ${headers.range}`;
    requests.push(`${method} ${url.split('?')[0] ?? ''}${range}${headers.authorization === undefined ? '' : ' token'}`);
  };

  const content = await listen((request, response) => {
    note(request);
    if (request.headers.authorization !== undefined) {
      response.writeHead(400).end('two ways of authentication');
      return;
    }
    const [owner = '', name = '', ...path] = new URL(request.url ?? '', 'http://x').pathname.slice(1).split('/');
    const file = repositories[`${owner}/${name}`]?.files[path.join('/')] ?? '';
    weightBytes += sendFile(request, response, Buffer.from(file));
  });

  const hub = await listen((request, response) => {
    note(request);
    if (before(request, response)) return;
    const { pathname } = new URL(request.url ?? '', 'http://x');
    const token = request.headers.authorization?.replace('Bearer ', '') ?? null;
    const fail = (status: number, code: string, message: string) => {
      response.writeHead(status, {
        'X-Error-Code': code,
        'X-Error-Message': message,
        'Content-Type': 'application/json',
      });
      response.end(JSON.stringify({ error: message }));
    };
    const asked = parse(pathname);
    const found = Object.entries(repositories).find(([id]) => id.toLowerCase() === asked?.id.toLowerCase());
    if (!asked || !found) {
      // The real one does not tell strangers what is private and what does not exist.
      fail(token === null ? 401 : 404, 'RepoNotFound', 'Repository not found');
      return;
    }
    const [id, repository] = found;
    const commit = Object.values(repository.commits).includes(asked.revision)
      ? asked.revision
      : repository.commits[asked.revision];
    if (commit === undefined) {
      fail(404, 'RevisionNotFound', `Invalid rev id: ${asked.revision}`);
      return;
    }
    if (asked.path === null) {
      const siblings = Object.keys(repository.files).map((rfilename) => ({ rfilename }));
      sendJson(response, {
        _id: '1',
        id,
        sha: commit,
        private: false,
        gated: Boolean(repository.gatedFor),
        siblings,
        safetensors: repository.safetensors,
      });
      return;
    }
    if (repository.gatedFor && !(token !== null && repository.gatedFor.includes(token))) {
      fail(token === null ? 401 : 403, 'GatedRepo', `Access to model ${id} is restricted`);
      return;
    }
    const file = repository.files[asked.path];
    response.setHeader('X-Repo-Commit', commit);
    if (file === undefined) {
      fail(404, 'EntryNotFound', 'Entry not found');
    } else if (isWeights(asked.path)) {
      response.writeHead(302, { Location: `${content.url}/${id}/${asked.path}` }).end();
    } else if (asked.isCached) {
      sendFile(request, response, Buffer.from(file));
    } else {
      response.writeHead(307, { Location: `/api/resolve-cache/models/${id}/${commit}/${asked.path}` }).end();
    }
  });
  return { url: hub.url, requests, weightBytesSent: () => weightBytes };
}

interface AskedOfHub {
  id: string;
  revision: string;
  /** null = the API's description. */
  path: string | null;
  /** True behind the redirect of a small file. */
  isCached: boolean;
}

function parse(pathname: string): AskedOfHub | null {
  const parts = pathname.slice(1).split('/').map(decodeURIComponent);
  const cached = pathname.startsWith('/api/resolve-cache/models/');
  const api = pathname.startsWith('/api/models/');
  const [owner = '', name = '', ...rest] = cached ? parts.slice(3) : api ? parts.slice(2) : parts;
  const id = `${owner}/${name}`;
  if (cached) return { id, revision: rest[0] ?? '', path: rest.slice(1).join('/'), isCached: true };
  if (api) return { id, revision: rest[0] === 'revision' ? (rest[1] ?? '') : 'main', path: null, isCached: false };
  return rest[0] === 'resolve' || rest[0] === 'raw'
    ? { id, revision: rest[1] ?? '', path: rest.slice(2).join('/'), isCached: false }
    : null;
}

export function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

/** A file or the range asked for, as content servers send them. Returns how many bytes went out. */
export function sendFile(request: IncomingMessage, response: ServerResponse, file: Buffer): number {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
  const part = range ? file.subarray(Number(range[1]), Number(range[2]) + 1) : file;
  response.writeHead(range ? 206 : 200, {
    ETag: '"1"',
    'Content-Length': part.length,
    ...(range ? { 'Content-Range': `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${file.length}` } : {}),
  });
  response.end(request.method === 'HEAD' ? undefined : part);
  return part.length;
}

/** A safetensors file of these tensors: 8 bytes of length, the header, then zeros in the place of weights. */
export function safetensorsFile(tensors: Record<string, { dtype: string; shape: number[]; bytes: number }>): Buffer {
  let end = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, { dtype, shape, bytes }] of Object.entries(tensors)) {
    header[name] = { dtype, shape, data_offsets: [end, (end += bytes)] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, Buffer.alloc(end)]);
}
