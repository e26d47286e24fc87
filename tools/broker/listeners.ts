import type { Certificates } from './certificates.ts'

/** Beside the plain listener that every broker has. `sasl` takes PLAIN and SCRAM; `sasl-tls` the same over TLS. */
export const SECURE_LISTENERS = ['tls', 'mtls', 'sasl', 'sasl-tls'] as const
export type SecureListener = (typeof SECURE_LISTENERS)[number]

/** The one user that SASL listeners know. */
export const SASL_USER = { username: 'c1', password: 'c1-secret' } as const
export const SCRAM_MECHANISMS = ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const

const PROTOCOL = { tls: 'SSL', mtls: 'SSL', sasl: 'SASL_PLAINTEXT', 'sasl-tls': 'SASL_SSL' } as const

export interface ListenerPorts {
  readonly plain: number
  readonly controller: number
  readonly secure: Readonly<Partial<Record<SecureListener, number>>>
}

/** The lines of `server.properties` that say where a node listens, and to whom. */
export function listenerProperties(
  { plain, controller, secure }: ListenerPorts,
  certificates?: Certificates,
): string[] {
  const kinds = SECURE_LISTENERS.filter((kind) => secure[kind] !== undefined)
  const open = [
    `PLAINTEXT://127.0.0.1:${plain}`,
    ...kinds.map((kind) => `${listenerName(kind)}://127.0.0.1:${secure[kind]}`),
  ]
  const protocols = kinds.map((kind) => `,${listenerName(kind)}:${PROTOCOL[kind]}`).join('')
  return [
    `listeners=${open.join(',')},CONTROLLER://127.0.0.1:${controller}`,
    `advertised.listeners=${open.join(',')}`,
    'controller.listener.names=CONTROLLER',
    'inter.broker.listener.name=PLAINTEXT',
    `listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT${protocols}`,
    ...kinds.flatMap((kind) => [...tlsProperties(kind, certificates), ...saslProperties(kind)]),
  ]
}

export function needsCertificates(kinds: readonly SecureListener[]): boolean {
  return kinds.some((kind) => PROTOCOL[kind].endsWith('SSL'))
}

function listenerName(kind: SecureListener): string {
  return kind.toUpperCase().replace('-', '_')
}

function tlsProperties(kind: SecureListener, certificates?: Certificates): string[] {
  if (!PROTOCOL[kind].endsWith('SSL') || certificates === undefined) return []
  const prefix = `listener.name.${listenerName(kind).toLowerCase()}`
  return [
    `${prefix}.ssl.keystore.type=PEM`,
    `${prefix}.ssl.keystore.location=${certificates.broker}`,
    `${prefix}.ssl.truststore.type=PEM`,
    `${prefix}.ssl.truststore.location=${certificates.ca}`,
    `${prefix}.ssl.client.auth=${kind === 'mtls' ? 'required' : 'none'}`,
  ]
}

function saslProperties(kind: SecureListener): string[] {
  if (!PROTOCOL[kind].startsWith('SASL')) return []
  const prefix = `listener.name.${listenerName(kind).toLowerCase()}`
  const { username, password } = SASL_USER
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return [
    `${prefix}.sasl.enabled.mechanisms=${['PLAIN', ...SCRAM_MECHANISMS].join(',')}`,
    `${prefix}.plain.sasl.jaas.config=${plain} user_${username}="${password}";`,
    ...SCRAM_MECHANISMS.map((mechanism) => `${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config=${scram}`),
  ]
}
