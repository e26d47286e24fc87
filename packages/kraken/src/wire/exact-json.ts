/** A JSON number as it was written. Venue prices keep trailing zeros and ids go beyond 2^53: a float would lose both. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown

// The source-text proposal is in V8 but not yet in TypeScript's library types.
const parseWithSource = JSON.parse as (text: string, reviver: Reviver) => unknown
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown }

/** `JSON.parse` with every number left as its lexeme. @throws SyntaxError */
export function parseExact(text: string): unknown {
  return parseWithSource(text, (_key, value, { source }) =>
    typeof value === 'number' ? new NumberText(source ?? String(value)) : value,
  )
}

/** The inverse of `parseExact`, without whitespace: numbers come out as they came in. */
export function writeExact(value: unknown): string {
  return JSON.stringify(value, (_key, part) => (part instanceof NumberText ? rawJSON(part.text) : part))
}

/** The value as an object with unknown members, or undefined if it is anything else. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord =
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  return isRecord ? (value as Readonly<Record<string, unknown>>) : undefined
}
