import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { startBroker, stopBroker, wipe } from './broker.ts'
import { cacheFolder } from './jars.ts'
import { SASL_USER, SECURE_LISTENERS, type SecureListener } from './listeners.ts'

const DEFAULT_PORT = 19092
const USAGE = `Usage: npm run broker -- start|stop [OPTION...]

A real Apache Kafka (KRaft) on loopback, for trying out and for tests. Needs Java 17 or later and, the first time, Maven.
It goes on after the command has ended; its data is kept. start again brings back nodes that died.

  --port N        of the first listener (default ${DEFAULT_PORT}); the following ports are taken too
  --brokers 1|3   three: replication 3, at least 2 in sync (default 1)
  --listener K    a secure listener beside the plain one, may be repeated: ${SECURE_LISTENERS.join(', ')}
                  the user of SASL listeners is ${SASL_USER.username}, the password ${SASL_USER.password}
  --set K=V       a broker property, may be repeated
  --heap SIZE     of each node (default 512m)
  --data DIR      default: a folder for each port below the user's cache folder
  --wipe          with stop: delete the data too

Example: npm run broker -- start
         C1_EVENT_LOG=kafka C1_KAFKA_BROKERS=127.0.0.1:${DEFAULT_PORT} npm run -s c1 -- topics create
`

async function main(args: readonly string[]): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      port: { type: 'string', default: String(DEFAULT_PORT) },
      brokers: { type: 'string', default: '1' },
      listener: { type: 'string', multiple: true, default: [] },
      set: { type: 'string', multiple: true, default: [] },
      heap: { type: 'string', default: '512m' },
      data: { type: 'string' },
      wipe: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(USAGE)
    return 0
  }
  const listeners = values.listener as SecureListener[]
  const valid =
    /^\d+$/.test(values.port) &&
    /^[13]$/.test(values.brokers) &&
    listeners.every((kind) => SECURE_LISTENERS.includes(kind))
  const [action] = positionals
  if (!valid || positionals.length !== 1 || (action !== 'start' && action !== 'stop')) {
    process.stderr.write(USAGE)
    return 2
  }
  // npm runs scripts in the repository's folder: a relative path is meant from where the user stands.
  const given = values.data === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', values.data)
  const folder = given ?? join(cacheFolder(), `broker-${values.port}`)
  if (action === 'stop') {
    const ended = await stopBroker(folder)
    if (values.wipe) await wipe(folder)
    process.stdout.write(`${ended} node(s) stopped${values.wipe ? `, ${folder} deleted` : ''}\n`)
    return 0
  }
  const { bootstrap, certificates, pids, secure } = await startBroker({
    folder,
    brokers: Number(values.brokers) as 1 | 3,
    port: Number(values.port),
    listeners,
    properties: values.set,
    heap: values.heap,
    detached: true,
  })
  process.stdout.write(`bootstrap=${bootstrap}\npids=${pids.join(' ')}\ndata=${folder}\n`)
  for (const [kind, addresses] of Object.entries(secure)) process.stdout.write(`${kind}=${addresses}\n`)
  for (const [name, file] of Object.entries(certificates ?? {})) process.stdout.write(`${name}=${file}\n`)
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
