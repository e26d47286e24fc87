import type { Connection, Writer } from '@platformatic/kafka'

/** A request of the protocol that C1 writes and reads itself, in a version without tagged fields. */
export interface RequestKind<Request, Answer> {
  /** The protocol's number of it. */
  readonly api: number
  readonly version: number
  readonly encode: (writer: Writer, request: Request) => Writer
  readonly decode: (bytes: Buffer) => Answer
}

/** Resolves with the broker's answer. @throws the library's error */
export function ask<Request, Answer>(
  connection: Connection,
  { api, decode, encode, version }: RequestKind<Request, Answer>,
  newWriter: () => Writer,
  request: Request,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    connection.send(
      api,
      version,
      () => encode(newWriter(), request),
      (_correlation, _api, _version, { buffer, length, position }) => decode(buffer.slice(position, length)),
      false,
      false,
      (error, answer) => (error ? reject(error) : resolve(answer as Answer)),
    )
  })
}
