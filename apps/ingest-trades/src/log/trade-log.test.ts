import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type DecimalText, type EpochMicros, marketSymbol, type Trade } from '@c1/market'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { completenessOf } from '../ledger/completeness.ts'
import type { TradeLedger } from '../ledger/ledger.ts'
import { Place } from '../test-support.ts'

const BTC = marketSymbol('BTC/USD')

function trade(tradeId: number): Trade {
  return {
    symbol: BTC,
    idSpace: 'venue',
    tradeId,
    eventTime: (1_762_732_800_000_000 + tradeId * 10) as EpochMicros,
    price: '84000.1' as DecimalText,
    quantity: '0.5' as DecimalText,
    side: 'buy',
    orderType: 'market',
  }
}
const trades = (...ids: number[]): Trade[] => ids.map(trade)

/** All that follows from the log alone. */
function derived(ledger: TradeLedger) {
  return { spans: ledger.spans(BTC, 'venue'), newest: ledger.newest(BTC), aliveTo: ledger.aliveTo(BTC) }
}

const pick = ({ duplicates, holes, repairs }: ReturnType<typeof completenessOf>) => ({ duplicates, holes, repairs })

let place: Place
beforeEach(() => {
  place = new Place()
})
afterEach(() => place.remove())

describe('the trade log', () => {
  it('takes each trade once and tells how many it held before', async () => {
    const log = await place.open()
    expect(await log.appendTrades(trades(1, 2, 3))).toBe(0)
    expect(await log.appendTrades(trades(2, 3, 4, 4))).toBe(3)
    expect(await place.messages()).toEqual(trades(1, 2, 3, 4).map((trade) => ({ kind: 'trade', trade })))
  })

  it('keeps a trade that comes again and says something else as a dead letter with both versions; the stored one stands', async () => {
    const log = await place.open()
    const told: [Trade, Trade][] = []
    const again: number[] = []
    log.tellRefusals({
      onDuplicate: ({ tradeId }) => again.push(tradeId),
      onImplausible: () => {},
      onContradiction: (stored, received) => told.push([stored, received]),
    })
    const other = { ...trade(2), price: '84000.2' as DecimalText }
    await log.appendTrades(trades(1, 2, 3))
    await log.appendTrades([trade(1), other, other, trade(4)])
    expect(await place.messages()).toEqual(trades(1, 2, 3, 4).map((trade) => ({ kind: 'trade', trade })))
    const [letter, ...more] = await place.deadLetters()
    expect(more).toEqual([])
    expect(letter).toMatchObject({ origin: 'trade-log', code: 'trade_contradicts' })
    expect(letter?.reason).toContain('BTC/USD trade 2 ')
    expect(JSON.parse(Buffer.from(letter?.raw ?? []).toString())).toMatchObject({
      stored: { tradeId: 2, price: '84000.1' },
      received: { tradeId: 2, price: '84000.2' },
    })
    expect(told).toEqual([[trade(2), other]])
    expect(again).toEqual([1, 2, 2])
  })

  it('appended at the same time from two sides takes each trade once', async () => {
    const log = await place.open()
    const known = await Promise.all([log.appendTrades(trades(1, 2, 3)), log.appendTrades(trades(3, 4, 1))])
    expect(known[0] + known[1]).toBe(2)
    expect(await place.messages()).toHaveLength(4)
  })

  it('killed between an append and the next checkpoint knows after the restart what it appended', async () => {
    const before = await place.open()
    await before.appendTrades(trades(1, 2, 3))
    await before.close()
    const killed = await place.open()
    await killed.appendTrades(trades(4, 5, 9))
    await place.abandon()
    const after = await place.open()
    expect(derived(after.ledger)).toEqual(derived(killed.ledger))
    expect(await after.appendTrades(trades(1, 4, 5, 6, 9))).toBe(4)
    expect(after.ledger.holes(BTC)).toMatchObject([{ first: 7, last: 8 }])
  })

  it('has the same ledger from a checkpoint, from the log alone, and from a checkpoint ahead of a log that lost its tail', async () => {
    const log = await place.open()
    await log.appendTrades(trades(5, 6, 1, 2))
    await log.close()
    const known = derived(log.ledger)
    const ahead = place.checkpoints.load('trade-ledger') as { position: Record<number, number> }
    const older = { ...ahead, ledger: [['BTC/USD venue', []]] }
    for (const checkpoint of [undefined, { ...ahead, position: { 0: 1_000_000 } }, older]) {
      rmSync(join(place.folder, 'checkpoints', 'trade-ledger.json'))
      if (checkpoint !== undefined) place.checkpoints.save('trade-ledger', checkpoint)
      await place.abandon()
      const again = await place.open()
      expect(derived(again.ledger)).toEqual(known)
      await again.close()
    }
  })

  it('keeps what the log cannot tell in its checkpoint: duplicates refused, since when a hole is known, what filled it', async () => {
    const before = await place.open()
    await before.appendTrades(trades(1, 5, 1), 'live')
    await before.appendTrades(trades(2, 3, 4), 'history')
    await before.appendTrades(trades(7), 'live')
    const { duplicates, holes, repairs } = completenessOf(before.ledger, BTC)
    expect(duplicates).toBe(1)
    expect(repairs).toMatchObject([{ first: 2, last: 4, by: ['history'] }])
    expect(holes[0]?.since).toBeGreaterThan(trade(7).eventTime)
    await before.close()
    await place.abandon()
    const after = await place.open()
    expect(completenessOf(after.ledger, BTC)).toEqual(completenessOf(before.ledger, BTC))
    expect({ duplicates, holes, repairs }).toEqual(pick(completenessOf(after.ledger, BTC)))
  })

  it('states an outage once its trades are all there, also after a kill in its midst, and only once', async () => {
    const before = await place.open()
    await before.appendTrades(trades(1, 2))
    before.outages.begin(BTC, trade(2).eventTime, 2)
    before.remember()
    await place.abandon()
    const after = await place.open()
    await after.stateRepairedOutages(BTC)
    after.outages.end(BTC, trade(5).eventTime)
    await after.appendTrades(trades(6))
    await after.stateRepairedOutages(BTC)
    expect((await place.messages()).map(({ kind }) => kind)).toEqual(['trade', 'trade', 'trade'])
    await after.appendTrades(trades(3, 4, 5))
    await after.stateRepairedOutages(BTC)
    const outage = { symbol: BTC, from: trade(2).eventTime, to: trade(5).eventTime }
    expect((await place.messages()).at(-1)).toEqual({ kind: 'outage', outage })
    await place.abandon()
    const last = await place.open()
    await last.stateRepairedOutages(BTC)
    expect(last.outages.all).toEqual([])
    expect(last.ledger.outages(BTC)).toEqual([outage])
    expect(await place.messages()).toHaveLength(7)
  })
})
