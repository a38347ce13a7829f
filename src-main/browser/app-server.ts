import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import sirv from 'sirv';
import { WebSocketServer, type WebSocket } from 'ws';
import { invalidInput } from '../../src-worker/engine/errors.ts';
import { MAX_CATALOG_BYTES } from '../../src-worker/protocol/catalog-api.ts';
import { decode, encode } from '../../src-worker/protocol/codec.ts';
import { exportBody, exportHeaders, exportPathIn, type OpenExport } from '../rpc/export-stream.ts';
import { pageHeaders } from '../rpc/page-headers.ts';
import { serveApi, type ServedApp } from '../rpc/serve-api.ts';

/** Of one message to us. The largest honest one is a catalog dropped on the page, with each quote and line end escaped. */
const MAX_REQUEST_BYTES = 2 * MAX_CATALOG_BYTES + 2 ** 20;
const RPC_PATH = '/rpc';
const TOKEN_BYTES = 24;
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;

export interface AppServer {
  /** `http://127.0.0.1:PORT`, without the token. */
  origin: string;
  /** The page with its token in the fragment, which browsers never send. */
  url: string;
  token: string;
  close(): Promise<void>;
}

/**
 * Serves the page's files to anybody on this machine and the app's calls to whoever knows the token. Three checks keep other
 * web pages out: the Host header (a name that resolves to loopback is not enough), the Origin of the WebSocket (browsers do
 * not apply the same-origin policy to it), and the token. Throws invalid input for an address or port it cannot use.
 */
export async function startAppServer(options: {
  app: ServedApp;
  /** Exports that a page was offered over its calls; the secret in their paths stands for the token. */
  openExport: OpenExport;
  rendererFolder: string;
  host: string;
  port: number;
}): Promise<AppServer> {
  const server = createServer();
  const port = await listen(server, options.host, options.port);
  // Through URL, which drops the port where browsers do (80).
  const hosts = [...new Set([bracketed(options.host), '127.0.0.1', 'localhost'])];
  const names = hosts.map((name) => new URL(`http://${name}:${port}`).host);
  const isOwnHost = (request: IncomingMessage) => names.includes(request.headers.host?.toLowerCase() ?? '');
  const token = randomBytes(TOKEN_BYTES).toString('base64url');

  server.on('request', pageHandler(options, names, isOwnHost));
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_REQUEST_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    const refusal = refuseUpgrade(request, isOwnHost(request), token);
    if (refusal) return refuse(socket, refusal);
    sockets.handleUpgrade(request, socket, head, (webSocket) => serveSocket(options.app, webSocket));
  });

  const origin = `http://${bracketed(options.host)}:${port}`;
  return { origin, url: `${origin}/#token=${token}`, token, close: () => closeAll(server, sockets) };
}

function pageHandler(
  { rendererFolder: folder, openExport }: { rendererFolder: string; openExport: OpenExport },
  names: string[],
  isOwnHost: (request: IncomingMessage) => boolean,
) {
  const headers = pageHeaders(names.map((name) => `ws://${name}`));
  // Not in development mode: sirv then lists the folder once and serves those files only, so that no path leads out of it.
  const serveFile = sirv(folder, { etag: true, dotfiles: false });
  return (request: IncomingMessage, response: ServerResponse) => {
    if (!isOwnHost(request)) return answer(response, 421, 'This server answers to loopback names only.');
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      return answer(response, 405, 'Only GET and HEAD are served here.');
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const exportPath = exportPathIn(new URL(request.url ?? '/', 'http://loopback').pathname);
    if (exportPath !== null) return void sendExport(request, response, openExport, exportPath);
    response.setHeader('Cache-Control', 'no-cache');
    serveFile(request, response, () => answer(response, 404, 'There is no such file.'));
  };
}

async function sendExport(
  request: IncomingMessage,
  response: ServerResponse,
  openExport: OpenExport,
  path: string,
): Promise<void> {
  // Asked for its head only, it must still be there to be fetched.
  const found = request.method === 'GET' ? openExport(path) : null;
  if (!found) return answer(response, 404, 'There is no such export any more: export the run again.');
  response.writeHead(200, exportHeaders(found));
  // A page that goes away, or rows that cannot be read, end the connection: a browser then says that the download failed.
  await pipeline(exportBody(found), response).catch(() => response.destroy());
}

function answer(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${sentence}\n`);
}

/** The status line that refuses an upgrade, or null when it may go on. */
function refuseUpgrade(request: IncomingMessage, isOwnHost: boolean, token: string): string | null {
  if (!isOwnHost) return '421 Misdirected Request';
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
  if (pathname !== RPC_PATH) return '404 Not Found';
  const sameOrigin = request.headers.origin?.toLowerCase() === `http://${request.headers.host?.toLowerCase()}`;
  if (!sameOrigin || !isToken(searchParams.get('token'), token)) return '403 Forbidden';
  return null;
}

/** Takes the same time wherever the first wrong letter stands. */
function isToken(given: string | null, token: string): boolean {
  const givenBytes = Buffer.from(given ?? '');
  const tokenBytes = Buffer.from(token);
  return givenBytes.length === tokenBytes.length && timingSafeEqual(givenBytes, tokenBytes);
}

function refuse(socket: Duplex, statusLine: string): void {
  // The other side may be gone already; there is nobody left to tell.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${statusLine}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function serveSocket(app: ServedApp, socket: WebSocket): void {
  socket.binaryType = 'arraybuffer';
  const stop = serveApi(app, {
    send: (message) => {
      const frame = encode(message);
      if (socket.readyState === socket.OPEN) socket.send(frame);
    },
    onMessage: (listener) => {
      socket.on('message', (data, isBinary) => {
        const message = isBinary ? decodeOrNull(data as ArrayBuffer) : null;
        // A page of ours never sends anything else, so it is not worth going on with whoever this is.
        if (message === null) socket.close(UNSUPPORTED_DATA, 'not a frame');
        else listener(message);
      });
    },
  });
  socket.on('close', stop);
  // Too large a message, say: ws closes the connection itself and reports why, and `close` follows.
  socket.on('error', () => socket.terminate());
}

function decodeOrNull(frame: ArrayBuffer): unknown {
  try {
    return decode(frame);
  } catch {
    return null;
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port));
    server.once('error', fail);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** A port is chosen by the person who starts the server, so a port that cannot be had is wrong usage. */
function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const details = { host, port };
  switch (error.code) {
    case 'EADDRINUSE':
      return invalidInput(
        'port_in_use',
        `Port ${port} is in use: give another with --port, or none for a free one.`,
        details,
      );
    case 'EACCES':
      return invalidInput(
        'port_refused',
        `Port ${port} may not be opened by this user: give one from 1024 to 65535.`,
        details,
      );
    case 'EADDRNOTAVAIL':
      return invalidInput('host_unavailable', `This machine has no address ${host}: use --host 127.0.0.1.`, details);
    default:
      return error;
  }
}

async function closeAll(server: Server, sockets: WebSocketServer): Promise<void> {
  for (const socket of sockets.clients) socket.close(GOING_AWAY, 'ConfigIQ has been stopped');
  sockets.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
  // A page that has gone to sleep does not complete the closing handshake.
  for (const socket of sockets.clients) socket.terminate();
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);
