/** No JSON text has this byte: behind it stands the state. */
const END_OF_TEXT = 0

/** A checkpoint as bytes: JSON, and behind it the bytes of its state where that is no JSON but bytes. */
export function encodeCheckpoint(checkpoint: unknown): Uint8Array {
  const { state } = (checkpoint ?? {}) as { readonly state?: unknown }
  if (!(state instanceof Uint8Array)) return Buffer.from(JSON.stringify(checkpoint))
  const text = Buffer.from(JSON.stringify({ ...(checkpoint as object), state: null }))
  return Buffer.concat([text, Uint8Array.of(END_OF_TEXT), state])
}

/** The inverse. @throws SyntaxError where it is none */
export function decodeCheckpoint(bytes: Buffer): unknown {
  const end = bytes.indexOf(END_OF_TEXT)
  if (end === -1) return JSON.parse(bytes.toString('utf8'))
  return { ...JSON.parse(bytes.toString('utf8', 0, end)), state: bytes.subarray(end + 1) }
}
