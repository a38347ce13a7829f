import { expose, type Endpoint } from 'comlink/dist/esm/comlink.mjs';
import type { AppApi, ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { judgeCall } from './call-guard.ts';

/** What a connection needs of the services behind it. */
export interface ServedApp {
  api: AppApi;
  /** Returns how to stop listening. */
  onProgress(listener: (event: ProgressEvent) => void): () => void;
}

/** Messages to and from one front, whatever carries them. */
export interface Channel {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
}

/**
 * Serves the calls of AppApi to one front over `channel`, and pushes every ProgressEvent beside the answers (comlink
 * ignores messages without an id). Returns how to end it; what is still being computed then has nobody to answer to.
 */
export function serveApi(app: ServedApp, channel: Channel): () => void {
  const listeners = new Set<EventListenerOrEventListenerObject>();
  const endpoint: Endpoint = {
    postMessage: (message: unknown) => channel.send(message),
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
  };
  channel.onMessage((message) => {
    const verdict = judgeCall(message);
    if (verdict.kind === 'refused') channel.send(verdict.answer);
    if (verdict.kind !== 'call') return;
    const event = { data: verdict.call } as MessageEvent;
    for (const listener of listeners) {
      if (typeof listener === 'function') listener(event);
      else listener.handleEvent(event);
    }
  });
  expose(app.api, endpoint);
  const stopProgress = app.onProgress((event) => channel.send(event));
  return () => {
    stopProgress();
    listeners.clear();
  };
}
