import { type DecimalText, decimalText, type Instrument, MalformedError, marketSymbol, UsageError } from '@c1/market'
import { symbolOfWsname } from './names.ts'
import { asRecord, NumberText } from './wire/exact-json.ts'

/**
 * The markets of an `AssetPairs` result (keyed by Kraken's internal name), parsed by `parseExact`.
 *
 * Left out: dark-pool pairs (name ends in `.d`, no `wsname`) and pairs that C1 has no name for. Aliases start with `altname`,
 * which REST understands and archive members are named by.
 *
 * @throws MalformedError `asset_pairs_malformed` when the result is no object, or not one pair of it can be read
 */
export function readAssetPairs(result: unknown): Instrument[] {
  const pairs = Object.entries(asRecord(result) ?? {})
  const instruments = pairs.map(([key, pair]) => readPair(key, pair)).filter((read) => read !== undefined)
  if (instruments.length === 0) {
    throw new MalformedError(
      'asset_pairs_malformed',
      'The list of markets (AssetPairs) holds no market that can be read.',
    )
  }
  return instruments
}

function readPair(key: string, value: unknown): Instrument | undefined {
  const { altname, wsname, pair_decimals, lot_decimals, status, tick_size } = asRecord(value) ?? {}
  if (typeof altname !== 'string' || typeof wsname !== 'string' || key.endsWith('.d') || altname.endsWith('.d')) {
    return undefined
  }
  const symbol = readSymbol(wsname)
  const [base = '', quote = ''] = symbol?.split('/') ?? []
  const [priceDecimals, quantityDecimals] = [readDecimals(pair_decimals), readDecimals(lot_decimals)]
  if (symbol === undefined || priceDecimals === undefined || quantityDecimals === undefined) return undefined
  return {
    symbol,
    base,
    quote,
    priceDecimals,
    ...coarseIncrement(tick_size, priceDecimals),
    quantityDecimals,
    // Answers before about 2022 have no status.
    status: status === undefined || String(status).toLowerCase() === 'online' ? 'online' : 'restricted',
    aliases: [...new Set([altname, key, wsname])].filter((alias) => alias !== symbol),
  }
}

function readSymbol(wsname: string): Instrument['symbol'] | undefined {
  try {
    return marketSymbol(symbolOfWsname(wsname))
  } catch (thrown) {
    if (thrown instanceof UsageError) return undefined
    throw thrown
  }
}

/** The step of prices where it is coarser than the last decimal; absent in answers before about 2022, and where it makes no sense. */
function coarseIncrement(tickSize: unknown, priceDecimals: number): { readonly priceIncrement?: DecimalText } {
  const text = tickSize instanceof NumberText ? tickSize.text : tickSize
  if (typeof text !== 'string') return {}
  try {
    const priceIncrement = decimalText(text, priceDecimals)
    return Number(priceIncrement.replace('.', '')) > 1 ? { priceIncrement } : {}
  } catch (thrown) {
    if (thrown instanceof MalformedError) return {}
    throw thrown
  }
}

function readDecimals(value: unknown): number | undefined {
  return value instanceof NumberText && /^\d{1,2}$/.test(value.text) ? Number(value.text) : undefined
}
