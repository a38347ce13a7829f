/* global pack, unpack -- wire.js stands before this text */

document.addEventListener('double:expose', (event) => {
  const { name, api } = unpack(event.detail);
  let calls = 0;

  const caller =
    (index) =>
    (...args) => {
      const id = (calls += 1);
      let outcome;
      const receive = (answer) => {
        const message = unpack(answer.detail);
        if (message.id === id) outcome = message;
      };
      // DOM events run their listeners before dispatchEvent returns, in every world.
      document.addEventListener('double:answer', receive);
      document.dispatchEvent(new CustomEvent('double:call', { detail: pack({ index, args, id }) }));
      document.removeEventListener('double:answer', receive);
      if (outcome.error) throw new Error(outcome.error);
      return outcome.value;
    };

  const built = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (value.$function !== undefined) return caller(value.$function);
    return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, item]) => [key, built(item)])));
  };
  Object.defineProperty(window, name, { value: built(api), enumerable: true });
});

/*
 * Electron asks the protocol handler for what a link downloads. Chromium asks the network, past every interception, so here the page
 * fetches it and saves what came under the name that the handler gave it.
 */
const followLink = HTMLAnchorElement.prototype.click;
HTMLAnchorElement.prototype.click = function click() {
  if (!this.hasAttribute('download') || !this.href.startsWith(`${location.origin}/`)) return followLink.call(this);
  void fetch(this.href).then(async (response) => {
    const name = /filename="([^"]*)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
    const saved = document.createElement('a');
    saved.href = URL.createObjectURL(await response.blob());
    saved.download = name ?? this.download;
    followLink.call(saved);
  });
};
