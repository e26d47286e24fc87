/** Base of the digits that a `bigint` is written in. */
const BASE = 32n
const DIGIT = (1n << BASE) - 1n
const ABSENT = -1

/** Numbers one after another in a buffer that grows, each in the eight bytes that it has in memory: to the bit, infinities too. */
export class WordWriter {
  #words = new Float64Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  get words(): Float64Array {
    return this.#words.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }

  put(word: number): void {
    if (this.#length === this.#words.length) this.reserve(1)
    this.#words[this.#length++] = word
  }

  /** Makes room for so many more. */
  reserve(count: number): void {
    const least = this.#length + count
    if (least <= this.#words.length) return
    const larger = new Float64Array(Math.max(least, 2 * this.#words.length))
    larger.set(this.#words)
    this.#words = larger
  }

  putAll(words: Float64Array): void {
    this.reserve(words.length)
    this.#words.set(words, this.#length)
    this.#length += words.length
  }

  /** How many digits follow, then the digits, lowest first. */
  putBig(value: bigint | undefined): void {
    const digits: number[] = []
    for (let rest = value ?? 0n; rest > 0n; rest >>= BASE) digits.push(Number(rest & DIGIT))
    this.put(value === undefined ? ABSENT : digits.length)
    for (const digit of digits) this.put(digit)
  }
}

/** Reads them back. Throws what `malformed` makes where a word is not what it must be. */
export class WordReader {
  readonly #words: Float64Array
  readonly #malformed: (what: string) => Error
  #at = 0

  constructor(words: Float64Array, malformed: (what: string) => Error) {
    this.#words = words
    this.#malformed = malformed
  }

  get isAtEnd(): boolean {
    return this.#at === this.#words.length
  }

  /** Any number at all. */
  word(): number {
    if (this.isAtEnd) throw this.#malformed('it ends too early')
    return this.#words[this.#at++] as number
  }

  integer(): number {
    const word = this.word()
    if (!Number.isSafeInteger(word)) throw this.#malformed(`${word} stands for a whole number`)
    return word
  }

  /** A time; infinite where there is none. */
  time(): number {
    const word = this.word()
    if (!Number.isSafeInteger(word) && Math.abs(word) !== Number.POSITIVE_INFINITY)
      throw this.#malformed(`${word} stands for a time`)
    return word
  }

  count(): number {
    const count = this.integer()
    if (count < 0 || count > this.#words.length) throw this.#malformed(`${count} stands for a count`)
    return count
  }

  list<Item>(item: () => Item): Item[] {
    const items: Item[] = []
    for (let left = this.count(); left > 0; left--) items.push(item())
    return items
  }

  bigOrAbsent(): bigint | undefined {
    const count = this.integer()
    if (count === ABSENT) return undefined
    let value = 0n
    for (let place = 0n; place < BigInt(count); place++) value |= BigInt(this.integer()) << (place * BASE)
    return value
  }

  big(): bigint {
    const value = this.bigOrAbsent()
    if (value === undefined) throw this.#malformed('a figure is absent')
    return value
  }
}
