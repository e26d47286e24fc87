import { basename } from 'node:path'
import { type ImportProgress, importArchive, TradeLog } from '@c1/ingest-trades'
import { findInstrument, type Instrument } from '@c1/market'
import { closing } from '../closing.ts'
import type { Context } from '../context.ts'
import { ProgressLine, rateAndEta } from '../progress.ts'
import { pinnedSource } from '../source.ts'
import { symbolOfFile } from '../symbols.ts'
import { savedInstruments } from '../venue.ts'
import { instrumentOfFile } from '../venue-decimals.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'

/** Kraken archive files into the trade log. Archives are the real market, so they go to `kraken` unless told otherwise. */
export async function importFiles(
  context: Context,
  files: readonly string[],
  { quiet }: { readonly quiet: boolean },
): Promise<void> {
  const source = pinnedSource(context.settings, context.path)?.folder ?? 'kraken'
  const workspace = await openWorkspace(context, source, ['ingest-trades'])
  const lines = new ProgressLine(quiet)
  await closing(async () => {
    const trades = await TradeLog.open(workspace)
    await closing(
      () => importAll(context, workspace, trades, files, lines),
      () => trades.close(),
    )
  }, workspace.close)
}

async function importAll(
  context: Context,
  workspace: Workspace,
  trades: TradeLog,
  files: readonly string[],
  lines: ProgressLine,
): Promise<void> {
  for (const file of files) {
    for (const market of await marketsOf(context, workspace, file))
      await importOne(context, trades, file, market, lines)
  }
}

/** The symbols asked for; without any, the one that the file is named after. */
async function marketsOf(
  { configuration, path, symbols }: Context,
  workspace: Workspace,
  file: string,
): Promise<Instrument[]> {
  const instruments = savedInstruments(workspace.directory)
  const wanted = configuration.origins.symbols === 'default' ? [symbolOfFile(path(file))] : symbols
  return Promise.all(
    wanted.map((symbol) => {
      return instruments.length > 0 ? findInstrument(instruments, symbol) : instrumentOfFile(path(file), symbol)
    }),
  )
}

async function importOne(
  { path, signal }: Context,
  trades: TradeLog,
  file: string,
  market: Instrument,
  lines: ProgressLine,
): Promise<void> {
  const startedAt = performance.now()
  const { symbol } = market
  const tell = (progress: ImportProgress): string =>
    describe(file, symbol, progress, (performance.now() - startedAt) / 1000)
  const onProgress = (progress: ImportProgress): void => lines.show(() => tell(progress))
  lines.say(`${tell(await importArchive(path(file), { trades, market, signal, onProgress }))}. Done.`)
}

function describe(
  file: string,
  symbol: string,
  { added, bytesRead, bytesTotal, known, rejected }: ImportProgress,
  seconds: number,
): string {
  const rejects = rejected > 0 ? `, ${rejected.toLocaleString('en')} unreadable rows kept as dead letters` : ''
  const before = known > 0 ? `, ${known.toLocaleString('en')} there before` : ''
  const rate = rateAndEta(added + known, bytesTotal === 0 ? 0 : bytesRead / bytesTotal, seconds)
  return `${basename(file)} -> ${symbol}: ${added.toLocaleString('en')} trades added${before}${rejects} (${rate})`
}
