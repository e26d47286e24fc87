import {
  Backfill,
  type BackfilledRange,
  type BackfillRange,
  completenessOf,
  isFetched,
  TradeLog,
} from '@c1/ingest-trades'
import { C1Error, type EpochMicros, formatTime, type Instrument } from '@c1/market'
import { closing } from '../closing.ts'
import { backfillState } from '../completeness.ts'
import type { Context } from '../context.ts'
import { counted, rejectedText } from '../counted.ts'
import { keepState } from '../ingest-state.ts'
import { backfillText, ProgressLine } from '../progress.ts'
import { pinnedSource } from '../source.ts'
import { describeMarket, readIdentity } from '../source-identity.ts'
import { listedInstruments } from '../symbols.ts'
import { openVenue, savedInstruments, type Venue } from '../venue.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'

export interface BackfillRequest {
  readonly from: EpochMicros
  /** Exclusive; Infinity is up to the newest trade. */
  readonly to: number
  readonly json: boolean
  readonly quiet: boolean
}

const TELL_EVERY_MS = 250

/**
 * A range of history of some symbols into the trade log, over REST. What the log has already is not asked for again: of a range that is
 * there whole the venue is not asked at all.
 */
export async function backfill(context: Context, request: BackfillRequest): Promise<void> {
  const source = pinnedSource(context.settings, context.path) ?? ({ kind: 'kraken', folder: 'kraken' } as const)
  const workspace = await openWorkspace(context, source.folder, ['ingest-trades'])
  const lines = new ProgressLine(request.quiet)
  await closing(async () => {
    readIdentity(workspace.directory, describeMarket(source, context.settings))
    const trades = await TradeLog.open(workspace)
    await closing(
      async () => {
        const known = fetchedRanges(context, workspace, trades, request)
        if (known !== undefined) return tellOutcome(known, trades, request, lines)
        const venue = await openVenue(context, source, workspace.directory)
        await closing(() => fetchRanges(context, venue, workspace, trades, request, lines), venue.close)
      },
      () => trades.close(),
    )
  }, workspace.close)
}

/** The ranges, where the log has all of them: the venue need not be asked then, not even for its markets. */
function fetchedRanges(
  { settings }: Context,
  { directory }: Workspace,
  trades: TradeLog,
  { from, to }: BackfillRequest,
): BackfilledRange[] | undefined {
  const listed = savedInstruments(directory)
  if (listed.length === 0) return undefined
  const instruments = listedInstruments(listed, settings.symbols)
  if (!instruments.every(({ symbol }) => isFetched(trades, symbol, from, to))) return undefined
  return instruments.map((instrument) => ({ instrument, from, to, added: 0, rejected: 0, complete: true }))
}

async function fetchRanges(
  { logger, signal }: Context,
  { clock, instruments, rest }: Venue,
  { directory }: Workspace,
  trades: TradeLog,
  request: BackfillRequest,
  lines: ProgressLine,
): Promise<void> {
  const ranges = instruments.map((instrument: Instrument): BackfillRange => {
    return { instrument, from: request.from, to: request.to }
  })
  const work = new Backfill({
    trades,
    rest,
    ranges,
    now: () => clock.now(),
    onTrouble: (symbol, error) => {
      logger.warn({ symbol, err: error }, 'history is not served: asking again')
      lines.say(`${symbol}: ${error.message} Asking again.`)
    },
  })
  const startedAt = performance.now()
  const telling = setInterval(() => {
    const { secondsLeft, symbols } = work.progress()
    lines.show(() => backfillText(symbols, (performance.now() - startedAt) / 1000, secondsLeft))
  }, TELL_EVERY_MS)
  const forgetState = keepState(directory, () => backfillState(work.progress(), rest.budget()))
  const outcome = await closing(
    () => work.run(signal),
    () => clearInterval(telling),
    forgetState,
  )
  if (signal.aborted) {
    lines.say(`Stopped with ${counted(work.progress().trades, 'trade')} kept; the same command goes on from here.`)
    return
  }
  tellOutcome(outcome, trades, request, lines)
}

/** @throws C1Error `backfill_incomplete` when something of a range could not be had */
function tellOutcome(
  ranges: readonly BackfilledRange[],
  trades: TradeLog,
  { json }: BackfillRequest,
  lines: ProgressLine,
): void {
  for (const range of ranges) {
    if (json) process.stdout.write(`${JSON.stringify(outcomeRow(range, trades))}\n`)
    lines.say(outcomeText(range))
  }
  const lacking = ranges.filter(({ complete }) => !complete).map(({ instrument }) => instrument.symbol)
  if (lacking.length === 0) return
  throw new C1Error(
    'backfill_incomplete',
    `Not everything of ${lacking.join(', ')} could be had; "c1 status" tells what is missing. The same command asks again.`,
  )
}

function outcomeRow(
  { added, complete, from, instrument, rejected, to }: BackfilledRange,
  { ledger }: TradeLog,
): unknown {
  const { symbol } = instrument
  const { completeTo } = completenessOf(ledger, symbol)
  return {
    symbol,
    from: formatTime(from),
    to: to === Number.POSITIVE_INFINITY ? null : formatTime(to as EpochMicros),
    added,
    rejected,
    complete,
    completeToId: completeTo?.tradeId ?? null,
    completeToTime: completeTo === undefined ? null : formatTime(completeTo.time),
  }
}

function outcomeText({ added, complete, from, instrument, rejected, to }: BackfilledRange): string {
  const end = to === Number.POSITIVE_INFINITY ? 'now' : formatTime(to as EpochMicros)
  const state = complete ? 'complete' : 'NOT complete'
  return `${instrument.symbol}: ${formatTime(from)} to ${end} is ${state}, ${counted(added, 'trade')} added${rejectedText(rejected)}.`
}
