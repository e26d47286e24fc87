import { describe, expect, it } from 'vitest'
import { ManualTimers } from '../test-support/manual-timers.ts'
import { Pings } from './pings.ts'

function started() {
  const timers = new ManualTimers()
  const begin = timers.now()
  const told: string[] = []
  const tell = (what: string) => () => told.push(`${what} at ${(timers.now() - begin) / 1_000_000} s`)
  const pings = new Pings({
    timers,
    intervalMs: 10_000,
    deadlineMs: 25_000,
    send: tell('ping'),
    unanswered: tell('unanswered'),
  })
  pings.start()
  return { timers, told, pings }
}

describe('pings', () => {
  it('are sent at once and at every interval', () => {
    const { timers, told, pings } = started()
    timers.advance(5_000)
    pings.answered()
    timers.advance(25_000)
    expect(told).toEqual(['ping at 0 s', 'ping at 10 s', 'ping at 20 s', 'ping at 30 s'])
  })

  it('are unanswered when the oldest without a pong waits for the deadline', () => {
    const { timers, told, pings } = started()
    timers.advance(15_000)
    pings.answered()
    timers.advance(29_999)
    expect(told.filter((what) => what.startsWith('unanswered'))).toEqual([])
    timers.advance(1)
    expect(told.at(-1)).toBe('unanswered at 45 s')
  })

  it('stop, and nothing is waited for any more', () => {
    const { timers, pings } = started()
    pings.stop()
    expect(timers.pending).toBe(0)
  })
})
