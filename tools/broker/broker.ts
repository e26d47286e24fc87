import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, openSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pass } from 'node:timers/promises'
import { type Certificates, certificates } from './certificates.ts'
import { classPath } from './jars.ts'
import {
  type ListenerPorts,
  listenerProperties,
  needsCertificates,
  SASL_USER,
  SCRAM_MECHANISMS,
  type SecureListener,
} from './listeners.ts'
import { run } from './run.ts'

const START_MS = 90_000
/** Three nodes told to stop together lose their quorum and would wait long for an orderly end; their data is safe. */
const STOP_MS = 20_000

export interface BrokerOptions {
  /** Kept between starts. */
  readonly folder: string
  /** 1 (default) or 3 nodes, each broker and controller. */
  readonly brokers?: 1 | 3
  /** Of the first node; each takes two and one for each secure listener, one after the other. Default: free ones. */
  readonly port?: number
  readonly listeners?: readonly SecureListener[]
  /** Broker properties, as `log.retention.check.interval.ms=10000`. */
  readonly properties?: readonly string[]
  /** Of each node's JVM. Default `512m`. */
  readonly heap?: string
  /** Lives on when this process ends. Default false: it ends with it, however that ends in an orderly way. */
  readonly detached?: boolean
}

export interface Broker {
  /** Addresses of the plain listeners, separated by commas. */
  readonly bootstrap: string
  /** The same of the secure ones, by kind. */
  readonly secure: Readonly<Partial<Record<SecureListener, string>>>
  /** Where a TLS listener was asked for. */
  readonly certificates: Certificates | undefined
  readonly pids: readonly number[]
  /** SIGKILLs a node (counted from 1): a crash. Calling `startBroker` again with the same options brings it back. */
  kill(node: number): Promise<void>
  stop(): Promise<void>
}

/** What a data folder remembers of its cluster: the number of nodes cannot be changed afterwards. */
interface Cluster {
  readonly id: string
  readonly brokers: 1 | 3
  readonly listeners: readonly SecureListener[]
  readonly nodes: readonly ListenerPorts[]
}

/**
 * Starts a real Apache Kafka (KRaft) on loopback and waits until every node knows all others. Nodes that already run are left
 * alone, so the same call also brings back those that died.
 *
 * @throws Error that says what is missing (Java, Maven, openssl), which port is taken, or why a node died
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const jars = await classPath()
  const cluster = await openCluster(options)
  const made = needsCertificates(cluster.listeners)
    ? await certificates(join(options.folder, 'certificates'))
    : undefined
  for (const index of cluster.nodes.keys()) {
    if ((await livingPid(options.folder, index + 1)) === undefined) await startNode(options, cluster, index, jars, made)
  }
  const deadline = Date.now() + START_MS
  for (const index of cluster.nodes.keys()) await answers(options.folder, cluster, index, deadline)
  const addresses = (port: (ports: ListenerPorts) => number | undefined): string =>
    cluster.nodes.map((ports) => `127.0.0.1:${port(ports)}`).join(',')
  return {
    bootstrap: addresses(({ plain }) => plain),
    secure: Object.fromEntries(cluster.listeners.map((kind) => [kind, addresses(({ secure }) => secure[kind])])),
    certificates: made,
    pids: await Promise.all(
      cluster.nodes.map(async (_, index) => (await livingPid(options.folder, index + 1)) as number),
    ),
    kill: (node) => endNodes(options.folder, [node], 'SIGKILL').then(() => undefined),
    stop: () => stopBroker(options.folder).then(() => undefined),
  }
}

/** Ends the nodes of a data folder, and no other process; tells how many ran. The data stays. */
export async function stopBroker(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'cluster.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return 0
  const { nodes } = JSON.parse(text) as Cluster
  return endNodes(
    folder,
    nodes.map((_, index) => index + 1),
    'SIGTERM',
  )
}

async function openCluster({ folder, brokers = 1, port, listeners = [] }: BrokerOptions): Promise<Cluster> {
  const file = join(folder, 'cluster.json')
  if (existsSync(file)) {
    const cluster = JSON.parse(await readFile(file, 'utf8')) as Cluster
    if (cluster.brokers !== brokers || cluster.listeners.join() !== listeners.join()) {
      const holds = `${cluster.brokers} broker(s) with the listeners [${cluster.listeners}]`
      throw new Error(`${folder} holds ${holds}. Ask for the same, or for another folder.`)
    }
    return cluster
  }
  const each = 2 + listeners.length
  const ports =
    port === undefined ? await freePorts(brokers * each) : Array.from({ length: brokers * each }, (_, at) => port + at)
  const nodes = Array.from({ length: brokers }, (_, node): ListenerPorts => {
    const [plain, controller, ...others] = ports.slice(node * each, (node + 1) * each) as [number, number, ...number[]]
    return { plain, controller, secure: Object.fromEntries(listeners.map((kind, at) => [kind, others[at]])) }
  })
  // One that begins with a hyphen would be taken for an option.
  const id = `c${randomBytes(16).toString('base64url').slice(1)}`
  const cluster: Cluster = { id, brokers, listeners, nodes }
  await mkdir(folder, { recursive: true })
  await writeFile(file, JSON.stringify(cluster))
  return cluster
}

async function startNode(
  options: BrokerOptions,
  cluster: Cluster,
  index: number,
  jars: string,
  made: Certificates | undefined,
): Promise<void> {
  const { heap = '512m', detached = false } = options
  const folder = nodeFolder(options.folder, index + 1)
  const ports = cluster.nodes[index] as ListenerPorts
  for (const port of [ports.plain, ports.controller, ...Object.values(ports.secure)]) {
    if (!(await isFree(port))) throw new Error(`Port ${port} is taken by another process. Choose another --port.`)
  }
  await mkdir(folder, { recursive: true })
  const properties = join(folder, 'server.properties')
  await writeFile(properties, `${nodeProperties(options, cluster, index, made).join('\n')}\n`, { mode: 0o600 })
  if (!existsSync(join(folder, 'data', 'meta.properties'))) await format(cluster, properties, jars)
  const log = openSync(join(folder, 'log'), 'a')
  const jvm = [`-Xms${heap}`, `-Xmx${heap}`, '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=20', '-Djava.awt.headless=true']
  const level = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const child = spawn('java', [...jvm, level, '-cp', jars, 'kafka.Kafka', properties], {
    detached,
    stdio: ['ignore', log, log],
  })
  child.unref()
  if (!detached) endWithThisProcess(child)
  await writeFile(join(folder, 'pid'), String(child.pid))
}

/** Topics are not created by themselves (as in Redpanda), so a forgotten one shows. */
function nodeProperties(
  { folder, properties = [] }: BrokerOptions,
  { brokers, nodes }: Cluster,
  index: number,
  made: Certificates | undefined,
): string[] {
  const inSync = brokers === 3 ? 2 : 1
  return [
    'process.roles=broker,controller',
    `node.id=${index + 1}`,
    `controller.quorum.voters=${nodes.map(({ controller }, at) => `${at + 1}@127.0.0.1:${controller}`).join(',')}`,
    ...listenerProperties(nodes[index] as ListenerPorts, made),
    `log.dirs=${join(nodeFolder(folder, index + 1), 'data')}`,
    'auto.create.topics.enable=false',
    `default.replication.factor=${brokers}`,
    `min.insync.replicas=${inSync}`,
    'offsets.topic.num.partitions=4',
    `offsets.topic.replication.factor=${brokers}`,
    'transaction.state.log.num.partitions=4',
    `transaction.state.log.replication.factor=${brokers}`,
    `transaction.state.log.min.isr=${inSync}`,
    `share.coordinator.state.topic.replication.factor=${brokers}`,
    `share.coordinator.state.topic.min.isr=${inSync}`,
    'group.initial.rebalance.delay.ms=0',
    'broker.session.timeout.ms=4000',
    'broker.heartbeat.interval.ms=1000',
    'log.cleaner.dedupe.buffer.size=16777216',
    ...properties,
  ]
}

async function format({ id, listeners }: Cluster, properties: string, jars: string): Promise<void> {
  const { username, password } = SASL_USER
  const users = listeners.some((kind) => kind.startsWith('sasl'))
    ? SCRAM_MECHANISMS.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`])
    : []
  const tool = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', jars, 'kafka.tools.StorageTool']
  const { failed, text } = await run('java', [
    ...tool,
    'format',
    '--ignore-formatted',
    '-t',
    id,
    '-c',
    properties,
    ...users,
  ])
  if (failed) throw new Error(`The storage of a node could not be formatted: ${text}`)
}

function endWithThisProcess(child: ChildProcess): void {
  const end = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', end)
  child.once('exit', () => process.off('exit', end))
}

async function endNodes(folder: string, nodes: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): Promise<number> {
  let ended = 0
  for (const node of nodes) {
    const pid = await livingPid(folder, node)
    if (pid === undefined) continue
    process.kill(pid, signal)
    ended += 1
  }
  const deadline = Date.now() + STOP_MS
  for (const node of nodes) {
    for (let pid = await livingPid(folder, node); pid !== undefined; pid = await livingPid(folder, node)) {
      if (Date.now() > deadline) process.kill(pid, 'SIGKILL')
      await pass(100)
    }
  }
  return ended
}

/** Deletes a stopped broker's folder. */
export async function wipe(folder: string): Promise<void> {
  if (existsSync(join(folder, 'cluster.json'))) await rm(folder, { recursive: true, force: true })
}

/** The process id of a node that lives and is ours: a number in a file may by now belong to a stranger. */
async function livingPid(folder: string, node: number): Promise<number | undefined> {
  const pid = Number(await readFile(join(nodeFolder(folder, node), 'pid'), 'utf8').catch(() => ''))
  if (pid === 0) return undefined
  const { text } = await run('ps', ['-o', 'args=', '-p', String(pid)])
  return text.includes(join(nodeFolder(folder, node), 'server.properties')) ? pid : undefined
}

async function answers(folder: string, cluster: Cluster, index: number, deadline: number): Promise<void> {
  const { plain } = cluster.nodes[index] as ListenerPorts
  const log = join(nodeFolder(folder, index + 1), 'log')
  while ((await brokersKnown(plain)) !== cluster.brokers) {
    if ((await livingPid(folder, index + 1)) === undefined) {
      throw new Error(`Node ${index + 1} died. The end of ${log}:\n${(await readFile(log, 'utf8')).slice(-2000)}`)
    }
    if (Date.now() > deadline)
      throw new Error(`Node ${index + 1} did not answer within ${START_MS / 1000} s: see ${log}`)
    await pass(100)
  }
}

/** How many brokers does a node know of? Asked straight over the socket, by a Metadata request (version 1, no topics). */
function brokersKnown(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 2000 })
    let answer = Buffer.alloc(0)
    const end = (known?: number): void => {
      socket.destroy()
      resolve(known)
    }
    socket.on('connect', () => socket.write(Buffer.from('0000000e0003000100000001ffff00000000', 'hex')))
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes])
      if (answer.length >= 12) end(answer.readInt32BE(8))
    })
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => end())
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Ports that nobody listened on a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer()
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, '127.0.0.1', () => resolve(server))
      })
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

function nodeFolder(folder: string, node: number): string {
  return join(folder, `node-${node}`)
}
