/** What a random stream is for: streams of different purposes never share a draw. */
export const PURPOSE = { day: 1, minute: 2, trades: 3, intensity: 4, imbalance: 5, faults: 6 } as const

/** Who a random stream belongs to: one market of one seed. */
export type MarketKey = number & { readonly __unit: 'market-key' }

/** The key of a market: a hash of the seed and the symbol's text. */
export function marketKey(seed: number, symbol: string): MarketKey {
  let hash = mix(mix(0x9e3779b9, seed | 0), Math.floor(seed / 0x1_0000_0000) | 0)
  for (const character of symbol) hash = mix(hash, character.codePointAt(0) ?? 0)
  return finish(hash) as MarketKey
}

/**
 * A stream of random numbers that is a pure function of its address (market, purpose, index), so any part of a market
 * can be drawn without the parts before it. The generator is sfc32 (Chris Doty-Humphrey's PractRand).
 */
export class RandomStream {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(key: MarketKey, purpose: number, index: number) {
    const base = mix(mix(key, purpose), index)
    this.#a = finish(mix(base, 1))
    this.#b = finish(mix(base, 2))
    this.#c = finish(mix(base, 3))
    // sfc32's author asks for 12 rounds before the first number is used.
    for (let round = 0; round < 12; round += 1) this.#next()
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** Uniform in the open interval (0, 1), 52 random bits. */
  uniform(): number {
    return ((this.#next() >>> 6) * 0x400_0000 + (this.#next() >>> 6) + 0.5) / 0x10_0000_0000_0000
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Exponential with mean 1. */
  exponential(): number {
    return -Math.log(this.uniform())
  }
}

/** The mixing step of MurmurHash3 (32 bit). */
function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** The finalizer of MurmurHash3 (32 bit). */
function finish(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
