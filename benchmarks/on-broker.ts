import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pass } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type EventLog, KafkaTopics, openKafkaLog } from '@c1/event-log'
import { Admin } from '@platformatic/kafka'
import { startBroker, stopBroker } from '../tools/broker/broker.ts'
import { classPath } from '../tools/broker/jars.ts'

const MAIN = fileURLToPath(new URL('../apps/c1/src/main.ts', import.meta.url))
const PREFIX = 'bench.'
/** As many as docs/kafka.md takes. */
export const PARTITIONS = 8
const BROKER_PATIENCE_MS = 15_000
const POLL_MS = 20
const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** A broker of a benchmark's own, and the folder it is in. */
export interface Place {
  readonly bootstrap: string
  readonly prefix: string
  readonly folder: string
  /** All topics of C1, as `c1 topics create` makes them. */
  createTopics(): Promise<void>
  /** Deletes these and makes them again. */
  emptyTopics(topics: readonly string[]): Promise<void>
  openLog(): Promise<EventLog>
  /** This process ends with the benchmark, however that ends. */
  own<Child extends ChildProcess>(child: Child): Child
  /** `c1 run ROLE` in a process of its own, with nothing of C1's from the environment but `env`. */
  startRole(options: RoleOptions): Promise<RoleProcess>
}

export interface RoleOptions {
  readonly role: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** A module that is loaded before C1. */
  readonly preload?: URL
}

export interface RoleProcess {
  readonly role: string
  readonly child: ChildProcess
  /** Resolves when `/readyz` says yes. */
  ready(): Promise<void>
  /** Sum of a metric over its labels. */
  metric(name: string): Promise<number>
}

/** Starts a broker for the work and removes everything after it, also when the benchmark is interrupted. */
export async function onBroker<Result>(
  work: (place: Place) => Promise<Result>,
): Promise<Result | { readonly skipped: string }> {
  const missing = await classPath().then(
    () => undefined,
    (error: Error) => error.message,
  )
  if (missing !== undefined) return { skipped: missing }
  const folder = await mkdtemp(join(tmpdir(), 'c1-bench-'))
  const children = new Set<ChildProcess>()
  const clear = async (): Promise<void> => {
    for (const child of children) child.kill('SIGKILL')
    await stopBroker(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 10 })
  }
  const leave = (): void => void clear().finally(() => process.exit(1))
  for (const signal of ENDING_SIGNALS) process.once(signal, leave)
  try {
    const { bootstrap } = await startBroker({ folder, heap: '1g' })
    return await work(new BrokerPlace(folder, bootstrap, children))
  } finally {
    await clear()
    for (const signal of ENDING_SIGNALS) process.off(signal, leave)
  }
}

class BrokerPlace implements Place {
  readonly prefix = PREFIX
  readonly folder: string
  readonly bootstrap: string
  readonly #children: Set<ChildProcess>

  constructor(folder: string, bootstrap: string, children: Set<ChildProcess>) {
    this.folder = folder
    this.bootstrap = bootstrap
    this.#children = children
  }

  async createTopics(): Promise<void> {
    const topics = await KafkaTopics.open({ ...this.#log, patienceMs: BROKER_PATIENCE_MS })
    await topics.create({ partitions: PARTITIONS, replicas: 1 })
    await topics.close()
  }

  async emptyTopics(topics: readonly string[]): Promise<void> {
    const names = topics.map((topic) => PREFIX + topic)
    const admin = new Admin({ clientId: 'bench', bootstrapBrokers: [this.bootstrap], strict: true })
    try {
      await admin.deleteTopics({ topics: names })
      while ((await admin.listTopics({})).some((topic) => names.includes(topic))) await pass(POLL_MS)
    } finally {
      await admin.close()
    }
    await this.createTopics()
  }

  openLog(): Promise<EventLog> {
    return openKafkaLog(this.#log)
  }

  own = <Child extends ChildProcess>(child: Child): Child => {
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    return child
  }

  async startRole({ args, env, preload, role }: RoleOptions): Promise<RoleProcess> {
    const kafka = { C1_EVENT_LOG: 'kafka', C1_KAFKA_BROKERS: this.bootstrap, C1_TOPIC_PREFIX: PREFIX }
    const inherited = Object.entries(process.env).filter(([name]) => !/^(C1_|KRAKEN_|INIT_CWD)/.test(name))
    const all = [
      'run',
      role,
      '--source',
      'kraken',
      '--data-dir',
      join(this.folder, 'c1'),
      '--metrics-port',
      '0',
      ...args,
    ]
    const child = this.own(
      fork(MAIN, all, {
        cwd: this.folder,
        env: { ...Object.fromEntries(inherited), ...kafka, ...env },
        execArgv: preload === undefined ? [] : ['--import', preload.href],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      }),
    )
    const url = await metricsUrl(role, child)
    return { role, child, ready: () => ready(role, child, url), metric: (name) => metric(url, name) }
  }

  get #log() {
    return { connection: { brokers: [this.bootstrap] }, prefix: PREFIX, onWarning: console.error }
  }
}

/** Told by the role in its first lines; the others are shown. @throws Error when it ends before */
function metricsUrl(role: string, child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', (line) => {
      const [, url] = /metrics: (http.*)\/metrics/.exec(line) ?? []
      if (url === undefined) console.error(`[${role}] ${line}`)
      else resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}.`)))
  })
}

async function ready(role: string, child: ChildProcess, url: string): Promise<void> {
  while (!(await fetch(`${url}/readyz`)).ok) {
    if (child.exitCode !== null) throw new Error(`${role} ended with ${child.exitCode}.`)
    await pass(POLL_MS)
  }
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

/** Signals a process and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}
