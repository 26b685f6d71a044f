/** Waiting times between tries: doubling, capped, and with full jitter so that clients do not come back together. */
export class Backoff {
  /**
   * @param {number} firstMs
   * @param {number} mostMs
   * @param {() => number} random
   */
  constructor(firstMs = 500, mostMs = 15000, random = Math.random) {
    this.firstMs = firstMs;
    this.mostMs = mostMs;
    this.random = random;
    this.tries = 0;
  }

  /** The next waiting time in milliseconds: between half of the ceiling and the ceiling. */
  next() {
    const ceiling = Math.min(this.mostMs, this.firstMs * 2 ** this.tries++);
    return Math.round(ceiling * (0.5 + this.random() / 2));
  }

  reset() {
    this.tries = 0;
  }
}
