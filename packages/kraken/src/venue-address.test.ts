import { UsageError } from '@c1/market'
import { expect, it } from 'vitest'
import { KrakenFeed } from './feed/feed.ts'
import { KrakenRest } from './rest/client.ts'

it('a client refuses an address that it cannot use, before it is used', () => {
  for (const baseUrl of ['api.kraken.com', 'wss://api.kraken.com', '']) {
    expect(() => new KrakenRest({ baseUrl })).toThrow(UsageError)
  }
  for (const url of ['ws.kraken.com/v2', 'https://ws.kraken.com/v2', '']) {
    expect(() => new KrakenFeed({ url, instruments: [], onEvent: () => {} })).toThrow(`"${url}" is no venue's address`)
  }
})
