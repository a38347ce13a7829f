/** Mooncake's blocks. */
const USUAL_BLOCK_TOKENS = 512;
/** Powers of two up to 2^16 are what engines and traces are written with. */
const POWERS = Array.from({ length: 17 }, (_, exponent) => 2 ** exponent);

/**
 * The size of the blocks behind ids, from how many a prompt has: a prompt of p tokens in blocks of b has ceil(p / b). Where
 * sizes are left to choose from it is the usual one or a power of two; where no size fits all, the power of two that fits
 * most rows, if it fits more than half.
 */
export class BlockSize {
  /** Sizes that fit every row so far are at least this, and below the other. */
  #least = 1;
  #below = Infinity;
  #rows = 0;
  readonly #fitting = POWERS.map(() => 0);

  take(promptTokens: number, ids: number): void {
    if (ids === 0) return;
    this.#rows += 1;
    this.#least = Math.max(this.#least, Math.ceil(promptTokens / ids));
    if (ids > 1) this.#below = Math.min(this.#below, promptTokens / (ids - 1));
    for (let power = 0; power < POWERS.length; power += 1) {
      const size = POWERS[power] as number;
      if (Math.ceil(promptTokens / size) === ids) this.#fitting[power] = (this.#fitting[power] as number) + 1;
    }
  }

  /** null where no size is likely. */
  get tokens(): number | null {
    if (this.#rows === 0) return null;
    const fits = (size: number): boolean => size >= this.#least && size < this.#below;
    if (fits(USUAL_BLOCK_TOKENS)) return USUAL_BLOCK_TOKENS;
    const power = POWERS.find(fits);
    if (power !== undefined) return power;
    if (fits(this.#least)) return this.#least;
    const most = Math.max(...this.#fitting);
    return most * 2 > this.#rows ? (POWERS[this.#fitting.indexOf(most)] ?? null) : null;
  }
}
