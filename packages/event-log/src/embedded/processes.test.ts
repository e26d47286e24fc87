import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UsageError } from '@c1/market'
import { logRecord } from '@c1/testkit'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { EventLog } from '../event-log.ts'
import { openEmbeddedLog } from './embedded-log.ts'
import { acquireLock } from './lock.ts'
import { temporaryDirectory } from './temporary-directory.fixture.ts'

const TOPIC = 'trades.v1'

describe('a lock', () => {
  it('of another process is refused with its owner, and free once that is killed', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const { child, lines } = start('lock', directory)
    await nextLine(lines)
    expect(() => acquireLock(directory, 'me')).toThrow(UsageError)
    expect(() => acquireLock(directory, 'me')).toThrow(
      new RegExp(
        `^${directory} is in use by pid ${child.pid} \\(.*lock.*\\) since 20.*Z\\. Stop that process, or use another directory\\.$`,
      ),
    )
    await kill(child)
    const lock = acquireLock(directory, 'me')
    expect(() => acquireLock(directory, 'someone else')).toThrow('in use by me.')
    lock.release()
    expect(existsSync(join(directory, 'owner'))).toBe(false)
    acquireLock(directory, 'someone else').release()
  })

  it('may be released twice, and the second time takes nothing from its next holder', () => {
    const directory = temporaryDirectory(onTestFinished)
    const lock = acquireLock(directory, 'first')
    lock.release()
    const next = acquireLock(directory, 'second')
    lock.release()
    expect(() => acquireLock(directory, 'third')).toThrow('in use by second.')
    next.release()
  })
})

describe('a writing process', () => {
  it('keeps other writers out of its topic, naming itself', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const { child, lines } = start('append', directory)
    await nextLine(lines)
    const log = await open(directory)
    await expect(log.producer(TOPIC)).rejects.toMatchObject({
      code: 'topic_locked',
      message: expect.stringContaining(`${join(directory, TOPIC)} is already written by pid ${child.pid} (`),
    })
    await kill(child)
  })

  it('is read by another one while it writes, every record once and in order', async () => {
    const directory = temporaryDirectory(onTestFinished)
    const { child } = start('append', directory)
    const log = await open(directory)
    let next = 0
    for await (const { records } of await log.consumer(TOPIC, { from: 'earliest' })) {
      for (const { offset, value } of records) {
        expect([offset, Buffer.from(value).toString()]).toEqual([next, `${next}`])
        next += 1
      }
      if (next >= 2000) break
    }
    await kill(child)
  })

  it('that is killed loses nothing that was appended, and its successor goes on behind it', async () => {
    const directory = temporaryDirectory(onTestFinished)
    let appended = 0
    for (const untilBatch of [1, 40, 300]) {
      const { child, lines } = start('append', directory)
      for (let batch = 0; batch < untilBatch; batch += 1) appended = Number(await nextLine(lines))
      await kill(child)
      const log = await open(directory)
      const producer = await log.producer(TOPIC)
      const values = await readValues(log)
      expect(values.length).toBeGreaterThanOrEqual(appended)
      expect(values).toEqual(values.map((_, index) => `${index}`))
      await producer.append([logRecord('A/B', `${values.length}`)])
      await log.close()
    }
  })
})

interface Started {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
}

function start(task: 'lock' | 'append', directory: string): Started {
  const script = fileURLToPath(new URL('./writer-process.fixture.ts', import.meta.url))
  const child = spawn(process.execPath, [script, task, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => kill(child))
  const lines: Interface = createInterface({ input: child.stdout })
  return { child, lines: lines[Symbol.asyncIterator]() }
}

async function nextLine(lines: AsyncIterator<string>): Promise<string> {
  const line = await lines.next()
  if (line.done === true) throw new Error('The process ended before it said what was awaited.')
  return line.value
}

/** Kill -9, and waits until the process is gone. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const { promise, resolve } = Promise.withResolvers<void>()
  child.once('exit', () => resolve())
  child.kill('SIGKILL')
  await promise
}

async function open(directory: string): Promise<EventLog> {
  const log = await openEmbeddedLog({ directory, onWarning: () => {} })
  onTestFinished(() => log.close())
  return log
}

async function readValues(log: EventLog): Promise<string[]> {
  const values: string[] = []
  for await (const { records } of await log.consumer(TOPIC, { from: 'earliest', until: 'end' })) {
    values.push(...records.map(({ value }) => Buffer.from(value).toString()))
  }
  return values
}
