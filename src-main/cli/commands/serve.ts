import { z } from 'zod';
import type { Run } from '../context.ts';
import { EXIT } from '../errors.ts';
import { draftOf } from '../options.ts';
import { checkRequest } from '../validate.ts';

const serveSchema = z.strictObject({
  port: z.number().int().min(0).max(65_535).default(0),
  host: z.string().default('127.0.0.1'),
  open: z.boolean().default(true),
});

/** `configiq serve`: the app over loopback until Ctrl-C, which is the way to end it and thus no interruption. */
export const runServe: Run = async ({ terminal, onInterrupt }, options) => {
  const { port, host, open } = checkRequest(serveSchema, draftOf(options));
  const { startBrowserHost, openUrl } = await import('../../browser/host.ts');
  const server = await startBrowserHost({ port, host });
  terminal.print(`${server.url}\n`);
  terminal.note('ConfigIQ is at the address above. Stop with Ctrl-C.');
  const isAttended = process.stdout.isTTY && !process.env['CI'];
  if (open && isAttended) {
    const note = await openUrl(server.url);
    if (note) terminal.note(note);
  }
  await new Promise<void>((stop) => onInterrupt(stop));
  await server.close();
  return EXIT.answered;
};
