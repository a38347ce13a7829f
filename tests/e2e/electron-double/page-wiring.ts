import { readFileSync } from 'node:fs';
import type { CDPSession, Page } from '@playwright/test';
import type { MessagePortMain } from './ports.ts';
import { pack, unpack } from './wire.js';

const ISOLATED_WORLD = 'Electron Isolated Context';

/** What the preload's world sends. */
export type FromPage = { kind: 'send'; channel: string; args: unknown[] } | { kind: 'port'; id: number; data: unknown };

/** Runs a preload in a world of its own on every document of `page`, and carries messages between it and Node. */
export class PageWiring {
  private readonly session: CDPSession;
  private isolatedWorld = 0;
  private readonly ports = new Map<number, MessagePortMain>();

  private constructor(session: CDPSession) {
    this.session = session;
  }

  static async attach(page: Page, preload: string, receive: (message: FromPage) => void): Promise<PageWiring> {
    const session = await page.context().newCDPSession(page);
    const wiring = new PageWiring(session);
    await session.send('Page.enable');
    await session.send('Runtime.enable');
    session.on('Runtime.executionContextCreated', ({ context }) => {
      if (context.name === ISOLATED_WORLD) wiring.isolatedWorld = context.id;
    });
    session.on('Runtime.bindingCalled', ({ name, payload }) => {
      if (name === 'toMainProcess') wiring.receive(unpack(payload) as FromPage, receive);
    });
    await session.send('Runtime.addBinding', { name: 'toMainProcess', executionContextName: ISOLATED_WORLD });
    const scripts = {
      main: `{${script('wire.js')}\n${script('main-world.js')}}`,
      isolated: `{${script('wire.js')}\n${script('isolated-world.js')}\n(() => {${readFileSync(preload, 'utf8')}\n})();}`,
    };
    await session.send('Page.addScriptToEvaluateOnNewDocument', { source: scripts.main });
    await session.send('Page.addScriptToEvaluateOnNewDocument', {
      source: scripts.isolated,
      worldName: ISOLATED_WORLD,
    });
    return wiring;
  }

  /** Posts a message and ports to the preload of the page, as WebFrameMain.postMessage does. */
  post(channel: string, data: unknown, transferred: MessagePortMain[]): void {
    const ids = transferred.map((port) => {
      const id = this.ports.size + 1;
      this.ports.set(id, port);
      port.remote = (message) => this.transmit({ kind: 'port', id, data: message });
      return id;
    });
    this.transmit({ kind: 'emit', channel, data, ports: ids });
  }

  /** The page is gone, and with it the ends of its ports. */
  closePorts(): void {
    for (const port of this.ports.values()) port.peer.close();
    this.ports.clear();
  }

  private receive(message: FromPage, pass: (message: FromPage) => void): void {
    if (message.kind === 'port') this.ports.get(message.id)?.peer.receive(message.data);
    else pass(message);
  }

  private transmit(message: unknown): void {
    const expression = `fromMainProcess(${JSON.stringify(pack(message))})`;
    this.session
      .send('Runtime.evaluate', { contextId: this.isolatedWorld, expression })
      // A page that is closing answers to nobody, as in Electron.
      .catch((thrown: unknown) => {
        if (!/closed|Cannot find context/.test(String(thrown))) throw thrown;
      });
  }
}

/** Exports become declarations, so that the text runs as a classic script. */
const script = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8').replace(/^export /gm, '');
