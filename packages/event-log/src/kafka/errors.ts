import { C1Error, UsageError } from '@c1/market'

/** The facts that the library, the broker or Node say about a failure, wherever in the chain of causes they stand. */
interface Fact {
  readonly code?: unknown
  /** The broker's name of a protocol error. */
  readonly apiId?: unknown
  readonly canRetry?: unknown
  readonly message?: unknown
}

function* factsOf(error: unknown): Generator<Fact> {
  if (typeof error !== 'object' || error === null) return
  yield error as Fact
  const { cause, errors } = error as { cause?: unknown; errors?: unknown }
  if (Array.isArray(errors)) for (const inner of errors) yield* factsOf(inner)
  yield* factsOf(cause)
}

/** Whether the broker answered with this protocol error. */
export function isAnswer(error: unknown, ...apiIds: readonly string[]): boolean {
  return factsOf(error).some(({ apiId }) => typeof apiId === 'string' && apiIds.includes(apiId))
}

export function isUnknownTopic(error: unknown): boolean {
  return (
    isAnswer(error, 'UNKNOWN_TOPIC_OR_PARTITION') ||
    factsOf(error).some(({ message }) => typeof message === 'string' && message.startsWith('Unknown topic'))
  )
}

/** Whether the same call may succeed later without anybody doing something about C1: an absent or moving broker. */
export function isTransient(error: unknown): boolean {
  const facts = [...factsOf(error)]
  if (facts.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) return false
  if (isAboutTls(facts)) return false
  const answers = facts.filter(({ apiId }) => typeof apiId === 'string')
  if (answers.length > 0) return answers.every(({ canRetry }) => canRetry === true)
  return facts.some(({ code }) => code === 'PLT_KFK_NETWORK')
}

/** What Node says of a certificate that it does not accept. */
const UNTRUSTED = [
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]
const NEEDS_TLS = 'Broker requires TLS.'

function isAboutTls(facts: readonly Fact[]): boolean {
  return facts.some(({ code, message }) => message === NEEDS_TLS || UNTRUSTED.includes(String(code)))
}

function tlsError(action: string, reason: string, cause: unknown): UsageError {
  const remedy = NEEDS_TLS.startsWith(reason)
    ? 'Set C1_KAFKA_TLS=on, or C1_KAFKA_TLS_CA_FILE to the certificate of its authority'
    : 'Set C1_KAFKA_TLS_CA_FILE to the certificate of its authority, or C1_KAFKA_TLS_SERVER_NAME to the name in it'
  return new UsageError('kafka_tls', `Cannot ${action}: ${reason}. ${remedy}.`, { cause })
}

/** A broker gives no other sign than this of a login that is missing. */
const CLOSED = 'Connection closed'

/** The failure of `action` ("write trades.v1") in words for a user. */
export function kafkaError(action: string, error: unknown): C1Error {
  if (error instanceof C1Error) return error
  const facts = [...factsOf(error)]
  const cause = error
  const reason = reasonOf(error)
  if (facts.some(({ code }) => code === 'PLT_KFK_AUTHENTICATION')) {
    return new UsageError(
      'kafka_unauthenticated',
      `Cannot ${action}: Kafka does not accept these credentials (${reason}). Look at C1_KAFKA_SASL_MECHANISM, ` +
        'C1_KAFKA_SASL_USERNAME and the password.',
      { cause },
    )
  }
  if (isAboutTls(facts)) return tlsError(action, reason, cause)
  if (isAnswer(error, 'TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED')) {
    return new UsageError(
      'kafka_forbidden',
      `Cannot ${action}: Kafka does not allow it to this user (${reason}). Grant it by an ACL.`,
      { cause },
    )
  }
  if (isAnswer(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')) {
    return new C1Error(
      'batch_too_large',
      `Cannot ${action}: a record is larger than the topic takes (${reason}). Raise its max.message.bytes.`,
      { cause },
    )
  }
  if (isAnswer(error, 'INVALID_TIMESTAMP')) {
    return new C1Error(
      'clock_skewed',
      `Cannot ${action}: the event time of a record is too far from the broker's clock (${reason}). ` +
        'Set the clocks of both machines by NTP; for a market that runs ahead of time raise message.timestamp.after.max.ms ' +
        'of the topic, as "c1 topics create" does.',
      { cause },
    )
  }
  if (isAnswer(error, 'KAFKA_STORAGE_ERROR')) {
    return new C1Error(
      'log_full',
      `Cannot ${action}: the broker cannot write to its disk (${reason}). Free some space there and try again.`,
      { cause, retryable: true },
    )
  }
  if (isTransient(error)) {
    const hint =
      reason === CLOSED ? ' So does one that wants a login (C1_KAFKA_SASL_*) or a certificate (C1_KAFKA_TLS_*).' : ''
    return new C1Error('log_unreachable', `Cannot ${action}: Kafka does not answer (${reason}).${hint}`, {
      cause,
      retryable: true,
    })
  }
  return new C1Error('kafka_refused', `Cannot ${action}: ${reason}`, { cause })
}

export function topicMissing(topic: string): UsageError {
  return new UsageError(
    'topic_missing',
    `The topic ${topic} is not on the broker. Create what C1 needs with "c1 topics create".`,
    { details: { topic } },
  )
}

/** The most telling words of a chain of errors: the broker's answer, else the innermost cause. */
export function reasonOf(error: unknown): string {
  const facts = [...factsOf(error)]
  const answer = facts.find(({ apiId }) => typeof apiId === 'string')
  if (answer !== undefined) return `${answer.apiId}: ${answer.message}`.replace(/\.$/, '')
  const innermost = facts.findLast(({ message }) => typeof message === 'string' && message !== '') ?? {}
  const words = typeof innermost.message === 'string' ? innermost.message : String(innermost.code ?? error)
  return words.replace(/\.$/, '')
}
