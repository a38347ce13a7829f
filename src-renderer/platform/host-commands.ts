const COMMAND_MESSAGE = 'configiq:command';

/** Commands given in the menu of the desktop program, until the returned function is called. */
export function onHostCommand(run: (id: string) => void): () => void {
  function receive(event: MessageEvent): void {
    if (event.source !== window || !isCommand(event.data)) return;
    run(event.data.id);
  }
  window.addEventListener('message', receive);
  return () => window.removeEventListener('message', receive);
}

const isCommand = (data: unknown): data is { id: string } =>
  typeof data === 'object' &&
  data !== null &&
  'type' in data &&
  data.type === COMMAND_MESSAGE &&
  'id' in data &&
  typeof data.id === 'string';
