import { readFileSync } from 'node:fs'
import type { KafkaConnection, KafkaSasl, KafkaTls } from '@c1/event-log'
import { UsageError } from '@c1/market'
import type { Settings } from '@c1/service'

/**
 * How brokers are reached safely, as the settings say; files are read now.
 *
 * @param path from a path as typed to where it is
 * @throws UsageError `file_unreadable`, naming the variable
 */
export function kafkaSecurity(
  settings: Settings,
  path: (typed: string) => string,
): Pick<KafkaConnection, 'sasl' | 'tls'> {
  const read = (variable: string, file: string): string => readSetting(variable, path(file))
  const sasl = saslOf(settings, read)
  const tls = tlsOf(settings, read)
  return { ...(sasl && { sasl }), ...(tls && { tls }) }
}

type Read = (variable: string, file: string) => string

function tlsOf(settings: Settings, read: Read): KafkaTls | undefined {
  const { kafkaTls, kafkaTlsCaFile, kafkaTlsCertFile, kafkaTlsKeyFile, kafkaTlsServerName: serverName } = settings
  const tls: KafkaTls = {
    ...(kafkaTlsCaFile && { ca: read('C1_KAFKA_TLS_CA_FILE', kafkaTlsCaFile) }),
    ...(kafkaTlsCertFile && { cert: read('C1_KAFKA_TLS_CERT_FILE', kafkaTlsCertFile) }),
    ...(kafkaTlsKeyFile && { key: read('C1_KAFKA_TLS_KEY_FILE', kafkaTlsKeyFile) }),
    ...(serverName && { serverName }),
  }
  return kafkaTls === 'on' || Object.keys(tls).length > 0 ? tls : undefined
}

function saslOf(settings: Settings, read: Read): KafkaSasl | undefined {
  const { kafkaSaslMechanism: mechanism, kafkaSaslPasswordFile: file, kafkaSaslUsername: username } = settings
  if (mechanism === '') return undefined
  const password =
    file === '' ? settings.kafkaSaslPassword : read('C1_KAFKA_SASL_PASSWORD_FILE', file).replace(/\r?\n$/, '')
  return { mechanism, username, password }
}

function readSetting(variable: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new UsageError('file_unreadable', `${variable} names a file that cannot be read: ${reason}.`, { cause })
  }
}
