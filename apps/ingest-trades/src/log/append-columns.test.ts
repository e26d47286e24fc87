import { type DecimalText, type EpochMicros, marketSymbol, type Trade, type TradeColumns } from '@c1/market'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Place } from '../test-support.ts'
import type { TradeLog } from './trade-log.ts'

const BTC = marketSymbol('BTC/USD')

function columnsOf(ids: readonly number[]): TradeColumns {
  return {
    symbol: BTC,
    idSpace: 'venue',
    count: ids.length,
    ids: Float64Array.from(ids),
    times: Float64Array.from(ids, (id) => id * 1e6),
    texts: Buffer.from('84000.10.5'.repeat(ids.length)),
    bounds: Uint32Array.from({ length: 2 * ids.length + 1 }, (_, at) => 10 * (at >> 1) + 7 * (at & 1)),
    sides: new Uint8Array(ids.length),
    orderTypes: new Uint8Array(ids.length),
  }
}

function tradeOf(tradeId: number): Trade {
  return {
    symbol: BTC,
    idSpace: 'venue',
    tradeId,
    eventTime: (tradeId * 1e6) as EpochMicros,
    price: '84000.1' as DecimalText,
    quantity: '0.5' as DecimalText,
    side: undefined,
    orderType: undefined,
  }
}

/** Ids of blocks of rows: mostly ascending, with holes, repetitions and steps back. */
const block = fc
  .array(fc.record({ first: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 1, max: 15 }) }), {
    maxLength: 5,
  })
  .map((stretches) => stretches.flatMap(({ first, length }) => Array.from({ length }, (_, at) => first + at)))
const exception = fc.record({ first: fc.integer({ min: 1, max: 60 }), length: fc.integer({ min: 0, max: 9 }) })

async function stateOf(place: Place, log: TradeLog) {
  const { ledger } = log
  const known = { spans: ledger.spans(BTC, 'venue'), exceptions: ledger.exceptions(BTC) }
  return { ...known, duplicates: ledger.duplicates(BTC), messages: await place.messages() }
}

it('trades in columns leave the log and its ledger as they are left by trades one by one', async () => {
  const property = fc.asyncProperty(
    block,
    exception,
    fc.array(block, { maxLength: 4 }),
    async (before, ids, blocks) => {
      const [one, many] = [new Place(), new Place()]
      try {
        const logs = [await one.open(), await many.open()] as const
        for (const log of logs) {
          await log.appendTrades(before.map(tradeOf))
          const [firstTradeId, lastTradeId] = [ids.first, ids.first + ids.length]
          const times = { from: (firstTradeId * 1e6) as EpochMicros, to: (lastTradeId * 1e6) as EpochMicros }
          await log.append([{ kind: 'outage', outage: { symbol: BTC, ...times, firstTradeId, lastTradeId } }])
        }
        for (const ids of blocks) {
          const known = await logs[0].appendTrades(ids.map(tradeOf))
          expect(await logs[1].appendColumns(columnsOf(ids))).toBe(known)
        }
        expect(await stateOf(many, logs[1])).toEqual(await stateOf(one, logs[0]))
        for (const log of logs) await log.close()
      } finally {
        await one.remove()
        await many.remove()
      }
    },
  )
  await fc.assert(property, { numRuns: 40 })
}, 60_000)
