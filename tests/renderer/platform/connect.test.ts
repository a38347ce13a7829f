import * as Comlink from 'comlink/dist/esm/comlink.mjs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connect } from '../../../src-renderer/platform/connect.ts';
import type { ProgressEvent } from '../../../src-worker/protocol/app-api.ts';
import { decode, encode } from '../../../src-worker/protocol/codec.ts';
import { fakeApi, INFO } from '../fixtures/app.ts';

const PROGRESS: ProgressEvent = {
  type: 'configiq:progress',
  taskId: 't',
  phase: 'computing',
  done: 1,
  total: 2,
  best: null,
  live: [],
  excluded: {},
  notes: [],
};

/** The host's end of a WebSocket, in this process; frames pass through the real codec. */
class FakeSocket extends EventTarget {
  static latest: FakeSocket;
  readonly url: string;
  readonly endpoint = new EventTarget();
  binaryType = '';

  constructor(url: string) {
    super();
    this.url = url;
    FakeSocket.latest = this;
    queueMicrotask(() => this.dispatchEvent(new Event('open')));
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    const data = decode(frame.buffer);
    queueMicrotask(() => this.endpoint.dispatchEvent(new MessageEvent('message', { data })));
  }

  receive(message: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: encode(message).buffer }));
  }

  close(): void {
    this.dispatchEvent(new Event('close'));
  }

  serve(api: object): void {
    const { endpoint } = this;
    Comlink.expose(api, {
      postMessage: (message: unknown) => this.receive(message),
      addEventListener: endpoint.addEventListener.bind(endpoint),
      removeEventListener: endpoint.removeEventListener.bind(endpoint),
    });
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  delete window.configiq;
});

describe('browser host', () => {
  test('calls and progress share one socket, opened with the token of the address', async () => {
    vi.stubGlobal('WebSocket', FakeSocket);
    location.hash = '#token=a%2Bb';
    const connection = await connect();
    expect(FakeSocket.latest.url).toBe(`ws://${location.host}/rpc?token=a%2Bb`);
    FakeSocket.latest.serve(fakeApi());
    expect(await connection.api.info()).toEqual({ ok: true, value: INFO });
    const events: ProgressEvent[] = [];
    const stop = connection.onProgress((event) => events.push(event));
    FakeSocket.latest.receive(PROGRESS);
    stop();
    FakeSocket.latest.receive(PROGRESS);
    expect(events).toEqual([PROGRESS]);
  });

  test('a call under way when the host goes ends as a failure, not in silence', async () => {
    vi.stubGlobal('WebSocket', FakeSocket);
    const connection = await connect();
    const lost = vi.fn();
    connection.onLost(lost);
    const call = connection.api.listRuns();
    FakeSocket.latest.close();
    expect(await call).toMatchObject({ ok: false, error: { family: 'interrupted', code: 'connection_lost' } });
    expect(lost).toHaveBeenCalledOnce();
  });

  test('no host at the address is said in a sentence', async () => {
    class Refused extends EventTarget {
      constructor() {
        super();
        queueMicrotask(() => this.dispatchEvent(new Event('close')));
      }
      close(): void {}
    }
    vi.stubGlobal('WebSocket', Refused);
    await expect(connect()).rejects.toThrow('No ConfigIQ answers at this address');
  });
});

describe('Electron', () => {
  test('the port comes from the preload, and only from this window', async () => {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(fakeApi(), port2);
    const post = (source: Window | null, ports: MessagePort[]) =>
      window.dispatchEvent(Object.assign(new Event('message'), { data: 'configiq:port', source, ports }));
    window.configiq = {
      host: 'electron',
      connect: () => {
        post(null, [new MessageChannel().port1]);
        post(window, [port1]);
      },
    };
    const connection = await connect();
    expect(await connection.api.info()).toEqual({ ok: true, value: INFO });
    const received = new Promise((resolve) => connection.onProgress(resolve));
    port2.postMessage(PROGRESS);
    expect(await received).toEqual(PROGRESS);
    connection.close();
    port2.close();
  });
});
