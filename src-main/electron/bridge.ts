import { ipcMain, MessageChannelMain, type IpcMainEvent } from 'electron';
import { serveApi, type ServedApp } from '../rpc/serve-api.ts';

export const CONNECT_CHANNEL = 'configiq:connect';
export const PORT_CHANNEL = 'configiq:port';
/** A command of the menu, by its id. */
export const COMMAND_CHANNEL = 'configiq:command';

/**
 * Hands every page that asks its own message port, over which the app's calls are served. Only the top frame of a page
 * that `isOwnPage` accepts is answered: a preload runs in whatever the window shows.
 */
export function serveWindows(app: ServedApp, isOwnPage: (url: string) => boolean): void {
  ipcMain.on(CONNECT_CHANNEL, (event) => {
    const frame = ownTopFrame(event, isOwnPage);
    if (!frame) return;
    const { port1, port2 } = new MessageChannelMain();
    const stop = serveApi(app, {
      send: (message) => port1.postMessage(message),
      onMessage: (listener) => port1.on('message', ({ data }) => listener(data)),
    });
    port1.on('close', stop);
    port1.start();
    frame.postMessage(PORT_CHANNEL, null, [port2]);
  });
}

/** `senderFrame` is null once the frame has navigated away or is gone. */
function ownTopFrame({ senderFrame }: IpcMainEvent, isOwnPage: (url: string) => boolean): Electron.WebFrameMain | null {
  if (!senderFrame || senderFrame.parent || !isOwnPage(senderFrame.url)) return null;
  return senderFrame;
}
