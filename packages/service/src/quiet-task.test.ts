import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { QuietTask } from './quiet-task.ts'

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

function counted(everyMs = 1000, failure?: Error): { readonly quiet: QuietTask; runs: () => number } {
  let runs = 0
  const task = async (): Promise<void> => {
    runs += 1
    if (failure !== undefined) throw failure
  }
  return { quiet: new QuietTask({ task, everyMs }), runs: () => runs }
}

async function work(quiet: QuietTask): Promise<void> {
  await quiet.begin()
  await quiet.end()
}

describe('a quiet task', () => {
  it('runs in a pause once it is due, without more work', async () => {
    const { quiet, runs } = counted()
    await work(quiet)
    await vi.advanceTimersByTimeAsync(900)
    expect(runs()).toBe(0)
    await vi.advanceTimersByTimeAsync(200)
    expect(runs()).toBe(1)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(runs()).toBe(1)
  })

  it('does not run while work goes on every few milliseconds, until its patience ends', async () => {
    const { quiet, runs } = counted()
    for (let elapsed = 0; elapsed < 4950; elapsed += 50) {
      await work(quiet)
      await vi.advanceTimersByTimeAsync(50)
    }
    expect(runs()).toBe(0)
    await vi.advanceTimersByTimeAsync(50)
    await work(quiet)
    expect(runs()).toBe(1)
  })

  it('does not run during a piece of work, however long that takes', async () => {
    const { quiet, runs } = counted()
    await work(quiet)
    await quiet.begin()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(runs()).toBe(0)
  })

  it('runs after every piece of work where no time is to pass between runs', async () => {
    const { quiet, runs } = counted(0)
    await work(quiet)
    await work(quiet)
    expect(runs()).toBe(2)
  })

  it('tells what it threw in a pause before the next piece of work', async () => {
    const { quiet } = counted(1000, new Error('disk full'))
    await work(quiet)
    await vi.advanceTimersByTimeAsync(1100)
    await expect(quiet.begin()).rejects.toThrow('disk full')
  })

  it('runs a last time at the end when there was work since its last run, and not when cancelled', async () => {
    const [closed, unused, cancelled] = [counted(), counted(), counted()]
    await work(closed.quiet)
    await work(cancelled.quiet)
    await closed.quiet.close()
    await unused.quiet.close()
    await cancelled.quiet.cancel()
    await vi.advanceTimersByTimeAsync(10_000)
    expect([closed.runs(), unused.runs(), cancelled.runs()]).toEqual([1, 0, 0])
  })
})
