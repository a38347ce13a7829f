import { once } from 'node:events';
import { connect } from 'node:net';
import { request as send } from 'node:http';
import { describe, expect, test } from 'vitest';
import { hubSettings } from '../../src-main/hub/environment.ts';
import { pullFromHub, type PulledModel } from '../../src-main/hub/pull.ts';
import { tinyLlama } from '../services/service.ts';
import { COMMIT, listen, OTHER_COMMIT, safetensorsFile, sendJson, startHub, type Repository } from './server.ts';

const config = JSON.stringify(tinyLlama);
const TINY = 'Me/Tiny';
const LIMIT_S = 0.5;

const repository = (changes: Partial<Repository> = {}): Repository => ({
  commits: { main: COMMIT, dev: OTHER_COMMIT, 'refs/pr/1': OTHER_COMMIT },
  files: { 'config.json': config, 'README.md': '# Tiny' },
  safetensors: { parameters: { BF16: 1_100_048_384 }, total: 1_100_048_384 },
  ...changes,
});

const environment = (url: string, more: Record<string, string> = {}) => ({
  HF_ENDPOINT: `${url}/`,
  HF_HOME: '/nowhere/huggingface',
  HF_HUB_DOWNLOAD_TIMEOUT: String(LIMIT_S),
  ...more,
});

const pull = (
  url: string,
  {
    id = TINY,
    revision = null,
    more = {},
    cancel = new AbortController().signal,
  }: { id?: string; revision?: string | null; more?: Record<string, string>; cancel?: AbortSignal } = {},
): Promise<PulledModel> => pullFromHub({ id, revision }, hubSettings(environment(url, more)), cancel);

async function refusal(pulled: Promise<unknown>): Promise<unknown> {
  try {
    await pulled;
  } catch (thrown) {
    return thrown;
  }
  return expect.fail('pulled');
}

const says = (code: string, sentence: RegExp, more: object = {}) => ({
  family: 'file',
  code,
  message: expect.stringMatching(sentence) as string,
  ...more,
});

describe('pulling', () => {
  test('gives the config, the commit of the branch, and what the API tells of the safetensors files', async () => {
    const hub = await startHub({ [TINY]: repository() });
    expect(await pull(hub.url, { id: 'me/tiny' })).toEqual({
      id: TINY,
      revision: COMMIT,
      source: `${hub.url}/Me/Tiny/blob/${COMMIT}/config.json`,
      config,
      quantization: null,
      safetensors: { elementsByDtype: { BF16: 1_100_048_384 }, totalBytes: null },
      notes: [],
    });
    // The files are those of the commit, even if the branch moves in between; no weights' file is opened.
    expect(hub.requests.filter((line) => line.includes('/resolve/'))).toEqual([
      `GET /me/tiny/resolve/${COMMIT}/config.json bytes=0-0`,
      `GET /me/tiny/resolve/${COMMIT}/config.json`,
    ]);
  });

  test.each([
    ['a branch', 'dev'],
    ['a ref with slashes', 'refs/pr/1'],
    ['a commit', OTHER_COMMIT],
  ])(
    '%s is a revision; its safetensors headers are read by ranges from another host, without token and weights',
    async (_, revision) => {
      const weights = safetensorsFile({
        a: { dtype: 'BF16', shape: [1000, 500], bytes: 1_000_000 },
        b: { dtype: 'F32', shape: [], bytes: 4 },
      });
      const files = { 'config.json': config, 'model.safetensors': weights };
      const hub = await startHub({ [TINY]: repository({ files, gatedFor: ['hf_good'] }) });
      expect(await pull(hub.url, { revision, more: { HF_TOKEN: 'hf_good' } })).toMatchObject({
        revision: OTHER_COMMIT,
        safetensors: { elementsByDtype: { BF16: 500_000, F32: 1 }, totalBytes: 1_000_004 },
        notes: [],
      });
      expect(hub.requests.filter((line) => line.includes('/resolve/')).every((line) => line.endsWith(' token'))).toBe(
        true,
      );
      expect(hub.weightBytesSent()).toBeGreaterThan(0);
      expect(hub.weightBytesSent()).toBeLessThan(1000);
    },
  );

  test('where the API tells nothing, the headers of all shards that the index names are added up', async () => {
    const shard = (dtype: string) => safetensorsFile({ [dtype]: { dtype, shape: [8, 4], bytes: 64 } });
    const index = {
      metadata: { total_size: 128 },
      weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-1.safetensors' },
    };
    const files = {
      'config.json': config,
      'model.safetensors.index.json': JSON.stringify(index),
      'model-1.safetensors': shard('BF16'),
      'model-2.safetensors': shard('F8_E4M3'),
    };
    const hub = await startHub({ [TINY]: repository({ files, safetensors: undefined }) });
    expect((await pull(hub.url)).safetensors).toEqual({ elementsByDtype: { BF16: 32, F8_E4M3: 32 }, totalBytes: 128 });
  });

  test("ModelOpt's own file is fetched beside the config", async () => {
    const quantization = JSON.stringify({ quantization: { quant_algo: 'FP8' } });
    const hub = await startHub({
      [TINY]: repository({ files: { 'config.json': config, 'hf_quant_config.json': quantization } }),
    });
    expect((await pull(hub.url)).quantization).toBe(quantization);
  });

  test('a repository without safetensors files has no summary, and that needs no note', async () => {
    const hub = await startHub({ [TINY]: repository({ safetensors: undefined }) });
    expect(await pull(hub.url)).toMatchObject({ safetensors: null, notes: [] });
  });

  test.each<[string, Record<string, string | Buffer>]>([
    ['is cut off', { 'model.safetensors': Buffer.from([1, 0, 0]) }],
    ['names a length beyond all bounds', { 'model.safetensors': Buffer.alloc(64, 0xff) }],
    [
      'is no JSON',
      { 'model.safetensors': Buffer.concat([Buffer.from([4, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('nope')]) },
    ],
    ['has a negative shape', { 'model.safetensors': safetensorsFile({ a: { dtype: 'BF16', shape: [-4], bytes: 8 } }) }],
    [
      'has a strange dtype',
      { 'model.safetensors': safetensorsFile({ a: { dtype: '__proto__', shape: [4], bytes: 8 } }) },
    ],
    [
      'of an index leads elsewhere',
      { 'model.safetensors.index.json': JSON.stringify({ weight_map: { a: '../../other/x.safetensors' } }) },
    ],
  ])('a header that %s is a note; the config is kept', async (_, files) => {
    const hub = await startHub({
      [TINY]: repository({ files: { 'config.json': config, ...files }, safetensors: undefined }),
    });
    const { safetensors, notes, config: text } = await pull(hub.url);
    expect({ safetensors, text }).toEqual({ safetensors: null, text: config });
    expect(notes).toEqual([
      expect.stringMatching(/headers .* of Me\/Tiny could not be read, so its count is not checked: .*\.$/),
    ]);
  });

  test('a server that ignores ranges is not made to send its weights', async () => {
    const files = { 'config.json': config, 'model.safetensors': Buffer.alloc(40_000_000) };
    const hub = await startHub({ [TINY]: repository({ files, safetensors: undefined }) }, (request, response) => {
      if (!request.url?.includes('.safetensors')) return false;
      response.writeHead(200, { 'Content-Length': files['model.safetensors'].length }).end(files['model.safetensors']);
      return true;
    });
    expect(await pull(hub.url)).toMatchObject({
      safetensors: null,
      notes: [expect.stringContaining('gives no ranges')],
    });
  });

  test('a mirror without API, entity tags and ranges will do; its commit is in the header of the file', async () => {
    const { url } = await listen((request, response) => {
      if (request.url !== '/Me/Tiny/resolve/main/config.json') {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'X-Repo-Commit': COMMIT }).end(config);
    });
    expect(await pull(url)).toMatchObject({ id: TINY, revision: COMMIT, config, safetensors: null, notes: [] });
  });
});

describe('what the hub refuses is said with its cure', () => {
  test('gated files without a token: accept the terms and set HF_TOKEN', async () => {
    const hub = await startHub({ [TINY]: repository({ gatedFor: ['hf_good'] }) });
    expect(await refusal(pull(hub.url))).toMatchObject(
      says('hub_gated', /\/Me\/Tiny is gated or private \(401\): accept its terms on that page and set HF_TOKEN/),
    );
  });

  test('gated files with a token that may not read them, from the variable or the file', async () => {
    const hub = await startHub({ [TINY]: repository({ gatedFor: ['hf_good'] }) });
    const error = await refusal(pull(hub.url, { more: { HF_TOKEN: 'other-hubs-token' } }));
    expect(error).toMatchObject(says('hub_gated', /the token in HF_TOKEN may not read it \(403\): accept its terms/));
    expect(JSON.stringify(error)).not.toContain('other-hubs-token');
    expect((await pull(hub.url, { more: { HF_TOKEN: 'hf_good' } })).config).toBe(config);
  });

  test('a token that is not valid', async () => {
    const hub = await startHub({ [TINY]: repository() }, (_request, response) => {
      response.writeHead(401, { 'X-Error-Message': 'Invalid credentials in Authorization header' }).end();
      return true;
    });
    expect(await refusal(pull(hub.url, { more: { HF_TOKEN: 'hf_old' } }))).toMatchObject(
      says('hub_token_refused', /does not accept the token in HF_TOKEN \(401\): make a new one/),
    );
  });

  test('a repository that is not there, or is kept from strangers', async () => {
    const hub = await startHub({});
    expect(await refusal(pull(hub.url))).toMatchObject(
      says('hub_repository_missing', /has no model Me\/Tiny, or it is a private one.*HF_TOKEN/),
    );
    expect(await refusal(pull(hub.url, { more: { HF_TOKEN: 'hf_good' } }))).toMatchObject(
      says('hub_repository_missing', /has no model Me\/Tiny: check owner and name\.$/),
    );
  });

  test('a revision that is not there, and a repository without config.json', async () => {
    const hub = await startHub({ [TINY]: repository(), 'Me/Gguf': repository({ files: { 'x.gguf': '' } }) });
    expect(await refusal(pull(hub.url, { revision: 'v9' }))).toMatchObject(
      says('hub_revision_missing', /\/Me\/Tiny has no revision "v9": give a branch, a tag or a commit/),
    );
    expect(await refusal(pull(hub.url, { id: 'Me/Gguf' }))).toMatchObject(
      says('hub_config_missing', /\/Me\/Gguf has no config\.json at revision "main".*original model/),
    );
  });

  test.each([
    ['repository', '/api/models/Me/Tiny', 404, 'hub_repository_missing'],
    ['revision', '/api/models/Me/Tiny', 200, 'hub_revision_missing'],
  ])('a mirror that does not say what is missing: the %s', async (_, known, status, code) => {
    const { url } = await listen((request, response) => {
      response.writeHead(request.url === known ? status : 404).end('{}');
    });
    expect(await refusal(pull(url))).toMatchObject({ code });
  });

  test('too many questions: when to come back', async () => {
    let headers: Record<string, string> = { 'Retry-After': '17' };
    const { url } = await listen((_request, response) => {
      response.writeHead(429, headers).end();
    });
    expect(await refusal(pull(url))).toMatchObject(
      says('hub_rate_limited', /\(429\): try again in 17 s, or set HF_TOKEN/, {
        details: expect.objectContaining({ retry_after_s: 17 }) as object,
      }),
    );
    headers = { RateLimit: '"api";r=0;t=42' };
    expect(await refusal(pull(url, { more: { HF_TOKEN: 'hf_good' } }))).toMatchObject(
      says('hub_rate_limited', /try again in 42 s\.$/),
    );
    headers = { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' };
    expect(await refusal(pull(url))).toMatchObject(says('hub_rate_limited', /try again in some minutes/));
  });

  test('a hub that fails', async () => {
    const { url } = await listen((_request, response) => {
      response.writeHead(503, { 'X-Error-Message': 'Maintenance' }).end();
    });
    expect(await refusal(pull(url))).toMatchObject(
      says('hub_unavailable', /status 503, "Maintenance": try again later/),
    );
  });

  test.each<[string, string, RegExp]>([
    ['is cut off', '{"sha": "', /something that is not JSON: check HF_ENDPOINT/],
    [
      'is a page',
      '<html>Please log in</html>',
      /something that is not JSON: check HF_ENDPOINT, and whether a proxy or a login page/,
    ],
    ['is empty', '', /something that is not JSON/],
    ['is something else', 'null', /something that no hub answers/],
  ])('an answer of the API that %s', async (_, text, sentence) => {
    const { url } = await listen((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
    });
    expect(await refusal(pull(url))).toMatchObject(says('hub_answer_invalid', sentence));
  });
});

describe('bounds', () => {
  const withinMs = async (limitMs: number, work: () => Promise<unknown>): Promise<unknown> => {
    const startedMs = performance.now();
    const outcome = await refusal(work());
    expect(performance.now() - startedMs).toBeLessThan(limitMs);
    return outcome;
  };

  test('a hub that does not answer, before or in the midst of a file', async () => {
    const silent = await listen(() => undefined);
    const timedOut = says('hub_timeout', /did not answer within 0\.5 s: try again, or set HF_HUB_DOWNLOAD_TIMEOUT/);
    expect(await withinMs(4000, () => pull(silent.url))).toMatchObject(timedOut);
    const halting = await listen((request, response) => {
      if (request.url?.startsWith('/api/')) sendJson(response, { id: TINY, sha: COMMIT });
      else response.writeHead(200, { 'Content-Length': 1000 }).write(config.slice(0, 10));
    });
    expect(await withinMs(4000, () => pull(halting.url))).toMatchObject(timedOut);
  });

  test.each([
    ['says its length', true],
    ['does not', false],
  ])('a config of gigabytes is refused after 5 MB, whether the server %s', async (_, isHonest) => {
    let sent = 0;
    const megabyte = Buffer.alloc(1_000_000, ' ');
    const { url } = await listen((request, response) => {
      if (request.url?.startsWith('/api/')) return sendJson(response, { id: TINY, sha: COMMIT });
      if (request.headers.range !== undefined)
        return void response
          .writeHead(206, { ETag: '"1"', 'Content-Range': 'bytes 0-0/3000000000', 'Content-Length': 1 })
          .end(' ');
      response.writeHead(200, isHonest ? { 'Content-Length': 3_000_000_000 } : {});
      const more = () => {
        sent += megabyte.length;
        if (response.write(megabyte)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    expect(await withinMs(4000, () => pull(url))).toMatchObject(
      says('hub_answer_too_large', /more than 5 MB, which no config\.json has/),
    );
    expect(sent).toBeLessThan(100_000_000);
  });

  test('redirects without end', async () => {
    const { url } = await listen((request, response) => {
      response.writeHead(302, { Location: `${request.url ?? ''}x` }).end();
    });
    expect(await refusal(pull(url))).toMatchObject(says('hub_unreachable', /redirect/));
  });

  test('cancelled, nothing is left running', async () => {
    const asked = Promise.withResolvers<undefined>();
    const { url, server } = await listen(() => asked.resolve(undefined));
    const controller = new AbortController();
    const pulled = refusal(pull(url, { cancel: controller.signal }));
    await asked.promise;
    controller.abort();
    expect(await pulled).toMatchObject({ family: 'interrupted', code: 'cancelled' });
    await expect.poll(() => new Promise((settle) => server.getConnections((_, count) => settle(count)))).toBe(0);
  });
});

describe('the way there', () => {
  /** A proxy that asks for what it is asked, by its full address. */
  async function startProxy(refuse: number | null = null) {
    const asked: string[] = [];
    const { url, server } = await listen((request, response) => {
      asked.push(request.url ?? '');
      if (refuse !== null) return void response.writeHead(refuse).end();
      const { method, headers } = request;
      request.pipe(
        send(request.url ?? '', { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(response);
        }),
      );
    });
    server.on('connect', (request, socket) => {
      asked.push(`CONNECT ${request.url ?? ''}`);
      if (refuse !== null) return void socket.end(`HTTP/1.1 ${refuse} No\r\n\r\n`);
      const { hostname, port } = new URL(`http://${request.url ?? ''}`);
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
    });
    return { url, asked };
  }

  test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])(
    'goes through the proxy that %s names, token and all',
    async (name) => {
      const hub = await startHub({ [TINY]: repository({ gatedFor: ['hf_good'] }) });
      const proxy = await startProxy();
      const more = { [name]: proxy.url, HF_TOKEN: 'hf_good' };
      expect((await pull(hub.url, { more })).config).toBe(config);
      expect(proxy.asked).toHaveLength(hub.requests.length);
      expect(proxy.asked.every((address) => address.startsWith(hub.url))).toBe(true);
    },
  );

  test('and past it to the hosts of NO_PROXY', async () => {
    const hub = await startHub({ [TINY]: repository() });
    const proxy = await startProxy();
    expect((await pull(hub.url, { more: { HTTP_PROXY: proxy.url, NO_PROXY: 'localhost, 127.0.0.1' } })).config).toBe(
      config,
    );
    expect(proxy.asked).toEqual([]);
  });

  test('a proxy that wants a login, for a plain hub and through a tunnel', async () => {
    const proxy = await startProxy(407);
    const named = proxy.url.replace('//', '//me:secret@');
    expect(await refusal(pull('http://hub.invalid', { more: { HTTP_PROXY: named } }))).toMatchObject(
      says('hub_proxy_refused', /The proxy http:\/\/\*\*\*@127\.0\.0\.1:\d+\/ wants a login \(407\)/),
    );
    expect(await refusal(pull('https://hub.invalid', { more: { HTTPS_PROXY: named } }))).toMatchObject(
      says('hub_proxy_refused', /The proxy http:\/\/\*\*\*@127\.0\.0\.1:\d+\/ wants a login \(407\)/),
    );
    expect(proxy.asked).toEqual([expect.stringContaining('http://hub.invalid/'), 'CONNECT hub.invalid:443']);
  });

  test('a proxy that does not lead to the hub', async () => {
    const proxy = await startProxy(403);
    expect(await refusal(pull('https://hub.invalid', { more: { HTTPS_PROXY: proxy.url } }))).toMatchObject(
      says('hub_proxy_refused', /does not lead to https:\/\/hub\.invalid \(.*403.*\): check HTTPS_PROXY/),
    );
  });

  test('nobody at the address of the hub, or of the proxy', async () => {
    const closed = await listen(() => undefined);
    closed.server.close();
    await once(closed.server, 'close');
    closed.server.listen(0, '127.0.0.1');
    expect(await refusal(pull(closed.url))).toMatchObject(
      says(
        'hub_unreachable',
        /cannot be reached \(ECONNREFUSED\): check the network, HF_ENDPOINT, .*need no network\.$/,
      ),
    );
    expect(await refusal(pull('http://hub.invalid', { more: { HTTP_PROXY: closed.url } }))).toMatchObject(
      says(
        'hub_unreachable',
        /cannot be reached through the proxy http:\/\/127\.0\.0\.1:\d+\/ \(ECONNREFUSED\): check HTTPS_PROXY/,
      ),
    );
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['HF_ENDPOINT', { HF_ENDPOINT: 'ftp://hub' }, /^HF_ENDPOINT is "ftp:\/\/hub": give an address/],
    ['HF_ENDPOINT', { HF_ENDPOINT: 'hub.example' }, /^HF_ENDPOINT is "hub\.example"/],
    ['HF_TOKEN', { HF_TOKEN: 'two\nlines' }, /^The token in HF_TOKEN has 9 characters.*copy it anew/],
    [
      'HTTPS_PROXY',
      { HTTPS_PROXY: 'socks5://me:secret@x' },
      /^HTTPS_PROXY is "socks5:\/\/\*\*\*@x": give the address of a proxy/,
    ],
    [
      'HF_HUB_DOWNLOAD_TIMEOUT',
      { HF_HUB_DOWNLOAD_TIMEOUT: 'soon' },
      /^HF_HUB_DOWNLOAD_TIMEOUT is "soon": give seconds/,
    ],
  ])('%s that cannot be is refused by name', async (_, more, sentence) => {
    const settle = async () => pull('http://127.0.0.1:9', { more });
    expect(await refusal(settle())).toMatchObject({
      family: 'invalid_input',
      code: 'environment_invalid',
      message: expect.stringMatching(sentence) as string,
    });
  });

  test('HF_HUB_OFFLINE forbids it in a sentence, without a connection', async () => {
    expect(await refusal(pull('http://127.0.0.1:9', { more: { HF_HUB_OFFLINE: '1' } }))).toMatchObject({
      family: 'invalid_input',
      code: 'hub_offline',
      message: expect.stringMatching(/^HF_HUB_OFFLINE forbids to ask .*: unset it to pull Me\/Tiny/) as string,
    });
  });

  test.each(['', 'a/b/c', '../up', 'a b/c', '-x/y', 'a/../b', 'https://x/y', 'models--a--b'])(
    '%j is no name of a model on a hub',
    async (id) => {
      expect(await refusal(pull('http://127.0.0.1:9', { id }))).toMatchObject({
        family: 'invalid_input',
        code: 'model_id_invalid',
      });
    },
  );

  test.each(['', ' ', '../main', 'a b', '-x', 'x'.repeat(201)])('%j is no revision', async (revision) => {
    expect(await refusal(pull('http://127.0.0.1:9', { revision }))).toMatchObject({ code: 'revision_invalid' });
  });
});
