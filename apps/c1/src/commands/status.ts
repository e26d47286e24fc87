import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EventLog, TOPICS } from '@c1/event-log'
import { completenessOf, readLedger, type TradeLedger } from '@c1/ingest-trades'
import { formatTime, type IdRange, type MarketSymbol } from '@c1/market'
import { modelName } from '@c1/modeling'
import type { Context } from '../context.ts'
import { storedSymbols } from '../stored.ts'
import { openWorkspace, ROLES, type RoleName, storedFolder, type Workspace } from '../workspace.ts'

interface SymbolStatus {
  readonly symbol: MarketSymbol
  readonly trades: number
  readonly completeToId: number | null
  readonly completeToTime: string | null
  readonly missing: readonly IdRange[]
  /** Ids that the venue does not serve. */
  readonly exceptions: readonly IdRange[]
  readonly newestFeatures: string | null
  readonly model: string | null
}

/** What the data directory of a source holds, and who is working on it. */
export async function status(context: Context, { json }: { readonly json: boolean }): Promise<void> {
  const folder = await storedFolder(context)
  const workspace = await openWorkspace(context, folder, [])
  try {
    const { ledger } = await readLedger(workspace)
    const symbols = await Promise.all(
      (await storedSymbols(context, workspace)).map((symbol) => symbolStatus(context, workspace, ledger, symbol)),
    )
    const progress = workspace.log.isShared ? await rolesProgress(workspace.log) : []
    const report = {
      directory: workspace.directory,
      source: workspace.source,
      running: running(workspace.directory),
      ...(workspace.log.isShared && { roles: progress }),
      symbols,
    }
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : `${text(report)}\n`)
  } finally {
    await workspace.close()
  }
}

interface RoleProgress {
  readonly role: RoleName
  readonly topic: string
  /** Records that the role has not made durable effects of, by partition. */
  readonly lag: Readonly<Record<number, number>>
}

const INPUTS: readonly (readonly [RoleName, string])[] = [
  ['build-candles', TOPICS.trades],
  ['compute-features', TOPICS.candles],
  ['train-model', TOPICS.features],
  ['serve-predictions', TOPICS.features],
]

/** From outside: what the roles' groups committed, beside where the topics end. */
function rolesProgress(log: EventLog): Promise<RoleProgress[]> {
  return Promise.all(
    INPUTS.map(async ([role, topic]) => {
      const [committed, { begin, end }] = await Promise.all([log.committed(topic, role), log.bounds(topic)])
      const lags = Object.entries(end).map(([partition, last]) => {
        const reached = committed[Number(partition)] ?? begin[Number(partition)] ?? 0
        return [partition, Math.max(0, last - reached)]
      })
      return { role, topic, lag: Object.fromEntries(lags) }
    }),
  )
}

async function symbolStatus(
  { settings }: Context,
  { features, registry }: Workspace,
  ledger: TradeLedger,
  symbol: MarketSymbol,
): Promise<SymbolStatus> {
  const { completeTo, exceptions, holes, trades } = completenessOf(ledger, symbol)
  const newest = await features.latest(symbol)
  const version = (await registry.versions(modelName(symbol, settings.horizon))).at(-1)
  return {
    symbol,
    trades,
    completeToId: completeTo?.tradeId ?? null,
    completeToTime: completeTo === undefined ? null : formatTime(completeTo.time),
    missing: holes.map(idsOf),
    exceptions: exceptions.map(idsOf),
    newestFeatures: newest === undefined ? null : formatTime(newest.eventTime),
    model: version === undefined ? null : `${version.name} v${version.version} (${version.kind})`,
  }
}

function running(directory: string): string[] {
  const owners = ROLES.map((role) => join(directory, 'locks', role, 'owner')).filter((file) => existsSync(file))
  return [...new Set(owners.map((file) => readFileSync(file, 'utf8').trim()))]
}

function text({
  directory,
  roles = [],
  running,
  source,
  symbols,
}: {
  directory: string
  source: string
  running: string[]
  roles?: readonly RoleProgress[]
  symbols: SymbolStatus[]
}): string {
  const header = [`${source} in ${directory}`, running.length > 0 ? `in use by ${running.join('; ')}` : 'not running']
  return [...header, ...roles.map(roleText), ...symbols.map(symbolText)].join('\n')
}

function roleText({ lag, role, topic }: RoleProgress): string {
  const behind = Object.entries(lag).filter(([, records]) => records > 0)
  const partitions = behind.map(([partition, records]) => `${records} of partition ${partition}`)
  return `${role}: ${behind.length === 0 ? `at the end of ${topic}` : `behind ${topic} by ${partitions.join(', ')}`}`
}

function idsOf({ first, last }: IdRange): IdRange {
  return { first, last }
}

function symbolText(status: SymbolStatus): string {
  const { completeToId, completeToTime, exceptions, missing, model, newestFeatures, symbol, trades } = status
  const complete = completeToId === null ? 'no ids known' : `complete to trade ${completeToId} at ${completeToTime}`
  const holes = missing.length === 0 ? 'no holes' : `missing ${rangesText(missing)}`
  const unserved = exceptions.length === 0 ? '' : `, not served by the venue ${rangesText(exceptions)}`
  return `${symbol}: ${trades} trades, ${complete}, ${holes}${unserved}; features to ${newestFeatures ?? '-'}; model ${model ?? '-'}`
}

function rangesText(ranges: readonly IdRange[]): string {
  return ranges.map(({ first, last }) => `${first}-${last}`).join(', ')
}
