import { expose, type Endpoint } from 'comlink/dist/esm/comlink.mjs';
import type { AppApi, ProgressEvent } from '../../src-worker/protocol/app-api.ts';
import { judgeCall } from './call-guard.ts';
import { TasksWaitedFor } from './tasks-waited-for.ts';

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
 * ignores messages without an id). Returns how to end it: what this front still waits for then is cancelled, because a page
 * that was reloaded or closed can neither show it nor stop it, and the threads are wanted for the next one.
 */
export function serveApi(app: ServedApp, channel: Channel): () => void {
  const listeners = new Set<EventListenerOrEventListenerObject>();
  const tasks = new TasksWaitedFor();
  const endpoint: Endpoint = {
    postMessage: (message: { id: string }) => {
      tasks.end(message.id);
      channel.send(message);
    },
    addEventListener: (_type, listener) => void listeners.add(listener),
    removeEventListener: (_type, listener) => void listeners.delete(listener),
  };
  channel.onMessage((message) => {
    const verdict = judgeCall(message);
    if (verdict.kind === 'refused') channel.send(verdict.answer);
    if (verdict.kind !== 'call') return;
    const event = { data: tasks.begin(verdict.call) } as MessageEvent;
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
    for (const taskId of tasks.take()) void app.api.cancelTask(taskId);
  };
}
