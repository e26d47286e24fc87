import { addId, C1Error, hasId, type IdRanges, NO_IDS, type Trade } from '@c1/market'
import { type Cursor, isLater, stepBack, stepCursor } from './cursor.ts'
import type { TradesPage } from './trades-page.ts'

/** Far more than the two steps that an instant with more trades than a page holds takes to get over. */
const MOST_BARREN_PAGES = 10

/**
 * Walks a market's history forward from `since` to its end. Each page holds only what no page before it held.
 *
 * It goes on with `last` as the venue wrote it, whether the venue's `since` includes its own instant or not: where a page begins
 * beyond the next id, or is empty, the instant is asked for again. Of more than 1,000 trades at one nanosecond only the first 1,000 can
 * be asked for; the rest is a hole in the trade ids.
 *
 * @param reached the highest trade id that an earlier walk brought before `since`
 * @throws C1Error `kraken_paging_stuck` when full pages keep coming but hold nothing new
 */
export async function* walkPages(
  fetchPage: (since: Cursor) => Promise<TradesPage>,
  since: Cursor,
  reached?: number,
): AsyncGenerator<TradesPage, void, void> {
  const unseen = dropSeen()
  let cursor = since
  let highest = reached
  let repeated: Cursor | undefined
  let isRepeat = false
  for (let barren = 0; barren < MOST_BARREN_PAGES; ) {
    const whole = await fetchPage(cursor)
    if (!isRepeat && repeated !== cursor && beginsBeyond(whole, highest)) {
      isRepeat = true
      repeated = cursor
      cursor = stepBack(cursor)
      continue
    }
    isRepeat = false
    const page = unseen(whole)
    const isBarren = page.trades.length === 0 && page.rejected.length === 0
    barren = isBarren ? barren + 1 : 0
    if (!isBarren) yield page
    if (!page.full) return
    highest = Math.max(highest ?? 0, page.trades.at(-1)?.tradeId ?? 0)
    cursor = isLater(page.next, cursor) ? page.next : stepCursor(cursor)
  }
  const message = `Full pages from ${since} on hold nothing new since ${cursor}; the venue's answers do not follow "since".`
  throw new C1Error('kraken_paging_stuck', message, { details: { since, cursor } })
}

/** Whether trades may be missing between what was reached and the page: it would repeat one, if `since` included its instant. */
function beginsBeyond({ rejected, trades }: TradesPage, highest: number | undefined): boolean {
  if (highest === undefined) return false
  const [first] = trades
  return first === undefined ? rejected.length === 0 : first.tradeId > highest + 1
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
