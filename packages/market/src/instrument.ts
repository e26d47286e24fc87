import type { DecimalText } from './decimal.ts'
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
  /** The step of prices, where the venue tells it: it may be coarser than the last decimal. */
  readonly priceIncrement?: DecimalText
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
  const listed = [...instruments]
  const symbol = spelling.toUpperCase().replace('-', '/')
  // Without the slash two markets can read alike (AB/CD, ABC/D), so a symbol written out goes first.
  const found =
    listed.find((instrument) => instrument.symbol === symbol) ??
    listed.find((instrument) => spellings(instrument).includes(withoutSeparator(spelling)))
  if (found === undefined) throw unknownSymbol(listed, spelling)
  return found
}

function spellings({ symbol, aliases }: Instrument): string[] {
  return [symbol, ...aliases].map(withoutSeparator)
}

function withoutSeparator(spelling: string): string {
  return spelling.toUpperCase().replace(/[/-]/, '')
}

function unknownSymbol(listed: readonly Instrument[], spelling: string): UsageError {
  const wanted = withoutSeparator(spelling)
  const near = listed.filter(({ base }) => wanted.startsWith(base)).map(({ symbol }) => symbol)
  const hint = near.length > 0 ? `Did you mean ${near.slice(0, 5).join(', ')}?` : 'Write it like BTC/USD.'
  return new UsageError('symbol_unknown', `The venue lists no market "${spelling}". ${hint}`, { details: { spelling } })
}
