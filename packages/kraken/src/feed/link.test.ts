import type { EpochMicros } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { Link } from './link.ts'
import { Pings } from './pings.ts'
import type { SocketListener } from './socket.ts'

/** A process that does nothing for a while: its timers are late, and what arrived meanwhile comes after them. */
class StalledTimers {
  time = 0
  #task: () => void = () => {}

  now(): EpochMicros {
    return (this.time * 1000) as EpochMicros
  }

  after(_: number, task: () => void): () => void {
    this.#task = task
    return () => {
      this.#task = () => {}
    }
  }

  /** Runs the newest timer when it is `ms`. */
  fireAt(ms: number): void {
    this.time = ms
    this.#task()
  }
}

describe('after a pause of this process', () => {
  it('a link is not silent whose frames wait to be read, and silent when none did', () => {
    const timers = new StalledTimers()
    const silences: number[] = []
    let socket: SocketListener | undefined
    const openSocket = (_: string, listener: SocketListener) => {
      socket = listener
      return { send: () => {}, end: () => {} }
    }
    const listener = { opened: () => {}, frame: () => {}, silent: (ms: number) => silences.push(ms), lost: () => {} }
    new Link({ url: '', openSocket, staleAfterMs: 15_000, timers }, listener)
    timers.fireAt(60_000)
    socket?.frame('{"channel":"heartbeat"}')
    timers.fireAt(60_250)
    expect(silences).toEqual([])
    timers.fireAt(120_000)
    timers.fireAt(120_250)
    expect(silences).toEqual([60_250])
  })

  it('a ping is not unanswered whose pong waits to be read, and unanswered when none does', () => {
    const timers = new StalledTimers()
    let unanswered = 0
    const pings = new Pings({
      // Only the deadline is of interest, not the next ping.
      timers: { now: () => timers.now(), after: (ms, task) => (ms === 1 ? () => {} : timers.after(ms, task)) },
      intervalMs: 1,
      deadlineMs: 30_000,
      send: () => {},
      unanswered: () => {
        unanswered += 1
      },
    })
    pings.start()
    timers.fireAt(90_000)
    pings.answered()
    timers.fireAt(90_250)
    expect(unanswered).toBe(0)
    pings.start()
    timers.fireAt(180_000)
    timers.fireAt(180_250)
    expect(unanswered).toBe(1)
  })
})
