import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { findInstrument, type MarketSymbol } from '@c1/market'
import { describe, expect, it } from 'vitest'
import { readAssetPairs } from './instruments.ts'
import { archiveNames, restName } from './names.ts'
import { readAnswer } from './rest/answer.ts'
import { recorded } from './test-support/recorded.ts'
import { parseExact } from './wire/exact-json.ts'

const pair = (fields: object) => parseExact(JSON.stringify({ XXBTZUSD: { ...BTC_USD, ...fields } }))
const BTC_USD = { altname: 'XBTUSD', wsname: 'XBT/USD', pair_decimals: 1, lot_decimals: 8, status: 'online' }

describe('instruments from AssetPairs', () => {
  it('have v2 symbols, decimals and every spelling, as the live venue answered', () => {
    const [btc, doge, ether] = readAssetPairs(readAnswer(200, recorded('rest_assetpairs_excerpt')))
    expect(btc).toEqual({
      symbol: 'BTC/USD',
      base: 'BTC',
      quote: 'USD',
      priceDecimals: 1,
      quantityDecimals: 8,
      status: 'online',
      aliases: ['XBTUSD', 'XXBTZUSD', 'XBT/USD'],
    })
    expect(doge).toMatchObject({ symbol: 'DOGE/USD', priceDecimals: 7, aliases: ['XDGUSD', 'XDG/USD'] })
    expect(ether).toMatchObject({ symbol: 'ETH/BTC', aliases: ['ETHXBT', 'XETHXXBT', 'ETH/XBT'] })
  })

  it('leave out dark pools, pairs without a v1 name and pairs whose decimals cannot be read', () => {
    const result = parseExact(
      JSON.stringify({
        'XXBTZUSD.d': { ...BTC_USD, altname: 'XBTUSD.d' },
        A: { ...BTC_USD, wsname: undefined },
        B: { ...BTC_USD, pair_decimals: '1' },
        C: { ...BTC_USD, wsname: 'no symbol' },
        D: BTC_USD,
      }),
    )
    expect(readAssetPairs(result).map(({ aliases }) => aliases[1])).toEqual(['D'])
  })

  it('are restricted in any status but online, and online where old answers have none', () => {
    expect(readAssetPairs(pair({ status: 'cancel_only' }))[0]?.status).toBe('restricted')
    expect(readAssetPairs(pair({ status: undefined }))[0]?.status).toBe('online')
  })

  it('are refused as a whole when nothing can be read', () => {
    for (const result of [{}, [], null, 'text', { A: 1 }]) {
      expect(() => readAssetPairs(parseExact(JSON.stringify(result)))).toThrow(/no market that can be read/)
    }
  })

  const all = new URL('../../../../shared/data/kraken/rest/AssetPairs_all_2021-04-17.json.gz', import.meta.url)
  it.skipIf(!existsSync(all))('cover the 293 markets of a full answer of 2021 that are no dark pools', () => {
    const instruments = readAssetPairs(readAnswer(200, gunzipSync(readFileSync(all)).toString()))
    expect(instruments).toHaveLength(293)
    expect(new Set(instruments.map(({ symbol }) => symbol)).size).toBe(293)
    expect(findInstrument(instruments, 'xbtjpy')).toMatchObject({ symbol: 'BTC/JPY', priceDecimals: 0 })
  })
})

describe('names', () => {
  it('give REST the altname, and the symbol where there is none', () => {
    const [btc] = readAssetPairs(pair({}))
    expect(restName(btc as NonNullable<typeof btc>)).toBe('XBTUSD')
    expect(restName({ ...(btc as NonNullable<typeof btc>), aliases: ['XBT/USD'] })).toBe('BTC/USD')
  })

  it('know the archive member of a bare symbol', () => {
    expect([...archiveNames('DOGE/BTC' as MarketSymbol)]).toEqual(['DOGEBTC', 'XDGXBT'])
  })
})
