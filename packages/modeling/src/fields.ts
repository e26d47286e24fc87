import { MalformedError } from '@c1/market'

/**
 * The fields of a JSON object, each read as the type that it must have.
 *
 * @throws MalformedError `model_malformed` from every method, naming the field
 */
export class Fields {
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #where: string

  /** @param where what the object is, as the path of its fields: `card.scores[0]` */
  constructor(json: unknown, where: string) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw malformed(where, 'an object', json)
    this.#fields = json as Readonly<Record<string, unknown>>
    this.#where = where
  }

  /** The value as it is. */
  any(key: string): unknown {
    return this.#fields[key]
  }

  number(key: string): number {
    return this.#read(key, 'a number', (json) => typeof json === 'number' && Number.isFinite(json)) as number
  }

  integer(key: string): number {
    return this.#read(key, 'a whole number', Number.isSafeInteger) as number
  }

  text(key: string): string {
    return this.#read(key, 'a text', (json) => typeof json === 'string') as string
  }

  boolean(key: string): boolean {
    return this.#read(key, 'true or false', (json) => typeof json === 'boolean') as boolean
  }

  texts(key: string): readonly string[] {
    return this.#read(key, 'a list of texts', isTexts) as readonly string[]
  }

  oneOf<Value extends string>(key: string, values: readonly Value[]): Value {
    return this.#read(key, `one of ${values.join(', ')}`, (json) => values.includes(json as Value)) as Value
  }

  object(key: string): Fields {
    return new Fields(this.#fields[key], `${this.#where}.${key}`)
  }

  list<Item>(key: string, read: (item: Fields) => Item): readonly Item[] {
    const items = this.#read(key, 'a list', Array.isArray) as readonly unknown[]
    return items.map((item, index) => read(new Fields(item, `${this.#where}.${key}[${index}]`)))
  }

  #read(key: string, expected: string, isExpected: (json: unknown) => boolean): unknown {
    const json = this.#fields[key]
    if (!isExpected(json)) throw malformed(`${this.#where}.${key}`, expected, json)
    return json
  }
}

function isTexts(json: unknown): boolean {
  return Array.isArray(json) && json.every((item) => typeof item === 'string')
}

function malformed(where: string, expected: string, json: unknown): MalformedError {
  const found = JSON.stringify(json)?.slice(0, 60) ?? 'missing'
  return new MalformedError('model_malformed', `"${where}" must be ${expected}, but is ${found}.`, {
    details: { where },
  })
}
