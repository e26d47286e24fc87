import { isIP } from 'node:net'
import type { BaseOptions, ConnectionPool } from '@platformatic/kafka'

/** How the brokers are reached. */
export interface KafkaConnection {
  /** `HOST:PORT` of some of the brokers; the others are learned from them. */
  readonly brokers: readonly string[]
  /** Told to the brokers, for their logs and quotas. Default `c1`. */
  readonly clientId?: string
  /** Encrypts, and checks who the broker is. */
  readonly tls?: KafkaTls
  /** Logs in. Without `tls` the broker sees a PLAIN password as it is, and so does the network. */
  readonly sasl?: KafkaSasl
}

/** Texts of PEM files. */
export interface KafkaTls {
  /** Whom to trust instead of the authorities that Node knows. */
  readonly ca?: string
  /** Who we are, where the broker asks (mutual TLS). */
  readonly cert?: string
  readonly key?: string
  /** The name in the broker's certificate, where it is not the one it is reached by. */
  readonly serverName?: string
}

export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

export interface KafkaSasl {
  readonly mechanism: (typeof SASL_MECHANISMS)[number]
  readonly username: string
  readonly password: string
}

/** Milliseconds: a broker that does not answer in this time counts as gone. */
const REQUEST_TIMEOUT_MS = 15_000
const CONNECT_TIMEOUT_MS = 3000

/** What every client of the library is made with. A wrong option is an error, not a silent default. */
export function clientOptions({ brokers, clientId = 'c1', sasl, tls }: KafkaConnection): BaseOptions {
  return {
    ...(tls && tlsOptions(tls, brokers)),
    ...(sasl && { sasl: { ...sasl, mechanism: MECHANISMS[sasl.mechanism] } }),
    clientId,
    bootstrapBrokers: [...brokers],
    strict: true,
    autocreateTopics: false,
    connectTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
  }
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const satisfies Record<KafkaSasl['mechanism'], string>

/** The broker's certificate is always checked, and so is the name in it: that of the host, unless another is given. */
function tlsOptions(
  { serverName, ...pem }: KafkaTls,
  brokers: readonly string[],
): Pick<BaseOptions, 'tls' | 'tlsServerName'> {
  // A broker behind a shared address is told which one is meant. An address of numbers may not be told (RFC 6066).
  const named = brokers.some((broker) => isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) === 0)
  return { tls: pem, tlsServerName: serverName ?? named }
}

/** Closes connections with what is under way on them: an orderly end waits for a broker that takes what was sent. */
export async function closeAtOnce(pool: ConnectionPool, close: () => Promise<unknown>): Promise<void> {
  const sockets = [...pool].map(([, { socket }]) => socket)
  const closed = close()
  for (const socket of sockets) socket?.destroy()
  await closed.catch(() => {})
}
