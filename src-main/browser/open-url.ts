import { spawn } from 'node:child_process';

/** Programs that open an address in the default browser without a shell in between, which would read `&` and `%` in it. */
const OPENERS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};
const OTHER_OPENER: [string, ...string[]] = ['xdg-open'];

/**
 * Opens `url` in the system's browser. Resolves to null once the opener has started, or to a sentence that says why it
 * could not: no reason to stop, the person can open the address by hand.
 */
export function openUrl(url: string): Promise<string | null> {
  const [program, ...first] = OPENERS[process.platform] ?? OTHER_OPENER;
  return new Promise((resolve) => {
    const opener = spawn(program, [...first, url], { stdio: 'ignore', detached: true });
    opener.once('error', (error) => resolve(`The browser could not be opened (${error.message}).`));
    opener.once('spawn', () => {
      opener.unref();
      resolve(null);
    });
  });
}
