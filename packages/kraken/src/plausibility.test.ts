import { decimalText, type EpochMicros, MalformedError, MICROS_PER_DAY, marketSymbol, type Trade } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { Plausibility } from './plausibility.ts'

const NOW = 1_790_358_480_000_000

function trade(tradeId: number, eventTime = NOW, symbol = 'BTC/USD'): Trade {
  return {
    symbol: marketSymbol(symbol),
    idSpace: 'venue',
    tradeId,
    eventTime: eventTime as EpochMicros,
    price: decimalText('1.0'),
    quantity: decimalText('1.0'),
    side: 'buy',
    orderType: 'limit',
  }
}

/** Which of the trades are believed. */
function believed(plausibility: Plausibility, trades: readonly Trade[]): number[] {
  return trades.flatMap((trade) => {
    try {
      return plausibility.check(trade).tradeId
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(MalformedError)
      return []
    }
  })
}

describe('a trade is plausible', () => {
  it('after an outage of a million trades, not after more', () => {
    expect(believed(new Plausibility(), [trade(5), trade(1_000_005)])).toEqual([5, 1_000_005])
    expect(believed(new Plausibility(), [trade(5), trade(1_000_006), trade(6)])).toEqual([5, 6])
  })

  it('with an id that was there before, or goes back', () => {
    const ids = [109_116_693, 109_116_693, 109_116_690, 7]
    expect(
      believed(
        new Plausibility(),
        ids.map((id) => trade(id)),
      ),
    ).toEqual(ids)
  })

  it('when the one before agrees with it, so a wrong first id does not shut out the true ones', () => {
    const ids = [7, 109_116_693, 109_116_694, 109_116_695]
    expect(
      believed(
        new Plausibility(),
        ids.map((id) => trade(id)),
      ),
    ).toEqual([7, 109_116_694, 109_116_695])
  })

  it('never with an id that no market reaches', () => {
    const ids = [9_007_199_254_740_991, 10_000_000_001, 10_000_000_000]
    expect(
      believed(
        new Plausibility(),
        ids.map((id) => trade(id)),
      ),
    ).toEqual([10_000_000_000])
  })

  it('by the ids of its own market', () => {
    const trades = [trade(5), trade(109_116_693, NOW, 'ETH/USD'), trade(6)]
    expect(believed(new Plausibility(), trades)).toEqual([5, 109_116_693, 6])
  })

  it('up to a day after the newest clock of the venue', () => {
    const plausibility = new Plausibility()
    expect(believed(plausibility, [trade(1, NOW + 400 * MICROS_PER_DAY)])).toEqual([1])
    plausibility.observeClock(NOW as EpochMicros)
    plausibility.observeClock((NOW - MICROS_PER_DAY) as EpochMicros)
    const trades = [trade(2, NOW + MICROS_PER_DAY), trade(3, NOW + MICROS_PER_DAY + 1), trade(4, -1)]
    expect(believed(plausibility, trades)).toEqual([2])
  })
})
