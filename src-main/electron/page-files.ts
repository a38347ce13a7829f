import { readFile } from 'node:fs/promises';
import { extname, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { exportBody, exportHeaders, exportPathIn, type OpenExport } from '../rpc/export-stream.ts';
import { pageHeaders } from '../rpc/page-headers.ts';

/** `app://configiq/` is the page's origin in the window: a name of its own, so that the page never runs as file://. */
export const APP_SCHEME = 'app';
export const APP_HOST = 'configiq';
export const APP_URL = `${APP_SCHEME}://${APP_HOST}/index.html`;

const CONTENT_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};
const NOT_A_FILE = ['ENOENT', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG'];

/** Whether a frame at `url` is the app's own page. Compared by parts: URL gives schemes like ours the origin "null". */
export function isAppUrl(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host } = new URL(url);
  return protocol === `${APP_SCHEME}:` && host === APP_HOST;
}

/** Answers requests to `app://configiq/…` with the files of `folder` and nothing outside it, and with exports that were offered. */
export function pageFileHandler(
  folder: string,
  openExport: OpenExport = () => null,
): (request: Request) => Promise<Response> {
  const root = resolve(folder);
  const headers = pageHeaders([]);
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(405, headers);
    const exportPath = isAppUrl(request.url) ? exportPathIn(new URL(request.url).pathname) : null;
    if (exportPath !== null) return exportResponse(exportPath, request.method, openExport, headers);
    const file = isAppUrl(request.url) ? fileOf(root, new URL(request.url).pathname) : null;
    if (file === null) return refusal(404, headers);
    try {
      const body = request.method === 'HEAD' ? null : await readFile(file);
      const contentType = CONTENT_TYPES[extname(file)] ?? 'application/octet-stream';
      return new Response(body, { headers: { ...headers, 'Content-Type': contentType } });
    } catch (thrown) {
      if (NOT_A_FILE.includes((thrown as NodeJS.ErrnoException).code ?? '')) return refusal(404, headers);
      throw thrown;
    }
  };
}

/** Electron asks where to save it, as for any download. */
function exportResponse(
  path: string,
  method: string,
  openExport: OpenExport,
  headers: Record<string, string>,
): Response {
  const found = method === 'GET' ? openExport(path) : null;
  if (!found) return refusal(404, headers);
  // Node's type of a web stream and the page's are the same thing under two names.
  const body = Readable.toWeb(exportBody(found)) as ReadableStream<Uint8Array> as unknown as BodyInit;
  return new Response(body, { headers: { ...headers, ...exportHeaders(found) } });
}

/** The path inside `root`, or null for one that is malformed or leads out of it (`%2e%2e%2f`, a drive, a null byte). */
function fileOf(root: string, pathname: string): string | null {
  let path: string;
  try {
    path = decodeURIComponent(pathname);
  } catch {
    return null;
  }
  if (path.includes('\0')) return null;
  const file = resolve(root, `.${path === '/' ? '/index.html' : path}`);
  return file.startsWith(root + sep) ? file : null;
}

const refusal = (status: number, headers: Record<string, string>): Response => new Response(null, { status, headers });
