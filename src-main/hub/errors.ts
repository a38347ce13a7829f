import { ConfigIqError, fileError } from '../../src-worker/engine/errors.ts';
import { withoutPassword, type HubSettings } from './environment.ts';
import { HubNoRangesError, HubStatusError, HubTooLargeError } from './transport.ts';

/** What was asked for when something went wrong. */
export interface Asked {
  id: string;
  /** Branch, tag or commit as asked for. */
  revision: string;
  settings: HubSettings;
  cancel: AbortSignal;
}

export const repositoryAddress = ({ id, settings }: Asked): string => `${settings.endpoint}/${id}`;

const details = (asked: Asked, more: ConfigIqError['details'] = {}): ConfigIqError['details'] => ({
  model: asked.id,
  revision: asked.revision,
  endpoint: asked.settings.endpoint,
  ...more,
});

const failure = (asked: Asked, code: string, sentence: string, cause?: unknown, more?: ConfigIqError['details']) =>
  fileError(code, sentence, details(asked, more), cause);

export const noRepository = (asked: Asked, cause?: unknown): ConfigIqError =>
  failure(
    asked,
    'hub_repository_missing',
    `${asked.settings.endpoint} has no model ${asked.id}: check owner and name${asked.settings.token === null ? ', and set HF_TOKEN if it is a private one' : ''}.`,
    cause,
  );

export const noRevision = (asked: Asked, cause?: unknown): ConfigIqError =>
  failure(
    asked,
    'hub_revision_missing',
    `${repositoryAddress(asked)} has no revision "${asked.revision}": give a branch, a tag or a commit of it, or leave --revision out for its main branch.`,
    cause,
  );

export const noConfig = (asked: Asked, cause?: unknown): ConfigIqError =>
  failure(
    asked,
    'hub_config_missing',
    `${repositoryAddress(asked)} has no config.json at revision "${asked.revision}" (weights in GGUF or of adapters come without one): name the repository of the original model.`,
    cause,
  );

export const cancelled = ({ id }: Asked): ConfigIqError =>
  new ConfigIqError('interrupted', 'cancelled', `The pull of ${id} was cancelled; nothing was changed.`, { model: id });

/** Whatever went wrong on the way to the hub, as a sentence with a cure; what was thrown is its cause. */
export function hubError(thrown: unknown, asked: Asked): ConfigIqError {
  if (asked.cancel.aborted) return cancelled(asked);
  if (thrown instanceof ConfigIqError) return thrown;
  if (thrown instanceof HubStatusError) return statusError(thrown, asked);
  const { endpoint, requestLimitMs } = asked.settings;
  if (thrown instanceof HubTooLargeError) {
    const megabytes = thrown.limitBytes / 1e6;
    const sentence = `${repositoryAddress(asked)} answers with more than ${megabytes} MB, which no config.json has: check the name, or HF_ENDPOINT (${endpoint}).`;
    return failure(asked, 'hub_answer_too_large', sentence, thrown, { limit: thrown.limitBytes });
  }
  if (thrown instanceof HubNoRangesError)
    return failure(asked, 'hub_no_ranges', `${endpoint} gives no ranges of files.`, thrown);
  if (isTimeout(thrown)) {
    const seconds = requestLimitMs / 1000;
    const sentence = `${endpoint} did not answer within ${seconds} s: try again, or set HF_HUB_DOWNLOAD_TIMEOUT to more seconds.`;
    return failure(asked, 'hub_timeout', sentence, thrown, { limit_s: seconds });
  }
  // What is left is the client stumbling over an answer: no JSON, or not the JSON of the hub.
  return networkError(thrown, asked) ?? answerError(thrown, asked);
}

function answerError(thrown: unknown, asked: Asked): ConfigIqError {
  const what = thrown instanceof SyntaxError ? 'something that is not JSON' : 'something that no hub answers';
  const sentence = `${asked.settings.endpoint} answered about ${asked.id} with ${what}: check HF_ENDPOINT, and whether a proxy or a login page stands in between.`;
  return failure(asked, 'hub_answer_invalid', sentence, thrown);
}

function statusError(error: HubStatusError, asked: Asked): ConfigIqError {
  const { status, errorCode, words, retryAfterS } = error;
  const { endpoint, token, tokenFrom, proxies } = asked.settings;
  const page = repositoryAddress(asked);
  const more = { status };
  switch (status) {
    case 401:
    case 403:
      if (token !== null && /invalid (credentials|username|token)/i.test(words)) {
        return failure(
          asked,
          'hub_token_refused',
          `${endpoint} does not accept the token in ${tokenFrom} (${status}): make a new one on its page of access tokens.`,
          error,
          more,
        );
      }
      if (errorCode === 'RepoNotFound') {
        return failure(
          asked,
          'hub_repository_missing',
          `${endpoint} has no model ${asked.id}, or it is a private one (${status}): check owner and name, or set HF_TOKEN to a token that may read it.`,
          error,
          more,
        );
      }
      return failure(
        asked,
        'hub_gated',
        token === null
          ? `${page} is gated or private (${status}): accept its terms on that page and set HF_TOKEN to a token of that account.`
          : `${page} is gated or private and the token in ${tokenFrom} may not read it (${status}): accept its terms on that page with the token's account, or use a token with the right to read gated repositories.`,
        error,
        more,
      );
    case 404:
      if (errorCode === 'RepoNotFound') return noRepository(asked, error);
      return errorCode === 'RevisionNotFound' ? noRevision(asked, error) : noConfig(asked, error);
    case PROXY_LOGIN:
      return proxyError(`status ${status}`, asked, error);
    case 429: {
      const wait = retryAfterS === null ? 'in some minutes' : `in ${retryAfterS} s`;
      const cure = token === null ? ', or set HF_TOKEN: accounts may ask more often' : '';
      return failure(
        asked,
        'hub_rate_limited',
        `${endpoint} has been asked too often from here (429): try again ${wait}${cure}.`,
        error,
        { ...more, retry_after_s: retryAfterS },
      );
    }
    default: {
      const said = words === '' ? '' : `, ${JSON.stringify(words.slice(0, 100))}`;
      const cure =
        status >= 500 ? 'try again later' : `check HF_ENDPOINT${proxies.http || proxies.https ? ' and the proxy' : ''}`;
      return failure(
        asked,
        'hub_unavailable',
        `${endpoint} answered about ${asked.id} with status ${status}${said}: ${cure}.`,
        error,
        more,
      );
    }
  }
}

const isTimeout = (thrown: unknown): boolean =>
  thrown instanceof Error &&
  (thrown.name === 'TimeoutError' || isTimeout(thrown.cause) || /TIMEOUT$/.test(codeOf(thrown)));

const codeOf = (thrown: Error): string => ('code' in thrown && typeof thrown.code === 'string' ? thrown.code : '');

/** An error and what it came from, the first of several at a time. */
function causesOf(thrown: unknown): Error[] {
  if (!(thrown instanceof Error)) return [];
  const first: unknown = thrown instanceof AggregateError ? thrown.errors[0] : null;
  return [thrown, ...causesOf(thrown.cause ?? first)];
}

/** Codes of certificates that are not trusted: OpenSSL's, as Node names them. */
const CERTIFICATE = /^(UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT_|ERR_TLS)/;

/** The error of a connection that was never there or broke off; null for any other. */
function networkError(thrown: unknown, asked: Asked): ConfigIqError | null {
  // `fetch failed` and `terminated`: what happened is in the cause, or causes.
  if (!(thrown instanceof TypeError)) return null;
  const reasons = causesOf(thrown.cause);
  if (reasons.length === 0) return null;
  const code = reasons.map(codeOf).findLast((text) => text !== '') ?? '';
  const proxy = shownProxy(asked);
  const through = proxy === '' ? '' : ` through the proxy ${proxy}`;
  const { endpoint } = asked.settings;
  // undici has no code of its own for what a proxy refuses, only these words.
  const refused = reasons.find(({ message }) => /^Proxy /.test(message));
  if (refused) return proxyError(refused.message, asked, thrown);
  if (CERTIFICATE.test(code)) {
    return failure(
      asked,
      'hub_certificate',
      `The certificate of ${endpoint}${through} is not trusted (${code}): name your own authority's file in NODE_EXTRA_CA_CERTS.`,
      thrown,
    );
  }
  const reason = code || (reasons[0]?.message ?? '');
  const cure =
    proxy === ''
      ? 'check the network, HF_ENDPOINT, or whether a proxy is needed (HTTPS_PROXY)'
      : 'check HTTPS_PROXY, HTTP_PROXY and NO_PROXY';
  return failure(
    asked,
    'hub_unreachable',
    `${endpoint} cannot be reached${through} (${reason}): ${cure}. Bundled and imported models need no network.`,
    thrown,
    { reason },
  );
}

const PROXY_LOGIN = 407;

function proxyError(said: string, asked: Asked, cause: unknown): ConfigIqError {
  const proxy = shownProxy(asked);
  const sentence = said.includes(String(PROXY_LOGIN))
    ? `The proxy ${proxy} wants a login (${PROXY_LOGIN}): put name and password into its address, http://name:password@host:port.`
    : `The proxy ${proxy} does not lead to ${asked.settings.endpoint} (${said}): check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY.`;
  return failure(asked, 'hub_proxy_refused', sentence, cause);
}

/** The proxy in use, without its password; empty when none. */
function shownProxy({ settings: { endpoint, proxies } }: Asked): string {
  const { protocol, hostname } = new URL(endpoint);
  const isExcepted = proxies.except
    .split(/[,\s]+/)
    .map((entry) => entry.replace(/:\d+$/, '').replace(/^\*?\./, ''))
    .some((entry) => entry !== '' && (entry === '*' || hostname === entry || hostname.endsWith(`.${entry}`)));
  if (isExcepted) return '';
  return withoutPassword(protocol === 'https:' ? proxies.https || proxies.http : proxies.http);
}
