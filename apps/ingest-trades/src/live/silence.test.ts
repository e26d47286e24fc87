import {
  decimalText,
  type EpochMicros,
  type MarketSymbol,
  MICROS_PER_MINUTE,
  MICROS_PER_SECOND,
  marketSymbol,
} from '@c1/market'
import { describe, expect, it } from 'vitest'
import { TradeLedger } from '../ledger/ledger.ts'
import { Silence } from './silence.ts'

const [BTC, ETH] = [marketSymbol('BTC/USD'), marketSymbol('ETH/USD')]
const at = (seconds: number): EpochMicros => (1_762_732_800_000_000 + seconds * MICROS_PER_SECOND) as EpochMicros

function ledgerOf(...symbols: MarketSymbol[]): TradeLedger {
  const ledger = new TradeLedger()
  for (const symbol of symbols) {
    const figures = { price: decimalText('1.0'), quantity: decimalText('1.0'), side: undefined, orderType: undefined }
    ledger.add({ symbol, idSpace: 'venue', tradeId: 7, eventTime: at(10), ...figures })
  }
  return ledger
}

/** The local clock is the venue's here, unless a test says otherwise. */
const due = (silence: Silence, seconds: number, ...symbols: MarketSymbol[]): number[] =>
  silence.due(symbols, at(seconds), at(seconds)).map(({ eventTime }) => (eventTime - at(0)) / MICROS_PER_MINUTE)

describe('silence', () => {
  it('closes a minute two seconds after its end, once', () => {
    const silence = new Silence(ledgerOf(BTC))
    const connection = [BTC]
    silence.hear(connection, at(61.9))
    expect(due(silence, 61.9, BTC)).toEqual([])
    silence.hear(connection, at(62))
    expect(due(silence, 62, BTC)).toEqual([1])
    expect(due(silence, 62.5, BTC)).toEqual([])
  })

  it('names the newest trade, and the newest minute when several have passed', () => {
    const silence = new Silence(ledgerOf(BTC))
    silence.hear([BTC], at(310))
    expect(silence.due([BTC], at(310), at(310))).toEqual([
      { symbol: BTC, idSpace: 'venue', eventTime: at(300), lastTradeId: 7 },
    ])
  })

  it('of a link that stalls says nothing: a trade may still be on its way', () => {
    const silence = new Silence(ledgerOf(BTC))
    silence.hear([BTC], at(59))
    expect(due(silence, 75, BTC)).toEqual([])
    silence.hear([BTC], at(58))
    expect(due(silence, 75, BTC)).toEqual([])
  })

  it('goes by the connection of each symbol', () => {
    const silence = new Silence(ledgerOf(BTC, ETH))
    const [one, other] = [[BTC], [ETH]]
    silence.hear(one, at(50))
    silence.hear(other, at(70))
    expect(silence.due([BTC, ETH], at(70), at(70)).map(({ symbol }) => symbol)).toEqual([ETH])
  })

  it('of a symbol without trades, or that no connection has, says nothing', () => {
    const silence = new Silence(ledgerOf(BTC))
    silence.hear([ETH], at(100))
    expect(due(silence, 100, BTC, ETH)).toEqual([])
  })

  it('waits longer by its own time in a market that runs faster', () => {
    const silence = new Silence(ledgerOf(BTC))
    silence.observeClock(at(0), at(0))
    silence.observeClock(at(60), at(1))
    silence.hear([BTC], at(3))
    expect(silence.due([BTC], at(179), at(3))).toEqual([])
    expect(silence.due([BTC], at(180), at(3)).map(({ eventTime }) => eventTime)).toEqual([at(60)])
  })
})
