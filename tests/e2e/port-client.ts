import type { Page } from '@playwright/test';
import type { ProgressEvent } from '../../src-worker/protocol/app-api.ts';

/** What a call over the window's message port came back with. */
export interface PortAnswer {
  value: unknown;
  events: ProgressEvent[];
}

/**
 * Makes one call of AppApi from inside the window's page, over a port of its own, written out as comlink writes it: the
 * page's own connection is not looked into.
 */
export function callOverPort(page: Page, name: string, ...args: unknown[]): Promise<PortAnswer> {
  return page.evaluate(
    async ([method, values]) => {
      const port = await new Promise<MessagePort>((resolve) => {
        const receive = (event: MessageEvent) => {
          const [received] = event.ports;
          if (event.data !== 'configiq:port' || !received) return;
          window.removeEventListener('message', receive);
          resolve(received);
        };
        window.addEventListener('message', receive);
        window.configiq?.connect();
      });
      const events: ProgressEvent[] = [];
      const answer = await new Promise<{ type: string; value: unknown }>((resolve) => {
        port.onmessage = ({ data }: MessageEvent<{ id?: string; type: string; value: unknown }>) => {
          if (data.id === 'call') resolve(data);
          else events.push(data as unknown as ProgressEvent);
        };
        const argumentList = values.map((value) => ({ type: 'RAW', value }));
        port.postMessage({ id: 'call', type: 'APPLY', path: [method], argumentList });
      });
      port.close();
      if (answer.type !== 'RAW') throw new Error(JSON.stringify(answer.value));
      return { value: answer.value, events };
    },
    [name, args] as const,
  );
}
