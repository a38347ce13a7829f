import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { get, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAppServer, type AppServer } from '../../src-main/browser/app-server.ts';
import type { ExportStream } from '../../src-main/services/exports.ts';
import type { ServedApp } from '../../src-main/rpc/serve-api.ts';
import { ConfigIqError } from '../../src-worker/engine/errors.ts';
import type { AppApi, ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { MAX_CATALOG_BYTES } from '../../src-worker/protocol/catalog-api.ts';
import { encode } from '../../src-worker/protocol/codec.ts';
import { connectSocket, upgradeStatus, type SocketClient } from './socket-client.ts';

/** Only the transport is under test here, so the app behind it repeats what it is asked. */
function echoingApp(): ServedApp & { push(event: ProgressEvent): void; listeners: number } {
  const listeners = new Set<(event: ProgressEvent) => void>();
  const echo = (request: unknown) => Promise.resolve({ ok: true, value: request });
  const broken = () => Promise.reject(new Error('the disk is full'));
  return {
    api: { showModel: echo, size: echo, info: broken } as unknown as AppApi,
    onProgress(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    push: (event) => listeners.forEach((listener) => listener(event)),
    get listeners() {
      return listeners.size;
    },
  };
}

const progress = (done: number): ProgressEvent => ({
  type: 'configiq:progress',
  taskId: 'sweep-1',
  phase: 'computing',
  done,
  total: 10,
  best: null,
  live: [],
  excluded: {},
  notes: [],
});

/** What was offered, once. */
const offered = new Map<string, ExportStream>();
const openExport = (path: string): ExportStream | null => {
  const found = offered.get(path) ?? null;
  offered.delete(path);
  return found;
};

let folder: string;
let app: ReturnType<typeof echoingApp>;
let server: AppServer;
const clients: SocketClient[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'configiq-server-'));
  await mkdir(join(folder, 'renderer', 'assets'), { recursive: true });
  await writeFile(join(folder, 'renderer', 'index.html'), '<!doctype html><title>ConfigIQ</title>');
  await writeFile(join(folder, 'renderer', 'assets', 'main.js'), 'export {};');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  app = echoingApp();
  server = await startAppServer({
    app,
    openExport,
    rendererFolder: join(folder, 'renderer'),
    host: '127.0.0.1',
    port: 0,
  });
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
  await rm(folder, { recursive: true });
});

async function client(): Promise<SocketClient> {
  const connected = await connectSocket(server);
  clients.push(connected);
  return connected;
}

/** fetch does not let a test choose the Host header or an unnormalised path; this does. */
function status(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.origin);
    const sent = httpRequest({ hostname, port, path, method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject).end();
  });
}

describe('app server: files', () => {
  it('serves the page without a token', async () => {
    const response = await fetch(`${server.origin}/`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<title>ConfigIQ</title>');
  });

  it('sends the headers that isolate the page, on pages and on scripts', async () => {
    for (const path of ['/', '/assets/main.js']) {
      const { headers } = await fetch(server.origin + path);
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('content-security-policy')).toContain("script-src 'self';");
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-embedder-policy')).toBe('require-corp');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('allows no other origin to read anything (no CORS), even when asked', async () => {
    const response = await fetch(server.origin, { headers: { Origin: 'http://evil.test' } });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(await status('/', { Origin: 'http://evil.test' }, 'OPTIONS')).toBe(405);
  });

  it('answers 404 for what is not there', async () => {
    expect(await status('/missing.js')).toBe(404);
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%2f..%2f..%2fsecret.txt',
    '/..\\secret.txt',
    '/%00',
    '/%',
  ])('serves nothing outside its folder: %s', async (path) => {
    expect(await status(path)).toBe(404);
  });

  it.each(['evil.test', 'evil.test:80', '127.0.0.1', '127.0.0.1:1', '127.0.0.1.evil.test'])(
    'refuses the host name "%s" with 421 (DNS rebinding)',
    async (host) => {
      expect(await status('/', { Host: host })).toBe(421);
    },
  );

  it('answers to localhost as well', async () => {
    const { port } = new URL(server.origin);
    expect(await status('/', { Host: `localhost:${port}` })).toBe(200);
  });

  it('refuses to be written to', async () => {
    expect(await status('/', {}, 'POST')).toBe(405);
  });
});

describe('app server: who may connect', () => {
  const rpc = (token: string, path = '/rpc') => `${server.origin.replace('http', 'ws')}${path}?token=${token}`;

  it('opens with the token and the page as origin', async () => {
    expect(await upgradeStatus(rpc(server.token), { Origin: server.origin })).toBe(101);
  });

  it('refuses a wrong, short, long or missing token with 403', async () => {
    const wrong = server.token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    for (const token of [wrong, '', server.token.slice(1), `${server.token}A`, 'é'.repeat(16)]) {
      expect(await upgradeStatus(rpc(encodeURIComponent(token)), { Origin: server.origin })).toBe(403);
    }
  });

  it('refuses other origins and a missing one with 403', async () => {
    const { port } = new URL(server.origin);
    for (const origin of ['http://evil.test', 'null', `https://127.0.0.1:${port}`, `http://localhost:${port}`]) {
      expect(await upgradeStatus(rpc(server.token), { Origin: origin })).toBe(403);
    }
    expect(await upgradeStatus(rpc(server.token), {})).toBe(403);
  });

  it('refuses other host names with 421', async () => {
    const headers = { Origin: 'http://evil.test', Host: 'evil.test' };
    expect(await upgradeStatus(rpc(server.token), headers)).toBe(421);
  });

  it('refuses other paths with 404', async () => {
    expect(await upgradeStatus(rpc(server.token, '/other'), { Origin: server.origin })).toBe(404);
  });

  it('survives an upgrade whose sender hangs up at once', async () => {
    const { hostname, port } = new URL(server.origin);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /rpc HTTP/1.1\r\nHost: evil\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
    socket.resetAndDestroy();
    expect(await status('/')).toBe(200);
  });

  it('makes a new token for every start', async () => {
    const other = await startAppServer({
      app,
      openExport,
      rendererFolder: join(folder, 'renderer'),
      host: '127.0.0.1',
      port: 0,
    });
    expect(other.token).not.toBe(server.token);
    expect(other.token.length).toBeGreaterThanOrEqual(32);
    await other.close();
  });
});

describe('app server: calls', () => {
  it('takes the largest catalog there may be, also when all of it has to be escaped', async () => {
    const { api } = await client();
    const text = '"'.repeat(MAX_CATALOG_BYTES);
    const answer = await api.showModel(text);
    expect(answer.ok && (answer.value as unknown as string).length).toBe(MAX_CATALOG_BYTES);
  });

  it('carries a call and its answer', async () => {
    const { api } = await client();
    const request = { model: 'meta-llama/Llama-2-7b-hf', users: 100 };
    expect(await api.size(request)).toEqual({ ok: true, value: request });
  });

  it('carries typed arrays both ways', async () => {
    const { api } = await client();
    const column = new Float64Array([1 / 3, Number.NaN]);
    expect(await api.showModel(column as unknown as string)).toEqual({ ok: true, value: column });
  });

  it('turns an error thrown behind it into a rejection, not a silence', async () => {
    const { api } = await client();
    await expect(api.info()).rejects.toThrow('the disk is full');
  });

  it('pushes progress to every connection beside the answers, and stops with the connection', async () => {
    const [first, second] = [await client(), await client()];
    await Promise.all([first.api.size({ model: 'm' }), second.api.size({ model: 'm' })]);
    app.push(progress(3));
    await Promise.all([first.api.size({ model: 'm' }), second.api.size({ model: 'm' })]);
    expect(first.events).toEqual([progress(3)]);
    expect(second.events).toEqual([progress(3)]);

    expect(app.listeners).toBe(2);
    await first.close();
    await second.api.size({ model: 'm' });
    expect(app.listeners).toBe(1);
  });

  const escape = 'the way from a method to code of the caller’s choice';
  it.each([
    [escape, { type: 'APPLY', path: ['size', 'constructor'], argumentList: [{ type: 'RAW', value: 'return 1' }] }],
    ['a prototype', { type: 'APPLY', path: ['constructor'], argumentList: [] }],
    ['reading a property', { type: 'GET', path: ['size'] }],
    ['setting a property', { type: 'SET', path: ['size'], value: { type: 'RAW', value: 1 } }],
    ['constructing', { type: 'CONSTRUCT', path: ['size'], argumentList: [] }],
    ['opening a second endpoint', { type: 'ENDPOINT', path: [] }],
    [
      'an argument unpacked by a handler',
      { type: 'APPLY', path: ['size'], argumentList: [{ type: 'HANDLER', name: 'proxy' }] },
    ],
    ['an argument that is none', { type: 'APPLY', path: ['size'], argumentList: [null] }],
    ['too many arguments', { type: 'APPLY', path: ['info'], argumentList: [{ type: 'RAW', value: 1 }] }],
    ['an unknown call', { type: 'APPLY', path: ['deleteEverything'], argumentList: [] }],
    ['a path that is none', { type: 'APPLY', path: 'size', argumentList: [] }],
  ])('refuses %s with an error the caller sees', async (_what, message) => {
    const { sendRaw, api } = await client();
    const answer = await sendRaw({ id: 'raw-1', ...message });
    expect(answer).toMatchObject({ type: 'HANDLER', name: 'throw', value: { value: { name: 'RefusedCall' } } });
    expect(await api.size({ model: 'still there' })).toMatchObject({ ok: true });
  });

  it.each([
    ['text', 'hello'],
    ['bytes that are no frame', new Uint8Array([1, 2, 3])],
    ['a frame cut short', encode({ id: 'x', rows: new Float64Array(4) }).slice(0, -8)],
  ])('hangs up on %s, and serves others on', async (_what, data) => {
    const [rude, other] = [await client(), await client()];
    const code = new Promise((resolve) => rude.socket.once('close', resolve));
    rude.socket.send(data);
    expect(await code).toBe(1003);
    expect(await other.api.size({ model: 'm' })).toMatchObject({ ok: true });
  });

  it('hangs up on a message that is too large, before holding it', async () => {
    const { socket } = await client();
    const code = new Promise((resolve) => socket.once('close', resolve));
    socket.send(new Uint8Array(2 * MAX_CATALOG_BYTES + 2 ** 21));
    expect(await code).toBe(1009);
  });

  it('ignores frames that are not calls', async () => {
    const { socket, api } = await client();
    for (const message of [null, 5, 'x', [], {}, { id: 5, type: 'APPLY' }, { id: 'x'.repeat(300), type: 'APPLY' }]) {
      if (message !== null) socket.send(encode(message));
    }
    expect(await api.size({ model: 'm' })).toMatchObject({ ok: true });
  });
});

describe('app server: a connection that ends', () => {
  /** Calls that take long never answer here, so that what ends them is seen. */
  const asked: string[] = [];
  const cancelled: string[] = [];
  const never = (name: string) => () => {
    asked.push(name);
    return new Promise<never>(() => undefined);
  };
  beforeEach(() => {
    asked.length = 0;
    cancelled.length = 0;
    Object.assign(app.api, {
      simulate: never('simulate'),
      pullModel: never('pullModel'),
      calibrate: never('calibrate'),
      startSweep: never('startSweep'),
      cancelTask: (taskId: string) => {
        cancelled.push(taskId);
        return Promise.resolve({ ok: true, value: null });
      },
    });
  });

  /** Every long call once, and one that has been answered. */
  async function busy(name: string): Promise<SocketClient> {
    const { api, ...rest } = await client();
    void api.simulate({ model: 'm', gpu: 'g' }, null, `${name} simulation`);
    void api.pullModel({ id: 'a/b', revision: null, taskId: `${name} pull` });
    void api.calibrate({ taskId: `${name} fit`, name: 'own', measurements: null, save: true });
    void api.startSweep({ taskId: `${name} sweep`, spec: { base: { model: 'm' }, axes: {} }, name: '' });
    await api.size({ model: 'm' }, `${name} answered`);
    return { api, ...rest };
  }

  it('ends what it waited for; sweeps go on, which another window can watch, and so does what others wait for', async () => {
    const [first, second] = [await busy('first'), await busy('second')];
    await first.close();
    await expect.poll(() => cancelled.toSorted()).toEqual(['first fit', 'first pull', 'first simulation']);
    expect(asked.filter((name) => name === 'startSweep')).toHaveLength(2);
    // The page was ended, not closed: there is no closing handshake.
    second.socket.terminate();
    await expect.poll(() => cancelled.length).toBe(6);
    expect(cancelled.slice(3).toSorted()).toEqual(['second fit', 'second pull', 'second simulation']);
  });

  it('ends simulations that were given no task, too', async () => {
    let [given, ended]: (string | null | undefined)[] = [];
    app.api.simulate = (_request, _trace, taskId) => {
      given = taskId;
      return new Promise<never>(() => undefined);
    };
    app.api.cancelTask = (taskId) => {
      ended = taskId;
      return Promise.resolve({ ok: true, value: null });
    };
    const front = await client();
    void front.api.simulate({ model: 'm', gpu: 'g' }, null);
    await front.api.size({ model: 'm' });
    await front.close();
    await expect.poll(() => ended).toEqual(expect.any(String));
    expect(ended).toBe(given);
  });

  it('passes over what is no task: the call itself says what is wrong with it', async () => {
    const front = await client();
    app.api.simulate = app.api.pullModel = () =>
      Promise.resolve({
        ok: false,
        error: { family: 'invalid_input', code: 'request_invalid', message: '', details: {} },
      });
    const values: unknown[] = [5, {}, 'x'.repeat(300)];
    for (const [index, value] of values.entries()) {
      const argumentList = [null, null, value].map((argument) => ({ type: 'RAW', value: argument }));
      await front.sendRaw({ id: `simulate-${index}`, type: 'APPLY', path: ['simulate'], argumentList });
      await front.sendRaw({
        id: `pull-${index}`,
        type: 'APPLY',
        path: ['pullModel'],
        argumentList: [{ type: 'RAW', value: index === 0 ? null : { taskId: value } }],
      });
    }
    await front.close();
    expect(cancelled).toEqual([]);
  });
});

describe('app server: start and end', () => {
  it('names the port and the cure when it is in use', async () => {
    const port = Number(new URL(server.origin).port);
    const second = startAppServer({
      app,
      openExport,
      rendererFolder: join(folder, 'renderer'),
      host: '127.0.0.1',
      port,
    });
    await expect(second).rejects.toMatchObject({ family: 'invalid_input', code: 'port_in_use', details: { port } });
    await expect(second).rejects.toThrow(`Port ${port} is in use: give another with --port, or none for a free one.`);
    await expect(second).rejects.toBeInstanceOf(ConfigIqError);
  });

  it('closes open connections, says why, and frees the port', async () => {
    const started = await startAppServer({
      app,
      openExport,
      rendererFolder: join(folder, 'renderer'),
      host: '127.0.0.1',
      port: 0,
    });
    const { socket } = await connectSocket(started);
    const code = new Promise((resolve) => socket.once('close', resolve));
    await started.close();
    expect(await code).toBe(1001);
    const gone = new Promise((resolve) =>
      get(started.origin, () => resolve('answered')).on('error', () => resolve('gone')),
    );
    expect(await gone).toBe('gone');
  });
});

describe('exports that a page was offered', () => {
  const pieces = ['a,b\n', '1,2\n', '3,4\n'].map((text) => Buffer.from(text));

  it('are streamed once, to be saved under their name', async () => {
    offered.set('export/secret', { fileName: 'run-7.csv', mediaType: 'text/csv; charset=utf-8', pieces });
    const head = await fetch(`${server.origin}/export/secret`, { method: 'HEAD' });
    expect(head.status).toBe(404);
    const response = await fetch(`${server.origin}/export/secret`);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="run-7.csv"');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toBe('a,b\n1,2\n3,4\n');
    const again = await fetch(`${server.origin}/export/secret`);
    expect([again.status, await again.text()]).toEqual([
      404,
      'There is no such export any more: export the run again.\n',
    ]);
  });

  it('break off as failed downloads when rows cannot be read', async () => {
    function* broken(): Generator<Uint8Array> {
      yield Buffer.from('a,b\n');
      throw new Error('unreadable');
    }
    offered.set('export/broken', { fileName: 'run-7.csv', mediaType: 'text/csv', pieces: broken() });
    const response = await fetch(`${server.origin}/export/broken`).catch(() => null);
    await expect(response === null ? Promise.reject(new Error('refused')) : response.text()).rejects.toThrow();
  });
});
