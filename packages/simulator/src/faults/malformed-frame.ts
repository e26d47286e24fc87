import type { Pair } from '../market/pairs.ts'
import type { VenueTrade } from '../market/tape.ts'
import { tradeMessage, tradeRow } from '../socket/frames.ts'

type SpoiltRow =
  | 'numbers-as-text'
  | 'text-for-number'
  | 'missing-field'
  | 'unknown-field'
  | 'unknown-side'
  | 'unknown-symbol'
  | 'negative-price'
  | 'zero-price'
  | 'negative-quantity'
  | 'absurd-price'
  | 'absurd-time'
  | 'absurd-id'
  | 'negative-id'

type SpoiltFrame = 'not-json' | 'cut-off' | 'not-an-object' | 'data-not-a-list' | 'unknown-channel' | 'unknown-type'

/** How a row of a trade frame is spoilt: the frame around it is good. */
const SPOILT_ROWS: Readonly<Record<SpoiltRow, (row: string) => string>> = {
  'numbers-as-text': (row) => row.replace(/"(price|qty|trade_id)":([^,}]+)/g, '"$1":"$2"'),
  'text-for-number': (row) => withField(row, 'price', '"much"'),
  'missing-field': (row) => row.replace(/"qty":[^,]+,/, ''),
  'unknown-field': (row) => row.replace('{', '{"venue_note":{"new":true},'),
  'unknown-side': (row) => withField(row, 'side', '"hold"'),
  'unknown-symbol': (row) => withField(row, 'symbol', '"NO/SUCH"'),
  'negative-price': (row) => row.replace('"price":', '"price":-'),
  'zero-price': (row) => withField(row, 'price', '0'),
  'negative-quantity': (row) => row.replace('"qty":', '"qty":-'),
  'absurd-price': (row) => withField(row, 'price', '1e400'),
  'absurd-time': (row) => withField(row, 'timestamp', '"9999-12-31T23:59:59.999999Z"'),
  'absurd-id': (row) => withField(row, 'trade_id', '18125794168470749634'),
  'negative-id': (row) => row.replace('"trade_id":', '"trade_id":-'),
}

/** How a whole frame is spoilt. */
const SPOILT_FRAMES: Readonly<Record<SpoiltFrame, (frame: string) => string>> = {
  'not-json': () => 'upstream connect error or disconnect/reset before headers',
  'cut-off': (frame) => frame.slice(0, frame.length >> 1),
  'not-an-object': (frame) => `[${frame}]`,
  'data-not-a-list': (frame) => frame.replace(/"data":\[(.*)\]\}$/, '"data":{"rows":1}}'),
  'unknown-channel': (frame) => frame.replace('"channel":"trade"', '"channel":"trade_v3"'),
  'unknown-type': (frame) => frame.replace(/"type":"\w+"/, '"type":"correction"'),
}

/** `backwards-id`: a true trade of long before, after newer ones. */
export type MalformedKind = SpoiltRow | SpoiltFrame | 'backwards-id'

export const MALFORMED_KINDS: readonly MalformedKind[] = [
  ...(Object.keys(SPOILT_ROWS) as SpoiltRow[]),
  ...(Object.keys(SPOILT_FRAMES) as SpoiltFrame[]),
  'backwards-id',
]

/** What a malformed frame is made of. */
export interface Spoiling {
  readonly pair: Pair
  readonly type: 'snapshot' | 'update'
  readonly trades: readonly VenueTrade[]
  /** A trade of before. */
  readonly earlier: VenueTrade | undefined
  /** Whether the good trade is left out that the bad row or frame is made of. */
  readonly replaces: boolean
}

/** The frames to send instead of the good one: it and bad ones, or only what is left of it. */
export function malformed(kind: MalformedKind, { pair, type, trades, earlier, replaces }: Spoiling): string[] {
  const rows = trades.map((trade) => tradeRow(trade, pair))
  const good = tradeMessage(type, rows)
  if (kind in SPOILT_FRAMES) {
    const bad = SPOILT_FRAMES[kind as SpoiltFrame](good)
    return replaces ? [bad] : [good, bad]
  }
  if (kind === 'backwards-id') {
    return [tradeMessage(type, earlier === undefined ? rows : [...rows, tradeRow(earlier, pair)])]
  }
  const bad = SPOILT_ROWS[kind as SpoiltRow](rows.at(-1) as string)
  return [tradeMessage(type, [...(replaces ? rows.slice(0, -1) : rows), bad])]
}

function withField(row: string, field: string, value: string): string {
  return row.replace(new RegExp(`"${field}":[^,}]+`), `"${field}":${value}`)
}
