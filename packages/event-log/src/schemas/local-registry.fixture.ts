import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import avro from 'avsc'

export interface LocalRegistry {
  readonly url: string
  /** Schemas of each subject, oldest first. */
  readonly subjects: ReadonlyMap<string, readonly string[]>
  /** Requests so far. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** A schema registry in this process, as Confluent documents its interface; compatibility is BACKWARD. */
export async function startLocalRegistry(login?: string): Promise<LocalRegistry> {
  const registry = new Registry(login)
  const server: Server = createServer((request, response) => void registry.answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    subjects: registry.subjects,
    asked: registry.asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

class Registry {
  readonly subjects = new Map<string, string[]>()
  readonly asked: string[] = []
  /** An id for each different text, counted from 1. */
  readonly #schemas: string[] = []
  readonly #login: string | undefined

  constructor(login: string | undefined) {
    this.#login = login
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, method = '', url = '' } = request
    this.asked.push(`${method} ${url}`)
    let text = ''
    for await (const part of request) text += part
    const wanted = this.#login && `Basic ${Buffer.from(this.#login).toString('base64')}`
    const [status, body] =
      wanted !== headers.authorization ? [401, error(40101, 'Unauthorized')] : this.#route(`${method} ${url}`, text)
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    response.end(JSON.stringify(body))
  }

  #route(call: string, text: string): [number, unknown] {
    const [, subject = ''] = /subjects\/([^/]+)\/versions/.exec(call) ?? []
    const name = decodeURIComponent(subject)
    const [, id] = /^GET \/schemas\/ids\/(\d+)$/.exec(call) ?? []
    if (id !== undefined) {
      const schema = this.#schemas[Number(id) - 1]
      return schema === undefined ? [404, error(40403, 'Schema not found')] : [200, { schema }]
    }
    if (call.startsWith('POST /compatibility/')) {
      const newest = this.subjects.get(name)?.at(-1)
      return newest === undefined
        ? [404, error(40401, 'Subject not found')]
        : [200, { is_compatible: canRead(schemaOf(text), newest) }]
    }
    if (call.startsWith('POST /subjects/')) return this.#register(name, schemaOf(text))
    return [404, error(404, 'Not Found')]
  }

  #register(subject: string, schema: string): [number, unknown] {
    const versions = this.subjects.get(subject) ?? []
    if (!versions.includes(schema)) {
      const newest = versions.at(-1)
      if (newest !== undefined && !canRead(schema, newest))
        return [409, error(409, 'Schema being registered is incompatible')]
      versions.push(schema)
      this.subjects.set(subject, versions)
    }
    if (!this.#schemas.includes(schema)) this.#schemas.push(schema)
    return [200, { id: this.#schemas.indexOf(schema) + 1 }]
  }
}

/** BACKWARD: a reader with the new schema reads what was written with the old one. */
function canRead(reader: string, writer: string): boolean {
  try {
    avro.Type.forSchema(JSON.parse(reader)).createResolver(avro.Type.forSchema(JSON.parse(writer)))
    return true
  } catch {
    return false
  }
}

function schemaOf(body: string): string {
  return (JSON.parse(body) as { schema: string }).schema
}

function error(error_code: number, message: string): unknown {
  return { error_code, message }
}
