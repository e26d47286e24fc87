import { addId, C1Error, hasId, type IdRanges, NO_IDS, type Trade } from '@c1/market'
import { type Cursor, isLater, stepCursor } from './cursor.ts'
import type { TradesPage } from './trades-page.ts'

/** Far more than the two steps that an instant with more trades than a page holds takes to get over. */
const MOST_BARREN_PAGES = 10

/**
 * Walks a market's history forward from `since` to its end. Each page holds only what no page before it held.
 *
 * It works whether the venue's `since` includes its own instant or not. Of more than 1,000 trades at one nanosecond only the
 * first 1,000 can be asked for; the rest is a hole in the trade ids.
 *
 * @throws C1Error `kraken_paging_stuck` when full pages keep coming but hold nothing new
 */
export async function* walkPages(
  fetchPage: (since: Cursor) => Promise<TradesPage>,
  since: Cursor,
): AsyncGenerator<TradesPage, void, void> {
  const unseen = dropSeen()
  let cursor = since
  for (let barren = 0; barren < MOST_BARREN_PAGES; ) {
    const page = unseen(await fetchPage(cursor))
    const isBarren = page.trades.length === 0 && page.rejected.length === 0
    barren = isBarren ? barren + 1 : 0
    if (!isBarren) yield page
    if (!page.full) return
    cursor = isLater(page.next, cursor) ? page.next : stepCursor(cursor)
  }
  const message = `Full pages from ${since} on hold nothing new since ${cursor}; the venue's answers do not follow "since".`
  throw new C1Error('kraken_paging_stuck', message, { details: { since, cursor } })
}

/** A page without the trades that earlier pages held, and without the rejected rows of the page before. */
function dropSeen(): (page: TradesPage) => TradesPage {
  let ids: IdRanges = NO_IDS
  let rejected: ReadonlySet<string> = new Set()
  const isNew = ({ tradeId }: Trade): boolean => {
    const known = hasId(ids, tradeId)
    if (!known) ids = addId(ids, tradeId)
    return !known
  }
  return (page) => {
    const before = rejected
    rejected = new Set(page.rejected.map(({ raw }) => raw))
    return { ...page, trades: page.trades.filter(isNew), rejected: page.rejected.filter(({ raw }) => !before.has(raw)) }
  }
}
