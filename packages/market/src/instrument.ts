import { UsageError } from './errors.ts'

/** A market's name as C1 writes it: base and quote as Kraken's WebSocket v2 spells them, `BTC/USD`. */
export type MarketSymbol = string & { readonly __unit: 'symbol' }

/** A market that can be traded, with the number of decimals its venue uses. */
export interface Instrument {
  readonly symbol: MarketSymbol
  readonly base: string
  readonly quote: string
  /** Digits after the point of every price. */
  readonly priceDecimals: number
  /** Digits after the point of every quantity. */
  readonly quantityDecimals: number
  /** Whether the venue matches orders in it at present. */
  readonly status: 'online' | 'restricted'
  /** Every other way the venue spells it (`XBTUSD`, `XXBTZUSD`, `XBT/USD`). */
  readonly aliases: readonly string[]
}

const SYMBOL = /^[A-Z0-9.]{1,20}\/[A-Z0-9.]{1,20}$/

/** Checks the form `BASE/QUOTE`; whether the venue lists it, only its instruments tell. @throws UsageError `symbol_malformed` */
export function marketSymbol(text: string): MarketSymbol {
  if (!SYMBOL.test(text)) {
    throw new UsageError('symbol_malformed', `"${text}" is not a symbol: write base and quote like BTC/USD.`)
  }
  return text as MarketSymbol
}

/** The symbol as a folder or URL segment: `BTC-USD`. Neither part of a symbol ever holds a dash. */
export function symbolSlug(symbol: MarketSymbol): string {
  return symbol.replace('/', '-')
}

/**
 * Finds instruments by any spelling, in any letter case: `BTC/USD`, `XBTUSD`, `XXBTZUSD`, `XBT/USD`, `BTC-USD`.
 *
 * @throws UsageError `symbol_unknown`, naming near spellings
 */
export function findInstrument(instruments: Iterable<Instrument>, spelling: string): Instrument {
  const wanted = normalise(spelling)
  const near: string[] = []
  for (const instrument of instruments) {
    const spellings = [instrument.symbol, ...instrument.aliases].map(normalise)
    if (spellings.includes(wanted)) return instrument
    if (near.length < 5 && wanted.startsWith(normalise(instrument.base))) near.push(instrument.symbol)
  }
  const hint = near.length > 0 ? ` Did you mean ${near.join(', ')}?` : ' Write it like BTC/USD.'
  throw new UsageError('symbol_unknown', `The venue lists no market "${spelling}".${hint}`)
}

function normalise(spelling: string): string {
  return spelling.toUpperCase().replace(/[/-]/, '')
}
