import { wrap, type Endpoint, type Remote } from 'comlink/dist/esm/comlink.mjs';
import { WebSocket } from 'ws';
import type { AppApi, ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { decode, encode } from '../../src-worker/protocol/codec.ts';

/** A front as the page is one, without a page: calls by comlink, events beside them, over a WebSocket of Node's. */
export interface SocketClient {
  api: Remote<AppApi>;
  socket: WebSocket;
  events: ProgressEvent[];
  /** Sends anything, past comlink, and resolves to the answer with the same id. */
  sendRaw: (message: { id: string } & Record<string, unknown>) => Promise<unknown>;
  close(): Promise<void>;
}

export async function connectSocket(server: { url: string; token: string }): Promise<SocketClient> {
  const { origin, host } = new URL(server.url);
  const socket = new WebSocket(`ws://${host}/rpc?token=${server.token}`, { origin });
  socket.binaryType = 'arraybuffer';
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });

  const listeners = new Set<(event: MessageEvent) => void>();
  const events: ProgressEvent[] = [];
  socket.on('message', (data) => {
    const message = decode(data as ArrayBuffer);
    if (isProgress(message)) events.push(message);
    for (const listener of listeners) listener({ data: message } as MessageEvent);
  });
  const endpoint: Endpoint = {
    postMessage: (message: unknown) => socket.send(encode(message)),
    addEventListener: (_type, listener) => void listeners.add(listener as (event: MessageEvent) => void),
    removeEventListener: (_type, listener) => void listeners.delete(listener as (event: MessageEvent) => void),
  };
  const sendRaw = (message: { id: string } & Record<string, unknown>) =>
    new Promise<unknown>((resolve) => {
      const listener = (event: MessageEvent) => {
        if ((event.data as { id?: unknown }).id !== message.id) return;
        listeners.delete(listener);
        resolve(event.data);
      };
      listeners.add(listener);
      socket.send(encode(message));
    });
  const close = () =>
    new Promise<void>((resolve) => {
      if (socket.readyState === WebSocket.CLOSED) return resolve();
      socket.once('close', () => resolve());
      socket.close();
    });
  return { api: wrap<AppApi>(endpoint), socket, events, sendRaw, close };
}

function isProgress(message: unknown): message is ProgressEvent {
  return (message as { type?: unknown } | null)?.type === 'configiq:progress';
}

/** The HTTP status a server refuses an upgrade with, or 101 when it opens. */
export function upgradeStatus(url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.once('open', () => {
      socket.close();
      resolve(101);
    });
    socket.once('unexpected-response', (_request, response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    socket.once('error', reject);
  });
}
