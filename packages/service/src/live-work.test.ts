import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { LiveWork } from './live-work.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Milliseconds of a pause beside live work every `everyMs`. */
async function pauseBeside(live: LiveWork, everyMs: number, times: number): Promise<number> {
  const begin = performance.now()
  let took: number | undefined
  void live.pause(begin + 500).then(() => {
    took = performance.now() - begin
  })
  for (let at = 0; at < times; at += 1) {
    await vi.advanceTimersByTimeAsync(everyMs)
    live.note()
  }
  await vi.advanceTimersByTimeAsync(1000)
  return took as number
}

it('is no pause where there is none', async () => {
  expect(await pauseBeside(new LiveWork(), 1, 0)).toBe(0)
})

it('is a pause until there was none for 50 ms', async () => {
  const live = new LiveWork()
  live.note()
  expect(await pauseBeside(live, 20, 5)).toBe(150)
})

it('ends by its deadline where there is always some', async () => {
  const live = new LiveWork()
  live.note()
  expect(await pauseBeside(live, 20, 100)).toBe(500)
})
