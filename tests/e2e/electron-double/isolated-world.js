/* global pack, unpack, toMainProcess -- wire.js stands before this text; the binding exists in this world only */

const handlers = new Map();
const ports = new Map();

const send = (message) => toMainProcess(pack(message));
const listenersOf = (channel) => handlers.get(channel) ?? handlers.set(channel, []).get(channel);

const ipcRenderer = {
  on(channel, listener) {
    listenersOf(channel).push(listener);
    return ipcRenderer;
  },
  send: (channel, ...args) => send({ kind: 'send', channel, args }),
};

/** The page's end of a port whose other end is in the main process. */
function adoptPort(id) {
  const { port1, port2 } = new MessageChannel();
  ports.set(id, port1);
  port1.onmessage = (event) => send({ kind: 'port', id, data: event.data });
  return port2;
}

globalThis.fromMainProcess = (text) => {
  const message = unpack(text);
  if (message.kind === 'port') ports.get(message.id)?.postMessage(message.data);
  if (message.kind !== 'emit') return;
  const event = { sender: ipcRenderer, ports: message.ports.map(adoptPort) };
  for (const listener of listenersOf(message.channel)) listener(event, message.data);
};

// The bridge: functions become numbers, and calls come back by them. Values are copied both ways, as Electron does.
const exposed = [];
const described = (value) => {
  if (typeof value === 'function') return { $function: exposed.push(value) - 1 };
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, described(item)]));
};

document.addEventListener('double:call', (event) => {
  const { index, args, id } = unpack(event.detail);
  const answer = (outcome) =>
    document.dispatchEvent(new CustomEvent('double:answer', { detail: pack({ id, ...outcome }) }));
  try {
    answer({ value: exposed[index](...args) });
  } catch (thrown) {
    answer({ error: String(thrown.message) });
  }
});

const contextBridge = {
  exposeInMainWorld(name, api) {
    document.dispatchEvent(new CustomEvent('double:expose', { detail: pack({ name, api: described(api) }) }));
  },
};

// A sandboxed preload may require little more than this. Its text follows and finds this name.
// eslint-disable-next-line no-unused-vars
const require = (name) => {
  if (name === 'electron') return { ipcRenderer, contextBridge };
  throw new Error(`module not found: ${name} (the preload is sandboxed)`);
};
