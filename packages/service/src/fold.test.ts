import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventLog, type LogRecord, openEmbeddedLog, type StoredRecord } from '@c1/event-log'
import { C1Error, type EpochMicros } from '@c1/market'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { CheckpointStore } from './checkpoint-store.ts'
import { type Fold, type FoldOptions, type Output, runFold } from './fold.ts'

const root = mkdtempSync(join(tmpdir(), 'c1-fold-'))
afterAll(() => rmSync(root, { recursive: true }))

const INPUT = 'numbers.v1'
const SUMS = 'sums.v1'
const ALARMS = 'alarms.v1'

const text = (value: Uint8Array): string => Buffer.from(value).toString()
const record = (value: string | number, headers: Record<string, string> = {}): LogRecord => ({
  key: 'A/B',
  value: Buffer.from(String(value)),
  timestamp: 0 as EpochMicros,
  headers,
})

/** The running sum of each number, and an alarm for each sum that three divides. */
class RunningSum implements Fold {
  sum = 0
  readonly #label: string

  constructor(label = '') {
    this.#label = label
  }

  step({ value }: StoredRecord): Output[] {
    this.sum += Number(text(value))
    const sum = { topic: SUMS, record: record(this.#label + this.sum) }
    return this.sum % 3 === 0 ? [sum, { topic: ALARMS, record: record(`${this.sum}!`) }] : [sum]
  }

  checkpoint(): number {
    return this.sum
  }

  restore(state: unknown): void {
    this.sum = state as number
  }
}

/** What an undisturbed run over the numbers leaves, worked out without a log. */
function expected(numbers: readonly number[]): { sums: string[]; alarms: string[] } {
  const sums = numbers.map((_, index) => numbers.slice(0, index + 1).reduce((sum, number) => sum + number, 0))
  return { sums: sums.map(String), alarms: sums.filter((sum) => sum % 3 === 0).map((sum) => `${sum}!`) }
}

class Killed extends Error {}

/** Counts the moments at which something lasting happens, before and after each, and kills at one of them. */
function killer(at: number): () => void {
  let moment = 0
  return () => {
    moment += 1
    if (moment > at) throw new Killed()
  }
}

/** Small batches; and each append may be the last thing that the process does, or what it does not come to. */
function makeMortal(log: EventLog, moment: () => void): void {
  const consumer = log.consumer.bind(log)
  log.consumer = (topic, options) => consumer(topic, { ...options, maxBatch: 4 })
  const open = log.producer.bind(log)
  log.producer = async (topic) => {
    const producer = await open(topic)
    const append = producer.append.bind(producer)
    producer.append = async (records) => {
      moment()
      const position = await append(records)
      moment()
      return position
    }
    return producer
  }
}

class MortalStore extends CheckpointStore {
  readonly #moment: () => void

  constructor(directory: string, moment: () => void) {
    super(directory)
    this.#moment = moment
  }

  override save(role: string, checkpoint: unknown): void {
    this.#moment()
    super.save(role, checkpoint)
    this.#moment()
  }
}

type RunOptions = Partial<Omit<FoldOptions, 'fold'>> & { readonly fold?: Fold }

/** One log and one checkpoint directory, in which a fold is run, killed and run again. */
class Place {
  readonly directory = mkdtempSync(join(root, 'p-'))
  readonly #checkpoints: string
  readonly #log: Promise<EventLog>
  #moment: () => void = () => {}

  constructor(checkpoints?: string) {
    this.#checkpoints = checkpoints ?? join(this.directory, 'checkpoints')
    this.#log = this.#openLog()
  }

  async #openLog(): Promise<EventLog> {
    const log = await openEmbeddedLog({ directory: join(this.directory, 'log'), onWarning: () => {} })
    makeMortal(log, () => this.#moment())
    return log
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#log).close()
  }

  async append(topic: string, values: readonly (string | number)[]): Promise<void> {
    const producer = await (await this.#log).producer(topic)
    await producer.append(values.map((value) => record(value)))
    await producer.close()
  }

  async read(topic: string): Promise<string[]> {
    const consumer = await (await this.#log).consumer(topic, { from: 'earliest', until: 'end' })
    const values: string[] = []
    for await (const { records } of consumer) values.push(...records.map(({ value }) => text(value)))
    return values
  }

  async outputs(): Promise<{ sums: string[]; alarms: string[] }> {
    return { sums: await this.read(SUMS), alarms: await this.read(ALARMS) }
  }

  /** Runs to the end of the input (with a signal: until that), or to the given moment; tells which. */
  async run(
    { fold = new RunningSum(), ...options }: RunOptions = {},
    killAt = Number.POSITIVE_INFINITY,
  ): Promise<'ended' | 'killed'> {
    this.#moment = killer(killAt)
    try {
      await runFold({
        log: await this.#log,
        name: 'running-sum',
        version: '1',
        input: INPUT,
        outputs: [SUMS, ALARMS],
        fold: () => fold,
        checkpoints: new MortalStore(this.#checkpoints, () => this.#moment()),
        signal: new AbortController().signal,
        ...(options.signal === undefined && { until: 'end' }),
        checkpointEveryMs: 0,
        ...options,
      })
      return 'ended'
    } catch (error) {
      if (error instanceof Killed) return 'killed'
      throw error
    } finally {
      this.#moment = () => {}
    }
  }
}

const NEVER = Number.POSITIVE_INFINITY
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index)

describe('runFold', () => {
  it('writes what the fold makes of its input, and goes on from there the next time', async () => {
    await using place = new Place()
    await place.append(INPUT, range(1, 10))
    await place.run()
    await place.append(INPUT, range(11, 20))
    const fold = new RunningSum()
    const restored: unknown[] = []
    fold.restore = (state) => {
      restored.push(state)
      fold.sum = state as number
    }
    await place.run({ fold })
    expect(restored).toEqual([55])
    expect(await place.outputs()).toEqual(expected(range(1, 20)))
  })

  it('leaves each output once, killed at any moment of a run', async () => {
    for (let moment = 0; ; moment += 1) {
      await using place = new Place()
      await place.append(INPUT, range(1, 10))
      const outcome = await place.run({}, moment)
      await place.run()
      expect(await place.outputs(), `killed at moment ${moment}`).toEqual(expected(range(1, 10)))
      if (outcome === 'ended') return expect(moment).toBeGreaterThan(12)
    }
  })

  it('leaves each output once, however often it is killed, with or without a checkpoint between', async () => {
    const kills = fc.array(
      fc.record({ at: fc.nat({ max: 14 }), every: fc.constantFrom(0, NEVER), more: fc.nat({ max: 7 }) }),
      { minLength: 1, maxLength: 4 },
    )
    await fc.assert(
      fc.asyncProperty(kills, async (kills) => {
        await using place = new Place()
        let count = 0
        for (const { at, every, more } of kills) {
          await place.append(INPUT, range(count + 1, count + more))
          count += more
          await place.run({ checkpointEveryMs: every }, at)
        }
        await place.run()
        expect(await place.outputs()).toEqual(expected(range(1, count)))
      }),
      { numRuns: 30 },
    )
  }, 30_000)

  it('may take a checkpoint while it is still making again what it had appended', async () => {
    await using place = new Place()
    await place.append(INPUT, range(1, 20))
    await place.run({ checkpointEveryMs: NEVER }, 20)
    expect(await place.read(SUMS)).toHaveLength(20)
    expect(await place.run({}, 2)).toBe('killed')
    await place.run()
    expect(await place.outputs()).toEqual(expected(range(1, 20)))
  })

  it('begins again where its checkpoint is ahead of a log that lost its tail', async () => {
    await using before = new Place()
    await before.append(INPUT, range(1, 10))
    await before.run()
    const { sums, alarms } = expected(range(1, 6))
    await using after = new Place(join(before.directory, 'checkpoints'))
    await after.append(INPUT, range(1, 6))
    await after.append(SUMS, sums.slice(0, 4))
    await after.append(ALARMS, alarms.slice(0, 1))
    const differences: string[] = []
    await after.run({ onDifference: (again) => differences.push(again.topic) })
    expect(differences).toEqual([])
    expect(await after.outputs()).toEqual({ sums, alarms })
  })

  it('begins anew behind what another version appended, without comparing with it', async () => {
    await using place = new Place()
    await place.append(INPUT, [1, 2, 4])
    await place.run()
    const differences: string[] = []
    const onDifference = (again: Output): void => void differences.push(again.topic)
    await place.run({ version: '2', fold: new RunningSum('v2 '), onDifference })
    expect(await place.outputs()).toEqual({ sums: ['1', '3', '7', 'v2 1', 'v2 3', 'v2 7'], alarms: ['3!', '3!'] })
    await place.append(INPUT, [2])
    await place.run({ version: '2', fold: new RunningSum('v2 '), onDifference })
    expect((await place.read(SUMS)).at(-1)).toBe('v2 9')
    expect(await place.read(ALARMS)).toEqual(['3!', '3!', '9!'])
    expect(differences).toEqual([])
  })

  it('reports an output that differs from the log once, and appends it', async () => {
    await using place = new Place()
    await place.append(INPUT, [1, 2, 4])
    await place.append(SUMS, ['1', 'other'])
    const differences: string[] = []
    const onDifference = (again: Output, stored: StoredRecord): void => {
      differences.push(`${text(stored.value)} is now ${text(again.record.value)}`)
    }
    await place.run({ onDifference })
    expect(differences).toEqual(['other is now 3'])
    expect(await place.outputs()).toEqual({ sums: ['1', 'other', '3', '7'], alarms: ['3!'] })
  })

  it('takes an output with other headers as another', async () => {
    const labelled = (kind: string): Fold => ({
      step: () => [{ topic: SUMS, record: record('same', { 'c1-kind': kind }) }],
      checkpoint: () => null,
      restore: () => {},
    })
    await using place = new Place()
    await place.append(INPUT, [1])
    await place.run({ fold: labelled('candle') }, 2)
    await place.run({ fold: labelled('candle') }, 2)
    expect(await place.read(SUMS)).toEqual(['same'])
    await place.run({ version: '2', fold: labelled('heartbeat') })
    expect(await place.read(SUMS)).toEqual(['same', 'same'])
  })

  it('keeps what was said first where `same` says that it is the same', async () => {
    await using place = new Place()
    await place.append(INPUT, [1, 2])
    expect(await place.run({ fold: new RunningSum('first ') }, 2)).toBe('killed')
    const kept: string[] = []
    const fold: Fold = new RunningSum('second ')
    fold.adopt = (topic, stored) => kept.push(`${topic} ${text(stored.value)}`)
    await place.run({ fold, same: (again, stored) => again.record.key === stored.key })
    expect(kept).toEqual(['sums.v1 first 1', 'sums.v1 first 3'])
    expect(await place.read(SUMS)).toEqual(['first 1', 'first 3'])
  })

  it('settles before the checkpoint that covers the batch', async () => {
    await using place = new Place()
    await place.append(INPUT, range(1, 10))
    const settle = (): Promise<void> => Promise.reject(new Killed())
    expect(await place.run({ settle })).toBe('killed')
    const settled: number[] = []
    const fold = new RunningSum()
    await place.run({ fold, settle: async () => void settled.push(fold.sum) })
    expect(settled).toEqual([10, 36, 55])
    expect(await place.outputs()).toEqual(expected(range(1, 10)))
  })

  it('waits for a step that takes its time, and keeps the order', async () => {
    const sum = new RunningSum()
    const fold: Fold = {
      step: async (record) => sum.step(record),
      checkpoint: () => sum.checkpoint(),
      restore: (state) => sum.restore(state),
    }
    await using place = new Place()
    await place.append(INPUT, range(1, 9))
    await place.run({ fold })
    expect(await place.outputs()).toEqual(expected(range(1, 9)))
  })

  it('goes on as input comes until it is told to stop, and keeps everything', async () => {
    await using place = new Place()
    const stop = new AbortController()
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    const fold = new (class extends RunningSum {
      override step(record: StoredRecord): Output[] {
        const outputs = super.step(record)
        if (this.sum === 6) resolve()
        return outputs
      }
    })()
    const running = place.run({ signal: stop.signal, fold })
    await place.append(INPUT, [1, 2])
    await place.append(INPUT, [3])
    await seen
    stop.abort()
    await running
    const next = new RunningSum()
    await place.run({ fold: next })
    expect(next.sum).toBe(6)
    expect(await place.outputs()).toEqual(expected([1, 2, 3]))
  })

  it('does not wait for a step when it is told to stop, and takes the batch in again the next time', async () => {
    await using place = new Place()
    await place.append(INPUT, range(1, 6))
    const stop = new AbortController()
    const { promise: waiting, resolve } = Promise.withResolvers<void>()
    const fold = new RunningSum()
    const step = fold.step.bind(fold)
    const slow: Fold = {
      step: (record) => {
        if (text(record.value) !== '6') return step(record)
        resolve()
        return new Promise(() => {})
      },
      checkpoint: () => fold.checkpoint(),
      restore: (state) => fold.restore(state),
    }
    const running = place.run({ signal: stop.signal, fold: slow })
    await waiting
    stop.abort()
    await running
    expect((await place.outputs()).sums).toEqual(expected(range(1, 4)).sums)
    await place.run()
    expect(await place.outputs()).toEqual(expected(range(1, 6)))
  })

  it('fails with the failure of a step and keeps no checkpoint of it', async () => {
    await using place = new Place()
    await place.append(INPUT, range(1, 3))
    const fold = new RunningSum()
    fold.step = () => {
      throw new C1Error('step_failed', 'No.')
    }
    await expect(place.run({ fold })).rejects.toThrow(expect.objectContaining({ code: 'step_failed' }))
    await place.run()
    expect(await place.outputs()).toEqual(expected(range(1, 3)))
  })
})
