/** A map that computes what it lacks and keeps what it computed last. */
export class Recent<Value> {
  readonly #values = new Map<number, Value>()
  readonly #capacity: number
  readonly #compute: (key: number) => Value

  constructor(capacity: number, compute: (key: number) => Value) {
    this.#capacity = capacity
    this.#compute = compute
  }

  get(key: number): Value {
    const known = this.#values.get(key)
    if (known !== undefined) return known
    if (this.#values.size >= this.#capacity) this.#values.delete(this.#values.keys().next().value as number)
    const value = this.#compute(key)
    this.#values.set(key, value)
    return value
  }
}
