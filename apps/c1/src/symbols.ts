import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { findInstrument, type Instrument, type MarketSymbol, marketSymbol, UsageError } from '@c1/market'

/** Quote currencies that Kraken's spellings without a slash end with, longest first. */
const QUOTES = [
  'USDT',
  'USDC',
  'PYUSD',
  'ZUSD',
  'ZEUR',
  'ZGBP',
  'ZJPY',
  'ZCAD',
  'XXBT',
  'XETH',
  'USD',
  'EUR',
  'GBP',
  'JPY',
  'CAD',
  'AUD',
  'CHF',
  'DAI',
  'XBT',
  'BTC',
  'ETH',
]
const ASSETS: Readonly<Record<string, string>> = {
  XBT: 'BTC',
  XXBT: 'BTC',
  XDG: 'DOGE',
  XXDG: 'DOGE',
  XETH: 'ETH',
  XLTC: 'LTC',
  XXRP: 'XRP',
  XXMR: 'XMR',
  XXLM: 'XLM',
  XZEC: 'ZEC',
  XETC: 'ETC',
  ZUSD: 'USD',
  ZEUR: 'EUR',
  ZGBP: 'GBP',
  ZJPY: 'JPY',
  ZCAD: 'CAD',
}

/**
 * Reads a spelling without asking the venue: `BTC/USD`, `BTC-USD`, `XBT/USD`, `XBTUSD`, `XXBTZUSD`.
 *
 * @throws UsageError `symbol_malformed`
 */
export function symbolOf(spelling: string): MarketSymbol {
  const text = spelling.toUpperCase().replace('-', '/')
  const [base, quote] = text.includes('/') ? text.split('/') : splitPair(text)
  return marketSymbol(`${assetName(base ?? '')}/${assetName(quote ?? '')}`)
}

/**
 * The symbol that a file is named after: `XBTUSD.csv.gz`, `XBTUSD_2018-05-08.csv` are BTC/USD.
 *
 * @throws UsageError `archive_not_found`, `symbol_missing`
 */
export function symbolOfFile(path: string): MarketSymbol {
  if (!existsSync(path)) throw new UsageError('archive_not_found', `There is no file ${path}: check its name.`)
  const file = basename(path)
  const stem = /^[A-Za-z0-9]+/.exec(file.replace(/^Trades_/i, ''))?.[0] ?? ''
  try {
    return symbolOf(stem)
  } catch (cause) {
    throw new UsageError(
      'symbol_missing',
      `The name of ${file} does not tell its market: add --symbols, like --symbols BTC/USD.`,
      { cause },
    )
  }
}

/** What `--symbols all` says: every market that the venue has open. */
export function asksForAll(spellings: readonly string[]): boolean {
  return spellings.length === 1 && spellings[0]?.toLowerCase() === 'all'
}

/** Markets that trade at present. */
export function onlineSymbols(instruments: readonly Instrument[]): MarketSymbol[] {
  return instruments.filter(({ status }) => status === 'online').map(({ symbol }) => symbol)
}

/** The venue's instruments for the symbols asked for. @throws UsageError `symbol_unknown` naming every one it does not list */
export function listedInstruments(instruments: readonly Instrument[], spellings: readonly string[]): Instrument[] {
  const problems: string[] = []
  const found = spellings.flatMap((spelling) => {
    try {
      return [findInstrument(instruments, spelling)]
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push(error.message)
      return []
    }
  })
  if (problems.length > 0) throw new UsageError('symbol_unknown', problems.join('\n'))
  return found
}

function splitPair(text: string): [base: string, quote: string] {
  const quote = QUOTES.find((quote) => text.endsWith(quote) && text.length > quote.length + 1) ?? ''
  return [text.slice(0, text.length - quote.length), quote]
}

function assetName(asset: string): string {
  return ASSETS[asset] ?? asset
}
