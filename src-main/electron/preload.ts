import { contextBridge, ipcRenderer } from 'electron';

// The whole bridge: the page asks to be connected and gets a message port. Everything else goes over that port and is
// checked in the main process. Channel names are repeated from bridge.ts, which a sandboxed preload cannot import from.
contextBridge.exposeInMainWorld('configiq', {
  host: 'electron',
  connect: (): void => ipcRenderer.send('configiq:connect'),
});

// Ports cannot pass the context bridge; posting them from this world to the page's own window can.
ipcRenderer.on('configiq:port', (event) => window.postMessage('configiq:port', '*', event.ports));

// A command of the menu, for the page to run.
ipcRenderer.on('configiq:command', (_event, id: unknown) => window.postMessage({ type: 'configiq:command', id }, '*'));
