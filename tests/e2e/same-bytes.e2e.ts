import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { wrap } from 'comlink/dist/esm/comlink.mjs';
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs';
import { bundledCatalogsFolder, loadFacts } from '../../src-main/catalogs/load.ts';
import { readBundledModel } from '../../src-main/catalogs/models.ts';
import { documentText } from '../../src-worker/protocol/documents.ts';
import { sizeInputSchema, type SizeInputDraft } from '../../src-worker/protocol/requests.ts';
import type { Result } from '../../src-worker/protocol/result.ts';
import type { WorkerApi } from '../../src-worker/protocol/worker-api.ts';
import { connectSocket } from '../browser/socket-client.ts';
import { root } from './browser-host-process.ts';
import { expect, test } from './fixtures.ts';
import { callOverPort } from './port-client.ts';

// One engine, four ways to it. The same question must give the same text, to the byte.

const QUESTIONS: [string, SizeInputDraft, string[]][] = [
  ['chat on a small model', { model: 'meta-llama/Llama-2-7b-hf', workload: 'chat', users: 100 }, []],
  [
    'several precisions, one zone, spot prices',
    {
      model: 'meta-llama/Llama-2-7b-hf',
      workload: 'rag',
      users: 2500,
      quantization: ['fp16', 'fp8'],
      zone: 'us-central1-a',
      pricing: 'spot',
      top: 10,
    },
    ['--quantization', 'fp16,fp8', '--zone', 'us-central1-a', '--pricing', 'spot', '--top', '10'],
  ],
];

const unwrap = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
};

async function fromCommandLine(request: SizeInputDraft, flags: string[], dataFolder: string): Promise<string> {
  const { model, workload, users } = request;
  const args = ['--model', model, '--workload', workload ?? '', '--users', String(users), ...flags, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bin', 'configiq.mjs'), 'size', ...args], {
    env: { ...process.env, CONFIGIQ_HOME: dataFolder },
    maxBuffer: 64 * 2 ** 20,
  });
  return stdout;
}

async function fromWorker(request: SizeInputDraft): Promise<string> {
  const folder = bundledCatalogsFolder();
  const model = readBundledModel(folder, request.model);
  if (!model) throw new Error(`${request.model} is not bundled`);
  const thread = new Worker(join(root, 'src-worker', 'worker.ts'));
  const worker = wrap<WorkerApi>(nodeEndpoint(thread));
  try {
    unwrap(await worker.load(loadFacts(folder)));
    return documentText(unwrap(await worker.size(sizeInputSchema.parse(request), model)));
  } finally {
    await thread.terminate();
  }
}

async function fromBrowserHost(request: SizeInputDraft, host: { url: string; token: string }): Promise<string> {
  const client = await connectSocket(host);
  try {
    return documentText(unwrap(await client.api.size(request)));
  } finally {
    await client.close();
  }
}

for (const [name, request, flags] of QUESTIONS) {
  test(`same bytes from all hosts: ${name}`, async ({ folder, host, desktop }) => {
    const [commandLine, unchecked, worker, browser, electron] = await Promise.all([
      fromCommandLine(request, flags, folder),
      fromCommandLine(request, [...flags, '--no-simulation-check'], folder),
      // A worker answers in closed form; it is the host that has its rows simulated.
      fromWorker({ ...request, simulation_check: false }),
      fromBrowserHost(request, host),
      callOverPort(desktop.page, 'size', request).then(({ value }) => documentText(unwrap(value as Result<object>))),
    ]);
    expect(commandLine).toContain('"schema_version": 1');
    expect(worker).toBe(unchecked);
    expect(browser).toBe(commandLine);
    expect(electron).toBe(commandLine);
  });
}
