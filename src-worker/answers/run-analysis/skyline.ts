/** A place in two figures, less of both being better. */
export interface SkylineItem {
  x: number;
  y: number;
  pointId: number;
  rank: number;
  /** Further ones with these very two figures. */
  others: number;
}

/**
 * The points that none of those added beats in both figures, less being better: by rising x, and so by falling y. Points are
 * offered one by one, in any order; it holds those of the frontier and no others.
 */
export class Skyline<Item extends SkylineItem> {
  readonly members: Item[] = [];

  /** `make` is called where the point is, for now, on the frontier. Of equal points the first by point and rank stands for all. */
  offer(x: number, y: number, pointId: number, rank: number, make: (others: number) => Item): void {
    const { members } = this;
    const i = this.firstNotBelow(x);
    const here = members[i];
    const before = members[i - 1];
    if (before && before.y <= y) return;
    if (here && here.x === x && here.y <= y) {
      if (here.y < y) return;
      const isEarlier = pointId < here.pointId || (pointId === here.pointId && rank < here.rank);
      if (isEarlier) members[i] = make(here.others + 1);
      else here.others += 1;
      return;
    }
    let end = i;
    while (end < members.length && (members[end] as Item).y >= y) end += 1;
    members.splice(i, end - i, make(0));
  }

  private firstNotBelow(x: number): number {
    let low = 0;
    let high = this.members.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.members[middle] as Item).x < x) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
