import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileError, invalidInput, type ConfigIqError } from '../../src-worker/engine/errors.ts';

/** Variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** How the hub is reached, from the variables that Hugging Face's own tools read. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  endpoint: string;
  token: string | null;
  /** Where the token was found, for sentences: its text is never shown. */
  tokenFrom: string;
  /** The variable that forbids asking the hub, or null. */
  offlineBy: string | null;
  proxies: Proxies;
  /** Longest time of one request, its body included. */
  requestLimitMs: number;
}

/** Addresses with a scheme; empty = none. `except` lists the hosts that are reached without one. */
interface Proxies {
  http: string;
  https: string;
  except: string;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';
/** What Hugging Face's Python client waits for (its DEFAULT_DOWNLOAD_TIMEOUT). */
const DEFAULT_REQUEST_LIMIT_S = 10;
const LONGEST_REQUEST_LIMIT_S = 3600;
const MS_PER_S = 1000;
const MAX_TOKEN_LENGTH = 500;

const set = (environment: Environment, name: string): string | null => environment[name]?.trim() || null;

/** A path from a variable, with `~` for the home folder as the Python client reads it. */
const path = (text: string): string => (text === '~' || /^~[/\\]/.test(text) ? join(homedir(), text.slice(1)) : text);

function homeFolder(environment: Environment): string {
  const home = set(environment, 'HF_HOME');
  if (home !== null) return path(home);
  const cache = set(environment, 'XDG_CACHE_HOME');
  return join(cache === null ? join(homedir(), '.cache') : path(cache), 'huggingface');
}

/** The folder of the local Hugging Face cache; it need not exist. */
export function cacheFolder(environment: Environment): string {
  const given = set(environment, 'HF_HUB_CACHE') ?? set(environment, 'HUGGINGFACE_HUB_CACHE');
  return given === null ? join(homeFolder(environment), 'hub') : path(given);
}

/** Throws `invalid_input` where a variable cannot be used, naming it, and file errors of the token's file. */
export function hubSettings(environment: Environment): HubSettings {
  return {
    endpoint: endpointOf(environment),
    ...tokenOf(environment),
    offlineBy: ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) => isTrue(environment[name])) ?? null,
    proxies: proxiesOf(environment),
    requestLimitMs: requestLimitMs(environment),
  };
}

const isTrue = (text: string | undefined): boolean => /^(1|on|yes|true)$/i.test(text?.trim() ?? '');

function endpointOf(environment: Environment): string {
  const given = set(environment, 'HF_ENDPOINT') ?? DEFAULT_ENDPOINT;
  const url = URL.canParse(given) ? new URL(given) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username || url.password) {
    throw variableError('HF_ENDPOINT', withoutPassword(given), 'give an address such as https://huggingface.co');
  }
  return url.href.replace(/\/+$/, '');
}

/** What is wrong with a variable, what it is and what it may be. */
function variableError(name: string, value: string, cure: string): ConfigIqError {
  const shown = value.slice(0, 100);
  return invalidInput('environment_invalid', `${name} is ${JSON.stringify(shown)}: ${cure}, or unset it.`, {
    field: name,
    value: shown,
  });
}

function tokenOf(environment: Environment): Pick<HubSettings, 'token' | 'tokenFrom'> {
  const given = set(environment, 'HF_TOKEN');
  if (given !== null) return { token: checkedToken(given, 'HF_TOKEN'), tokenFrom: 'HF_TOKEN' };
  if (isTrue(environment['HF_HUB_DISABLE_IMPLICIT_TOKEN'])) return { token: null, tokenFrom: '' };
  const named = set(environment, 'HF_TOKEN_PATH');
  const file = named === null ? join(homeFolder(environment), 'token') : path(named);
  const text = textOf(file);
  return text === '' ? { token: null, tokenFrom: '' } : { token: checkedToken(text, file), tokenFrom: file };
}

/** The text of the token's file; empty when there is none. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw fileError(
      'hub_token_unreadable',
      `The file of the hub's token ${file} cannot be read (${code}): mend it, or set HF_TOKEN.`,
      { path: file },
      thrown,
    );
  }
}

/** A token goes into a header, where a line break would begin another one. */
function checkedToken(text: string, from: string): string {
  if (text.length <= MAX_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(text)) return text;
  throw invalidInput(
    'environment_invalid',
    `The token in ${from} has ${text.length} characters, blanks or line breaks among them: copy it anew from the hub's page of access tokens.`,
    { field: from },
  );
}

/** Both ways of writing a name are in use; as with curl the lower case wins. */
function proxiesOf(environment: Environment): Proxies {
  const find = (name: string) => [name, name.toUpperCase()].find((written) => set(environment, written) !== null);
  const proxy = (name: string): string => {
    const written = find(name) ?? find('all_proxy');
    return written === undefined ? '' : proxyAddress(written, set(environment, written) ?? '');
  };
  const exceptions = find('no_proxy');
  return {
    http: proxy('http_proxy'),
    https: proxy('https_proxy'),
    except: exceptions === undefined ? '' : (environment[exceptions] ?? ''),
  };
}

function proxyAddress(name: string, given: string): string {
  const text = given.includes('://') ? given : `http://${given}`;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url && /^https?:$/.test(url.protocol)) return url.href;
  throw variableError(name, withoutPassword(given), 'give the address of a proxy such as http://proxy.example:3128');
}

/** An address as it may be shown. */
export const withoutPassword = (address: string): string => address.replace(/\/\/[^/@]*@/, '//***@');

function requestLimitMs(environment: Environment): number {
  const given = set(environment, 'HF_HUB_DOWNLOAD_TIMEOUT');
  const seconds = given === null ? DEFAULT_REQUEST_LIMIT_S : Number(given);
  if (seconds > 0 && seconds <= LONGEST_REQUEST_LIMIT_S) return seconds * MS_PER_S;
  throw variableError(
    'HF_HUB_DOWNLOAD_TIMEOUT',
    given ?? '',
    `give seconds above 0 and at most ${LONGEST_REQUEST_LIMIT_S}`,
  );
}
