import { basename } from 'node:path'
import {
  type ImportFinding,
  type ImportProgress,
  importArchive,
  type Overlap,
  TradeLog,
  type TradesFrom,
} from '@c1/ingest-trades'
import { cursorAt, KrakenRest } from '@c1/kraken'
import { findInstrument, type Instrument, type MarketSymbol, type Trade, UsageError } from '@c1/market'
import { closing } from '../closing.ts'
import type { Context } from '../context.ts'
import { counted, rejectedText } from '../counted.ts'
import { ProgressLine, rateAndEta } from '../progress.ts'
import { pinnedSource } from '../source.ts'
import { symbolOfFile } from '../symbols.ts'
import { isLoopback, savedInstruments } from '../venue.ts'
import { instrumentOfFile } from '../venue-decimals.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'

/** When the venue is asked which trades the rows are; `auto` does it where the user named a venue. */
export const PROOFS = ['auto', 'always', 'never'] as const
export type Proof = (typeof PROOFS)[number]

export interface ImportFlags {
  readonly quiet: boolean
  readonly prove: Proof
}

/** Kraken archive files into the trade log. Archives are the real market, so they go to `kraken` unless told otherwise. */
export async function importFiles(
  context: Context,
  files: readonly string[],
  { prove, quiet }: ImportFlags,
): Promise<void> {
  const source = pinnedSource(context.settings, context.path)?.folder ?? 'kraken'
  const asks = asksVenue(context, source, prove)
  const workspace = await openWorkspace(context, source, ['ingest-trades'])
  await closing(async () => {
    const trades = await TradeLog.open(workspace)
    await closing(
      async () => {
        const venue = asks ? await openArchiveVenue(context) : undefined
        await new FileImports(context, workspace, trades, venue, new ProgressLine(quiet)).addAll(files)
      },
      () => trades.close(),
    )
  }, workspace.close)
}

/** @throws UsageError `venue_missing` */
function asksVenue({ configuration: { origins } }: Context, source: string, prove: Proof): boolean {
  if (prove === 'never') return false
  if (prove === 'always' && source !== 'kraken') {
    throw new UsageError(
      'venue_missing',
      `Ids can be proven with a venue that has the file's trades, and ${source} has others: import into --source kraken.`,
    )
  }
  const isNamed = origins.source !== 'default' || origins.krakenRestUrl !== 'default'
  return source === 'kraken' && (prove === 'always' || isNamed)
}

/** A venue that shows its history. */
interface ArchiveVenue {
  readonly instruments: readonly Instrument[]
  tradesFrom(instrument: Instrument): TradesFrom
}

/** One that does not answer is one that proves nothing: each file says why. */
async function openArchiveVenue({ settings, signal }: Context): Promise<ArchiveVenue> {
  const rest = new KrakenRest({
    baseUrl: settings.krakenRestUrl,
    ...(isLoopback(settings.krakenRestUrl) && { minIntervalMs: 0 }),
  })
  try {
    const instruments = await rest.instruments(signal)
    return { instruments, tradesFrom: (instrument) => tradesFrom(rest, instrument, signal) }
  } catch (error) {
    signal.throwIfAborted()
    return { instruments: [], tradesFrom: () => () => Promise.reject(error) }
  }
}

function tradesFrom(rest: KrakenRest, instrument: Instrument, signal: AbortSignal): TradesFrom {
  return async (time, count) => {
    const trades: Trade[] = []
    for await (const page of rest.pages(instrument, cursorAt(time), signal)) {
      trades.push(...page.trades.filter(({ eventTime }) => eventTime >= time))
      if (trades.length >= count) break
    }
    return trades
  }
}

class FileImports {
  readonly #context: Context
  readonly #workspace: Workspace
  readonly #trades: TradeLog
  readonly #venue: ArchiveVenue | undefined
  readonly #lines: ProgressLine

  constructor(
    context: Context,
    workspace: Workspace,
    trades: TradeLog,
    venue: ArchiveVenue | undefined,
    lines: ProgressLine,
  ) {
    this.#context = context
    this.#workspace = workspace
    this.#trades = trades
    this.#venue = venue
    this.#lines = lines
  }

  async addAll(files: readonly string[]): Promise<void> {
    for (const file of files) for (const market of await this.#marketsOf(file)) await this.#add(file, market)
  }

  /** The symbols asked for; without any, the one that the file is named after. */
  async #marketsOf(file: string): Promise<Instrument[]> {
    const { configuration, path, symbols } = this.#context
    const wanted: readonly MarketSymbol[] =
      configuration.origins.symbols === 'default' ? [symbolOfFile(path(file))] : symbols
    const asked = this.#venue?.instruments ?? []
    const instruments = asked.length > 0 ? asked : savedInstruments(this.#workspace.directory)
    return Promise.all(
      wanted.map((symbol) => {
        return instruments.length > 0 ? findInstrument(instruments, symbol) : instrumentOfFile(path(file), symbol)
      }),
    )
  }

  async #add(file: string, market: Instrument): Promise<void> {
    const { path, signal } = this.#context
    let startedAt = performance.now()
    const tell = (progress: ImportProgress): string => {
      // The rate is that of the import.
      if (progress.stage === 'survey') startedAt = performance.now()
      return describe(file, market.symbol, progress, (performance.now() - startedAt) / 1000)
    }
    const progress = await importArchive(path(file), {
      trades: this.#trades,
      checkpoints: this.#workspace.checkpoints,
      market,
      venue: this.#venue?.tradesFrom(market),
      signal,
      onProgress: (progress) => {
        const line = tell(progress)
        this.#lines.show(() => line)
      },
      onFinding: (finding) => this.#lines.say(describeFinding(finding)),
    })
    this.#lines.say(`${tell(progress)}. Done.`)
  }
}

function describe(file: string, symbol: MarketSymbol, progress: ImportProgress, seconds: number): string {
  const { added, bytesRead, bytesTotal, known, leftOut, rejected, stage } = progress
  const fraction = bytesTotal === 0 ? 0 : bytesRead / bytesTotal
  const name = `${basename(file)} -> ${symbol}`
  if (stage === 'survey') return `${name}: looking which trades its rows are, ${Math.floor(100 * fraction)} % read`
  const before = known > 0 ? `, ${known.toLocaleString('en')} there before` : ''
  const left = leftOut > 0 ? `, ${leftOut.toLocaleString('en')} left out` : ''
  const rate = rateAndEta(added + known, fraction, seconds)
  return `${name}: ${counted(added, 'trade')} added${before}${left}${rejectedText(rejected)} (${rate})`
}

function describeFinding(finding: ImportFinding): string {
  const name = basename(finding.label)
  if (finding.kind === 'ids-unknown') {
    return `${name}: ids unknown (${finding.reason.replace(/\.$/, '')}). Its rows are numbered by their place in the file.`
  }
  if (finding.kind === 'overlap') return `${name}: ${describeOverlap(finding)}`
  const { places, proven, rows } = finding
  const stretches = proven.map(({ from, to, offset }) => `${from + offset} to ${to + offset}`).join(', ')
  const left = rows - proven.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  return `${name}: ids proven at ${counted(places, 'place')}: its rows are trades ${stretches}.${leftOutText(left)}`
}

function leftOutText(rows: number): string {
  if (rows === 0) return ''
  const [are, them] = rows === 1 ? ['is', 'it'] : ['are', 'them']
  return ` ${counted(rows, 'row')} ${are} none of the venue's trades around ${them} and ${are} left out.`
}

function describeOverlap({ different, member, same }: Overlap): string {
  const isOne = same === 1
  const known = `${counted(same, 'day')} ${isOne ? 'is' : 'are'} the same as in ${member}, which has ${isOne ? 'it' : 'them'} already`
  if (different === 0) return `${known}.`
  const [differ, them] = different === 1 ? ['DIFFERS', 'it'] : ['DIFFER', 'them']
  return `${known}; ${counted(different, 'day')} ${differ}: what ${member} has of ${them} stands, these rows are left out.`
}
