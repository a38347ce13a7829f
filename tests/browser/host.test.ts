import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { startBrowserHost } from '../../src-main/browser/host.ts';
import { connectSocket } from './socket-client.ts';

// The real services behind the real server; the page itself is looked at in tests/e2e.

const workerPath = inject('workerPath');
let dataFolder: string;

beforeEach(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), 'configiq-host-'));
});
afterEach(() => rm(dataFolder, { recursive: true, maxRetries: 3 }));

describe('browser host', () => {
  it('answers over a socket, pushes progress, and keeps runs from one start to the next', async () => {
    const host = await startBrowserHost({ dataFolder, workerPath });
    const client = await connectSocket(host);
    expect(await client.api.info()).toMatchObject({ ok: true, value: { host: 'browser' } });
    expect(await client.api.size({ model: 'no-such-model', users: 1 })).toMatchObject({
      ok: false,
      error: { family: 'invalid_input' },
    });
    const spec = { base: { model: 'meta-llama/Llama-2-7b-hf' }, axes: { users: [10, 20] } };
    expect(await client.api.startSweep({ taskId: 't', spec, name: 'kept' })).toMatchObject({ ok: true });
    expect(client.events.length).toBeGreaterThan(0);
    expect(client.events.every(({ taskId }) => taskId === 't')).toBe(true);
    await client.close();
    await host.close();

    const again = await startBrowserHost({ dataFolder, workerPath });
    const second = await connectSocket(again);
    expect(await second.api.listRuns()).toMatchObject({ ok: true, value: [{ name: 'kept', status: 'done' }] });
    await second.close();
    await again.close();
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', ''])('does not listen on "%s"', async (host) => {
    const started = startBrowserHost({ dataFolder, workerPath, host });
    await expect(started).rejects.toMatchObject({ family: 'invalid_input', code: 'host_not_loopback' });
    await expect(started).rejects.toThrow('use 127.0.0.1');
  });

  it.each([-1, 65_536, 1.5, Number.NaN])('does not take %d for a port', async (port) => {
    const started = startBrowserHost({ dataFolder, workerPath, port });
    await expect(started).rejects.toMatchObject({ family: 'invalid_input', code: 'port_out_of_range' });
  });

  it('leaves nothing running when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(startBrowserHost({ dataFolder, workerPath, port })).rejects.toMatchObject({ code: 'port_in_use' });
    other.close();
    // The database is free again, and so is the port.
    const host = await startBrowserHost({ dataFolder, workerPath, port });
    expect(new URL(host.url).port).toBe(String(port));
    await host.close();
  });
});
