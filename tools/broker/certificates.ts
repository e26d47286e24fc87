import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './run.ts'

/** PEM files of a certificate authority of our own, and of what it signed. */
export interface Certificates {
  readonly ca: string
  /** Key and certificate in one file, as Kafka takes them. Valid for `localhost` and 127.0.0.1. */
  readonly broker: string
  readonly clientCert: string
  readonly clientKey: string
}

/** Makes them once. @throws Error when `openssl` is absent */
export async function certificates(folder: string): Promise<Certificates> {
  const file = (name: string): string => join(folder, name)
  const made: Certificates = {
    ca: file('ca.pem'),
    broker: file('broker.pem'),
    clientCert: file('client.pem'),
    clientKey: file('client-key.pem'),
  }
  if (existsSync(made.broker)) return made
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await openssl([
    ...NEW_KEY,
    file('ca-key.pem'),
    '-x509',
    '-days',
    '3650',
    '-subj',
    '/CN=c1 test authority',
    '-out',
    made.ca,
  ])
  await sign(folder, 'client', 'client', 'clientAuth')
  await sign(folder, 'broker-only', 'localhost', 'serverAuth')
  const parts = await Promise.all(
    ['broker-only-key.pem', 'broker-only.pem'].map((name) => readFile(file(name), 'utf8')),
  )
  await writeFile(made.broker, parts.join(''), { mode: 0o600 })
  return made
}

const NEW_KEY = ['req', '-newkey', 'rsa:2048', '-noenc', '-keyout']

async function sign(folder: string, name: string, commonName: string, use: string): Promise<void> {
  const [key, request, certificate, extensions] = ['-key.pem', '.csr', '.pem', '.ext'].map((end) =>
    join(folder, name + end),
  ) as [string, string, string, string]
  await writeFile(extensions, `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${use}\n`)
  await openssl([...NEW_KEY, key, '-subj', `/CN=${commonName}`, '-out', request])
  const authority = ['-CA', join(folder, 'ca.pem'), '-CAkey', join(folder, 'ca-key.pem'), '-CAcreateserial']
  await openssl([
    'x509',
    '-req',
    '-in',
    request,
    ...authority,
    '-days',
    '3650',
    '-extfile',
    extensions,
    '-out',
    certificate,
  ])
}

async function openssl(args: readonly string[]): Promise<void> {
  const { failed, text } = await run('openssl', args)
  if (failed) throw new Error(`openssl ${args[0]} failed, which makes the certificates of a TLS listener: ${text}`)
}
