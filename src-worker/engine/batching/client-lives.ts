/**
 * Clients who take one request after the other from a heap until it is empty, each request for an independent life: when the heap
 * is empty, and how long the last ones are still at work then. Renewal theory on a lattice (Feller, An Introduction to Probability
 * Theory and Its Applications 2, ch. XI).
 */
export interface ClientLives {
  /** [cells] chances of lives of so many cells of the lattice; nobody lives for none. */
  chances: Float64Array;
  clients: number;
  /** At least as many as clients. */
  requests: number;
  /** Of a life: ends of a cell at which it still pauses / those at which it paused in the cell before; 0 = nobody pauses. */
  pauseKept: number;
}

/** The end of a run, all in cells. */
export interface LastLives {
  /** What a client has left when the last request is taken, on average: so long before all is done, if nobody were idle, that is. */
  meanLeft: number;
  /** [cell] chance that somebody is at work so many cells after that moment, and how many are on average. */
  anyLeft: Float64Array;
  clientsLeft: Float64Array;
  /** Clients who pause at that moment, on average; of them `pauseKept` still do a cell later. */
  pausing: number;
}

const sumFrom = (values: Float64Array): Float64Array => {
  const sums = new Float64Array(values.length + 1);
  for (let k = values.length - 1; k >= 0; k -= 1) sums[k] = (sums[k + 1] as number) + (values[k] as number);
  return sums;
};

/** [cell] expected lives of a client that begin there, the first at 0, until there are `wanted` of them; the last one is the cell of that. */
function beginnings(chances: Float64Array, wanted: number): number[] {
  const begun = [1];
  for (let total = 1; total < wanted * (1 - 1e-12);) {
    const at = begun.length;
    let now = 0;
    for (let life = Math.min(at, chances.length - 1); life >= 1; life -= 1) {
      now += (chances[life] as number) * (begun[at - life] as number);
    }
    begun.push(now);
    total += now;
  }
  return begun;
}

/**
 * Rounds that are followed. Of longer runs whole rounds are left out: lives of one length end as they would, others are at any
 * point of a life by then, and in between the end of a run, at most a life, is less than a hundredth of it.
 */
const MOST_ROUNDS = 64;

/**
 * The end of a run of clients. One of them has just taken the last request, the others are somewhere in a life; those whose life
 * ended there and who found nothing have none left. Exact for one client, for as many requests as clients, for lives of one length
 * and for lives that forget how long they last; in between the clients are taken to be independent of when that is.
 */
export function lastLives({ chances, clients, requests, pauseKept }: ClientLives): LastLives {
  const followed = requests - clients * Math.max(0, Math.ceil(requests / clients) - MOST_ROUNDS);
  const begun = beginnings(chances, followed / clients);
  const last = begun.length - 1;
  const longer = sumFrom(chances).subarray(1);
  const before = begun.slice(0, last).reduce((sum, share) => sum + share, 0);
  // Of the one who takes the last: lives before it, given that one begins there.
  let own = 1;
  for (let at = 0; at < last; at += 1)
    own += ((begun[at] as number) * (begun[last - at] as number)) / (begun[last] as number);
  const others = clients - 1;
  const wanted = others > 0 ? (followed - own) / others : 0;
  const takes = Math.min(begun[last] as number, Math.max(0, wanted - before));
  const cells = chances.length;
  const anyLeft = new Float64Array(cells);
  const clientsLeft = new Float64Array(cells);
  let meanLife = 0;
  let othersLeft = 0;
  for (let k = 0; k < cells; k += 1) {
    let left = takes * (longer[k] as number);
    for (let at = Math.max(0, last - (cells - 1 - k)); at < last; at += 1) {
      left += (begun[at] as number) * (longer[last - at + k] as number);
    }
    const fresh = longer[k] as number;
    anyLeft[k] = 1 - (1 - fresh) * Math.pow(1 - Math.min(1, left), others);
    clientsLeft[k] = fresh + others * Math.min(1, left);
    meanLife += fresh;
    othersLeft += Math.min(1, left);
  }
  const meanLeft = (meanLife + others * othersLeft) / clients;
  let pausing = 0;
  for (let at = 0; at <= last; at += 1) pausing = pauseKept * pausing + (at < last ? (begun[at] as number) : takes);
  return {
    meanLeft,
    anyLeft,
    clientsLeft,
    pausing: clients * Math.min(1, pauseKept * pausing),
  };
}
