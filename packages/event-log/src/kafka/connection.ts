import type { BaseOptions } from '@platformatic/kafka'

/** How the brokers are reached. */
export interface KafkaConnection {
  /** `HOST:PORT` of some of the brokers; the others are learned from them. */
  readonly brokers: readonly string[]
  /** Told to the brokers, for their logs and quotas. Default `c1`. */
  readonly clientId?: string
}

/** Milliseconds: a broker that does not answer in this time counts as gone. */
const REQUEST_TIMEOUT_MS = 15_000
const CONNECT_TIMEOUT_MS = 3000

/** What every client of the library is made with. A wrong option is an error, not a silent default. */
export function clientOptions({ brokers, clientId = 'c1' }: KafkaConnection): BaseOptions {
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    strict: true,
    autocreateTopics: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  }
}
