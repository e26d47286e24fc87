import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'
import { type Role, runRoles } from './roles.ts'

const logger = createLogger('silent')
const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })

/** Runs until it is stopped, then takes one more turn to put its things away. */
function steady(name: string, ended: string[]): Role {
  return {
    name,
    run: async (signal) => {
      await until(signal)
      await Promise.resolve()
      ended.push(name)
    },
  }
}

describe('runRoles', () => {
  it('ends when the signal does, once every role has put its things away', async () => {
    const ended: string[] = []
    const stop = new AbortController()
    const running = runRoles([steady('a', ended), steady('b', ended)], stop.signal, logger)
    stop.abort()
    await running
    expect(ended).toStrictEqual(['a', 'b'])
  })

  it('stops the others in an orderly way when one fails, and throws the failure', async () => {
    const ended: string[] = []
    const failure = new Error('disk full')
    const failing: Role = { name: 'bad', run: () => Promise.reject(failure) }
    const running = runRoles([steady('a', ended), failing, steady('b', ended)], new AbortController().signal, logger)
    await expect(running).rejects.toBe(failure)
    expect(ended).toStrictEqual(['a', 'b'])
  })

  it('takes a role that throws at once as one that fails', async () => {
    const failing: Role = {
      name: 'bad',
      run: () => {
        throw new Error('no')
      },
    }
    await expect(runRoles([failing], new AbortController().signal, logger)).rejects.toThrow('no')
  })

  it('throws the first failure when stopping makes others fail too', async () => {
    const first = new Error('first')
    const second: Role = {
      name: 'second',
      run: async (signal) => {
        await until(signal)
        throw new Error('second')
      },
    }
    const running = runRoles(
      [second, { name: 'first', run: () => Promise.reject(first) }],
      new AbortController().signal,
      logger,
    )
    await expect(running).rejects.toBe(first)
  })

  it('leaves the others running when a role ends by itself', async () => {
    const ended: string[] = []
    const stop = new AbortController()
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    const brief: Role = { name: 'brief', run: async () => resolve() }
    let over = false
    const running = runRoles([brief, steady('a', ended)], stop.signal, logger).then(() => {
      over = true
    })
    await seen
    await new Promise(setImmediate)
    expect(over).toBe(false)
    stop.abort()
    await running
    expect(ended).toStrictEqual(['a'])
  })

  it('leaves behind what does not end in time, and says how it comes back', async () => {
    const ended: string[] = []
    const stop = new AbortController()
    const stuck: Role = { name: 'stuck', run: () => new Promise(() => {}), comesBack: 'fetched again' }
    const running = runRoles([stuck, steady('a', ended)], stop.signal, logger, { drainMs: 20 })
    stop.abort()
    await expect(running).rejects.toMatchObject({
      code: 'stop_cut_short',
      message: expect.stringMatching(/^stuck was stopped before .* is fetched again at the next start\.$/),
    })
    expect(ended).toStrictEqual(['a'])
  })

  it('counts the time for the end from the failure of another role, which is what is thrown', async () => {
    const stuck: Role = { name: 'stuck', run: () => new Promise(() => {}) }
    const failing: Role = { name: 'bad', run: () => Promise.reject(new Error('disk full')) }
    const running = runRoles([stuck, failing], new AbortController().signal, logger, { drainMs: 20 })
    await expect(running).rejects.toThrow('disk full')
  })
})
