import * as Comlink from 'comlink/dist/esm/comlink.mjs';
import type { AppApi, ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { decode, encode } from '../../src-worker/protocol/codec.ts';
import { failure, type Result } from '../../src-worker/protocol/result.ts';

/**
 * The bridge to the host: a MessagePort in Electron, a WebSocket in the browser host. Nothing outside this folder knows
 * which one it is.
 */
export interface Connection {
  api: AppApi;
  onProgress(listener: (event: ProgressEvent) => void): () => void;
  /** Called once, when the host is gone. Calls that were under way end as failures with code `connection_lost`. */
  onLost(listener: () => void): void;
  close(): void;
}

declare global {
  interface Window {
    /** What the preload offers. */
    configiq?: { host: 'electron'; connect(): void };
  }
}

const PORT_MESSAGE = 'configiq:port';
const PROGRESS_MESSAGE = 'configiq:progress';
/** A host that is up answers within milliseconds. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Rejects with a sentence for people when no host answers. */
export const connect = (): Promise<Connection> => (window.configiq ? overPort(window.configiq) : overSocket());

async function overPort(bridge: NonNullable<Window['configiq']>): Promise<Connection> {
  const port = await new Promise<MessagePort>((resolve, reject) => {
    const timer = setTimeout(() => {
      window.removeEventListener('message', receive);
      reject(new Error('The main process did not answer. Close the window and start ConfigIQ again.'));
    }, CONNECT_TIMEOUT_MS);
    function receive(event: MessageEvent): void {
      const [received] = event.ports;
      if (event.source !== window || event.data !== PORT_MESSAGE || !received) return;
      window.removeEventListener('message', receive);
      clearTimeout(timer);
      resolve(received);
    }
    window.addEventListener('message', receive);
    bridge.connect();
  });
  const wire = createWire(() => port.close());
  port.addEventListener('message', (event: MessageEvent) => wire.receive(event.data));
  port.addEventListener('close', () => wire.lose());
  port.start();
  return wire.connection(port);
}

async function overSocket(): Promise<Connection> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const socket = new WebSocket(`${scheme}://${location.host}/rpc?token=${encodeURIComponent(token)}`);
  socket.binaryType = 'arraybuffer';
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(refuse, CONNECT_TIMEOUT_MS);
    function refuse(): void {
      clearTimeout(timer);
      socket.close();
      reject(new Error('No ConfigIQ answers at this address. Start it again and open the address it prints.'));
    }
    socket.addEventListener('close', refuse, { once: true });
    socket.addEventListener(
      'open',
      () => {
        clearTimeout(timer);
        socket.removeEventListener('close', refuse);
        resolve();
      },
      { once: true },
    );
  });
  const wire = createWire(() => socket.close());
  const listeners = new Set<(event: MessageEvent) => void>();
  socket.addEventListener('message', (event: MessageEvent<ArrayBuffer>) => {
    const data = decode(event.data);
    if (wire.receive(data)) return;
    for (const listener of listeners) listener(new MessageEvent('message', { data }));
  });
  socket.addEventListener('close', () => wire.lose());
  const endpoint: Comlink.Endpoint = {
    postMessage: (message: unknown) => socket.send(encode(message)),
    // comlink only ever adds and removes plain functions for `message`.
    addEventListener: (_type, listener) => void listeners.add(listener as (event: MessageEvent) => void),
    removeEventListener: (_type, listener) => void listeners.delete(listener as (event: MessageEvent) => void),
  };
  return wire.connection(endpoint);
}

/** What both kinds of bridge share: progress beside the calls, and an end to every call when the host goes. */
function createWire(closeBridge: () => void) {
  const progressListeners = new Set<(event: ProgressEvent) => void>();
  const lostListeners = new Set<() => void>();
  let isLost = false;
  let announceLoss: () => void = () => undefined;
  const lost = new Promise<Result<never>>((resolve) => {
    announceLoss = () =>
      resolve(
        failure({
          family: 'interrupted',
          code: 'connection_lost',
          message: 'The connection to ConfigIQ was lost before the answer came.',
          details: {},
        }),
      );
  });
  return {
    /** True when the message was one of ours and not comlink's. */
    receive(data: unknown): boolean {
      if (!isProgress(data)) return false;
      for (const listener of progressListeners) listener(data);
      return true;
    },
    lose(): void {
      if (isLost) return;
      isLost = true;
      announceLoss();
      for (const listener of lostListeners) listener();
    },
    connection(endpoint: Comlink.Endpoint | MessagePort): Connection {
      const remote = Comlink.wrap<AppApi>(endpoint);
      return {
        api: endingWith(remote, lost),
        onProgress(listener) {
          progressListeners.add(listener);
          return () => progressListeners.delete(listener);
        },
        onLost: (listener) => (isLost ? listener() : void lostListeners.add(listener)),
        close: closeBridge,
      };
    },
  };
}

const isProgress = (data: unknown): data is ProgressEvent =>
  typeof data === 'object' && data !== null && 'type' in data && data.type === PROGRESS_MESSAGE;

/** The remote interface, with every call ending as `lost` when that comes first. */
function endingWith(remote: Comlink.Remote<AppApi>, lost: Promise<Result<never>>): AppApi {
  return new Proxy({} as AppApi, {
    get(_target, name: keyof AppApi) {
      return (...args: unknown[]) => {
        // comlink's own proxy answers to any name; the type of `AppApi` says which ones are called.
        const call = remote[name] as unknown as (...args: unknown[]) => Promise<Result<unknown>>;
        return Promise.race([call(...args), lost]);
      };
    },
  });
}
