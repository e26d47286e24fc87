import { OUT_OF_ORDER } from '@c1/kraken'
import {
  type DecimalText,
  type EpochMicros,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  marketSymbol,
  type Trade,
} from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Place } from '../test-support.ts'
import type { TradeLog } from './trade-log.ts'

const BTC = marketSymbol('BTC/USD')
const START = 1_762_732_800_000_000
const FIRST = 109_000_000

/** One trade a second from `FIRST` on, but for what is said else. */
function trade(tradeId: number, eventTime = START + (tradeId - FIRST) * MICROS_PER_SECOND): Trade {
  return {
    symbol: BTC,
    idSpace: 'venue',
    tradeId,
    eventTime: eventTime as EpochMicros,
    price: '84000.1' as DecimalText,
    quantity: '0.5' as DecimalText,
    side: 'buy',
    orderType: 'market',
  }
}
const after = (...seconds: number[]): Trade[] => seconds.map((each) => trade(FIRST + each))

let place: Place
let log: TradeLog
beforeEach(async () => {
  place = new Place()
  log = await place.open()
  await log.appendTrades(after(0, 1, 2), 'live')
})
afterEach(() => place.remove())

/** What the dead letters say of the trades that were refused. */
async function letters(): Promise<[number, string][]> {
  return (await place.deadLetters()).map(({ code, origin, raw, reason }) => {
    expect({ code, origin }).toEqual({ code: 'trade_implausible', origin: 'trade-log' })
    return [JSON.parse(Buffer.from(raw).toString()).tradeId, reason]
  })
}
const ids = (): readonly (readonly number[])[] => log.ledger.spans(BTC, 'venue').map(({ first, last }) => [first, last])

describe('an id that belongs to another time is a dead letter, and opens no hole', () => {
  it('far ahead of the sequence, however far', async () => {
    const now = START + 3 * MICROS_PER_SECOND
    const wrong = [FIRST + 1_000_000, 1_000_000_000_000, Number.MAX_SAFE_INTEGER].map((id) => trade(id, now))
    await log.appendTrades([...wrong, ...after(3, 4)], 'live')
    expect(ids()).toEqual([[FIRST, FIRST + 4]])
    expect((await letters()).map(([id]) => id)).toEqual(wrong.map(({ tradeId }) => tradeId))
    expect((await letters())[0]?.[1]).toContain('is 999998 ahead of trade 109000002, more than are made in the time')
  })

  it('of the next trade with an old time', async () => {
    await log.appendTrades([trade(FIRST + 3, START - MICROS_PER_DAY), ...after(4)], 'live')
    expect(ids()).toEqual([
      [FIRST, FIRST + 2],
      [FIRST + 4, FIRST + 4],
    ])
    expect((await letters())[0]?.[1]).toContain('long before')
    await log.appendTrades(after(3), 'history')
    expect(ids()).toEqual([[FIRST, FIRST + 4]])
  })

  it('far below the oldest with a time of now', async () => {
    await log.appendTrades([trade(7, START + 3 * MICROS_PER_SECOND), ...after(3)], 'live')
    expect(ids()).toEqual([[FIRST, FIRST + 3]])
    expect((await letters())[0]?.[1]).toContain('behind trade 109000000')
  })

  it('in a hole with a time that is not of the hole, whatever brought it, and told once', async () => {
    await log.appendTrades(after(9), 'live')
    const late = trade(FIRST + 5, START + OUT_OF_ORDER + 10 * MICROS_PER_SECOND)
    for (const via of ['history', 'archive', 'history'] as const) await log.appendTrades([late], via)
    expect(ids()).toHaveLength(2)
    expect(await letters()).toEqual([[FIRST + 5, expect.stringContaining('long after')]])
  })

  it('among the first of its market', async () => {
    const eth = (tradeId: number, eventTime: number) => ({
      ...trade(tradeId, eventTime),
      symbol: marketSymbol('ETH/USD'),
    })
    const good = [51, 52, 53].map((id) => eth(id, START + id))
    await log.appendTrades([eth(90_000_000, START), ...good, eth(54, START - MICROS_PER_DAY)], 'live')
    expect(log.ledger.spans(marketSymbol('ETH/USD'), 'venue')).toMatchObject([{ first: 51, last: 53 }])
    expect((await letters()).map(([id]) => id)).toEqual([90_000_000, 54])
  })
})

describe('believed is', () => {
  it('what was missed in a day away, a time that goes back a little, and older history', async () => {
    const missed = trade(FIRST + 5_000_000, START + MICROS_PER_DAY)
    const back = trade(FIRST + 5_000_001, START + MICROS_PER_DAY - OUT_OF_ORDER)
    const older = trade(FIRST - 10_000_000, START - 100 * MICROS_PER_DAY)
    await log.appendTrades([missed, back, older], 'live')
    expect(await letters()).toEqual([])
  })

  it('what goes on for a minute, so a wrong id that is in the log does not shut out the true ones', async () => {
    const ahead = FIRST + 50_000_000
    const going = (second: number) => trade(ahead + second, START + second * MICROS_PER_SECOND)
    for (const second of [3, 30, 62, 63, 64]) await log.appendTrades([going(second)], 'live')
    expect((await letters()).map(([id]) => id)).toEqual([3, 30, 62].map((second) => ahead + second))
    expect(ids()).toEqual([
      [FIRST, FIRST + 2],
      [ahead + 63, ahead + 64],
    ])
  })

  it('not what goes on for a minute while the known sequence goes on too', async () => {
    const ahead = FIRST + 50_000_000
    for (const second of [3, 30, 62, 90, 120]) {
      const wrong = trade(ahead + second, START + second * MICROS_PER_SECOND)
      await log.appendTrades([wrong, ...after(second)], 'live')
    }
    expect(ids().at(-1)?.[1]).toBe(FIRST + 120)
    expect(await letters()).toHaveLength(5)
  })
})
