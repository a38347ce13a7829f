/** What the tests of the drawn grid list. */
export interface Item {
  name: string;
  size: number;
}
