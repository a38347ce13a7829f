import { EventEmitter } from 'node:events';

/** One end of a channel in the main process. `remote` is set once its other end has been posted to a page. */
export class MessagePortMain extends EventEmitter {
  peer!: MessagePortMain;
  remote: ((data: unknown) => void) | null = null;
  private readonly waiting: unknown[] = [];
  private isStarted = false;

  postMessage(message: unknown): void {
    // Refuses what Electron's structured clone refuses: functions, class instances with private state, symbols.
    const copy: unknown = structuredClone(message);
    if (this.peer.remote) this.peer.remote(copy);
    else this.peer.receive(copy);
  }

  receive(data: unknown): void {
    if (this.isStarted) this.emit('message', { data, ports: [] });
    else this.waiting.push(data);
  }

  start(): void {
    this.isStarted = true;
    for (const data of this.waiting.splice(0)) this.receive(data);
  }

  close(): void {
    this.emit('close');
  }
}

export class MessageChannelMain {
  readonly port1 = new MessagePortMain();
  readonly port2 = new MessagePortMain();

  constructor() {
    this.port1.peer = this.port2;
    this.port2.peer = this.port1;
  }
}
