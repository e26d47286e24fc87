import { MICROS_PER_SECOND } from '@c1/market'
import { beforeEach, describe, expect, it } from 'vitest'
import { ManualTimers } from '../test-support/manual-timers.ts'
import { CallBudget, type Urgency } from './call-budget.ts'

let timers: ManualTimers
let budget: CallBudget
let start: number
let made: [string, number][]

beforeEach(() => {
  timers = new ManualTimers()
  budget = new CallBudget(timers, 1000)
  start = timers.now()
  made = []
})

const seconds = (): number => (timers.now() - start) / MICROS_PER_SECOND

/** Asks for a turn, and notes when it was given. */
async function ask(name: string, urgency: Urgency = 'usual'): Promise<number> {
  const call = await budget.turn(urgency)
  made.push([name, seconds()])
  return call
}

describe('a budget of calls', () => {
  it('lets urgent calls go before all that wait, a spacing after the call before', async () => {
    const all = [ask('a'), ask('b'), ask('c')]
    await timers.drive(all[0] as Promise<number>)
    timers.advance(400)
    all.push(ask('repair', 'urgent'), ask('repair too', 'urgent'))
    await timers.drive(Promise.all(all))
    expect(made).toEqual([
      ['a', 0],
      ['repair', 1],
      ['repair too', 2],
      ['b', 3],
      ['c', 4],
    ])
  })

  it('counts the spacing from when the call before was let go, not from when it could have been', async () => {
    await ask('a')
    timers.advance(3700)
    await ask('b')
    await timers.drive(ask('c'))
    expect(made.map(([, at]) => at)).toEqual([0, 3.7, 4.7])
  })

  it('is held back as a whole when the venue refuses a call', async () => {
    const call = await ask('a')
    budget.refuse(call, timers.now() + 3 * MICROS_PER_SECOND)
    expect(budget.state()).toMatchObject({ calls: 1, refused: 1, heldUntil: timers.now() + 3 * MICROS_PER_SECOND })
    await timers.drive(Promise.all([ask('b', 'urgent'), ask('c')]))
    expect(made.slice(0, 2)).toEqual([
      ['a', 0],
      ['b', 3],
    ])
    expect(budget.state().heldUntil).toBeUndefined()
  })

  it.each([0, 1000])(
    'finds the limit of a venue that takes a call every two seconds (least spacing %i ms)',
    async (least) => {
      budget = new CallBudget(timers, least)
      let takenAt = Number.NEGATIVE_INFINITY
      const taken: number[] = []
      while (taken.length < 100) {
        const call = await timers.drive(budget.turn('usual'))
        if (seconds() - takenAt < 2) budget.refuse(call, timers.now() + 3 * MICROS_PER_SECOND)
        else taken.push(seconds())
        if (taken.at(-1) === seconds()) takenAt = seconds()
      }
      expect(budget.state().refused).toBeLessThan(10)
      const last = taken.slice(-50)
      expect(((last.at(-1) as number) - (last[0] as number)) / 49).toBeLessThan(3)
    },
  )

  it('is not widened by refusals that have another cause, and forgets what it learned after ten minutes', async () => {
    await timers.drive(ask('a'))
    timers.advance(60_000)
    const alone = await timers.drive(ask('b'))
    budget.refuse(alone, timers.now())
    expect(budget.state().spacingMs).toBe(1000)
    const soon = await timers.drive(ask('c'))
    budget.refuse(soon, timers.now())
    expect(budget.state().spacingMs).toBe(1020)
    timers.advance(600_001)
    await timers.drive(ask('d'))
    expect(budget.state().spacingMs).toBe(1000)
  })

  it('does not wait for a time that the host was set back from', async () => {
    let now = timers.now()
    const budget = new CallBudget({ now: () => now, after: (ms, task) => timers.after(ms, task) }, 1000)
    await budget.turn('usual')
    now = (now - 3_600 * MICROS_PER_SECOND) as typeof now
    const next = budget.turn('usual')
    now = (now + MICROS_PER_SECOND) as typeof now
    timers.advance(1000)
    await expect(next).resolves.toBe(2)
  })
})
