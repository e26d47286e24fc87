import { setTimeout as pause } from 'node:timers/promises'
import { C1Error, UsageError } from '@c1/market'

/** A Confluent-compatible registry: Confluent's, Redpanda's, Karapace, Apicurio's compatible address. */
export interface SchemaRegistry {
  /**
   * The id of a schema under a subject; a new one is a new version of it.
   *
   * @throws UsageError `schema_refused` when the registry finds it incompatible with what is there
   * @throws C1Error `registry_unreachable` (retryable), `registry_failed`; UsageError `registry_unauthenticated`
   */
  register(subject: string, schema: unknown): Promise<number>
  /** @throws UsageError `schema_id_unknown`; as `register` */
  schema(id: number): Promise<string>
}

export interface SchemaRegistryOptions {
  /** A name and password may stand in it: `https://NAME:PASSWORD@HOST`. */
  readonly url: string
  /** How long a registry that does not answer is waited for. Default 60 s. */
  readonly patienceMs?: number
  /** Told what is waited for. */
  readonly onWarning?: (message: string) => void
}

const PATIENCE_MS = 60_000
const CALL_MS = 10_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 3000
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'

export function openSchemaRegistry(options: SchemaRegistryOptions): SchemaRegistry {
  return new HttpRegistry(options)
}

class HttpRegistry implements SchemaRegistry {
  readonly #options: SchemaRegistryOptions
  /** Without credentials: it stands in messages. */
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(options: SchemaRegistryOptions) {
    const url = new URL(options.url)
    const { password, username } = url
    url.username = ''
    url.password = ''
    this.#options = options
    this.#url = url.href.replace(/\/+$/, '')
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')
    this.#headers = {
      'content-type': MEDIA_TYPE,
      accept: MEDIA_TYPE,
      ...(username && { authorization: `Basic ${login}` }),
    }
  }

  async register(subject: string, schema: unknown): Promise<number> {
    const body = JSON.stringify({ schema: JSON.stringify(schema) })
    const { id } = await this.#call(`/subjects/${encodeURIComponent(subject)}/versions`, { method: 'POST', body })
    if (!Number.isSafeInteger(id)) throw this.#failed(`the id of ${subject} is ${JSON.stringify(id)}`)
    return id as number
  }

  async schema(id: number): Promise<string> {
    const { schema, schemaType } = await this.#call(`/schemas/ids/${id}`, {})
    if (typeof schema !== 'string' || (schemaType ?? 'AVRO') !== 'AVRO') throw this.#failed(`schema ${id} is no Avro`)
    return schema
  }

  async #call(path: string, request: RequestInit): Promise<Readonly<Record<string, unknown>>> {
    const { onWarning, patienceMs = PATIENCE_MS } = this.#options
    const deadline = performance.now() + patienceMs
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(wait * 2, LONGEST_PAUSE_MS)) {
      try {
        return await this.#ask(path, request)
      } catch (error) {
        if (!(error instanceof C1Error) || !error.retryable || performance.now() >= deadline) throw error
        onWarning?.(`${error.message} Trying again.`)
        await pause(wait)
      }
    }
  }

  async #ask(path: string, request: RequestInit): Promise<Readonly<Record<string, unknown>>> {
    let response: Response
    let body: unknown
    try {
      response = await fetch(this.#url + path, {
        ...request,
        headers: this.#headers,
        signal: AbortSignal.timeout(CALL_MS),
      })
      body = await response.json().catch(() => undefined)
    } catch (cause) {
      throw this.#unreachable(reasonOf(cause), cause)
    }
    const fields = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}
    const said = `${response.status} ${fields.message ?? response.statusText}`.trim()
    if (response.ok) return fields
    if (response.status >= 500 || response.status === 429) throw this.#unreachable(said)
    if (response.status === 401 || response.status === 403) {
      const remedy = 'Put the name and password into C1_SCHEMA_REGISTRY_URL (https://NAME:PASSWORD@HOST)'
      throw new UsageError(
        'registry_unauthenticated',
        `The schema registry at ${this.#url} refuses us (${said}). ${remedy}.`,
      )
    }
    if (response.status === 409) throw this.#refused(path, said)
    if (response.status === 404 && path.startsWith('/schemas/')) throw this.#unknown(path)
    throw this.#failed(said)
  }

  #unreachable(reason: string, cause?: unknown): C1Error {
    return new C1Error('registry_unreachable', `The schema registry at ${this.#url} does not answer (${reason}).`, {
      retryable: true,
      cause,
    })
  }

  #refused(path: string, said: string): UsageError {
    const subject = decodeURIComponent(path.split('/')[2] ?? '')
    return new UsageError(
      'schema_refused',
      `The schema registry at ${this.#url} refuses our schema of ${subject} as incompatible (${said}). ` +
        'Other programs wrote another one there, or features changed: use another C1_TOPIC_PREFIX, or set the compatibility of the subject to NONE.',
    )
  }

  #unknown(path: string): UsageError {
    const id = path.split('/').at(-1)
    return new UsageError(
      'schema_id_unknown',
      `The schema registry at ${this.#url} does not know schema ${id}, by which a record was written. ` +
        'Set C1_SCHEMA_REGISTRY_URL to the registry that its writer uses.',
      { details: { id: Number(id) } },
    )
  }

  #failed(reason: string): C1Error {
    return new C1Error(
      'registry_failed',
      `The schema registry at ${this.#url} gave an answer that is no use: ${reason}.`,
    )
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message: string }
  return cause?.code ?? cause?.message ?? message
}
