import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type EventLog, TOPICS } from '@c1/event-log'
import { completenessOf, type Hole, readLedger, type StoredLedger } from '@c1/ingest-trades'
import { formatTime, type IdRange, type MarketSymbol } from '@c1/market'
import { modelName } from '@c1/modeling'
import type { BudgetRow, OutageRow } from '@c1/show-dashboard'
import { completeTo, outageRows } from '../completeness.ts'
import type { Context } from '../context.ts'
import { counted } from '../counted.ts'
import { type IngestState, readState, type SymbolState } from '../ingest-state.ts'
import { formatDuration } from '../progress.ts'
import { storedSymbols } from '../stored.ts'
import { openWorkspace, ROLES, type RoleName, storedFolder, type Workspace } from '../workspace.ts'

interface SymbolStatus {
  readonly symbol: MarketSymbol
  readonly trades: number
  readonly completeToId: number | null
  readonly completeToTime: string | null
  readonly missing: readonly MissingIds[]
  /** Ids that the venue does not serve. */
  readonly exceptions: readonly IdRange[]
  readonly outages: readonly OutageRow[]
  /** Holes that were filled ever. */
  readonly repaired: number
  /** Trades that came again and were refused. */
  readonly duplicates: number
  /** How much of its history the running process has fetched, 0 to 1; null where none runs that fetches it. */
  readonly backfill: number | null
  readonly backfillTradesLeft: number | null
  readonly newestFeatures: string | null
  readonly model: string | null
}

interface MissingIds extends IdRange {
  /** When it was seen first. */
  readonly since: string
  /** How often the running process has asked history for it; null where none runs. */
  readonly asked: number | null
}

interface Report {
  readonly directory: string
  readonly source: string
  /** Who has which folder open. */
  readonly running: readonly string[]
  /** Where the roles share their work over processes. */
  readonly roles?: readonly RoleProgress[]
  /** Calls to the venue's REST interface by the running process; null where none runs that makes them. */
  readonly budget: BudgetRow | null
  readonly backfillSecondsLeft: number | null
  readonly symbols: readonly SymbolStatus[]
}

/** What the data directory of a source holds, and who is working on it. */
export async function status(context: Context, { json }: { readonly json: boolean }): Promise<void> {
  const folder = await storedFolder(context)
  const workspace = await openWorkspace(context, folder, [])
  try {
    const { directory, source } = workspace
    const stored = await readLedger(workspace)
    const state = isIngesting(directory) ? readState(directory) : undefined
    const symbols = await Promise.all(
      (await storedSymbols(context, workspace)).map((symbol) =>
        symbolStatus(context, workspace, stored, state, symbol),
      ),
    )
    const roles = workspace.log.isShared ? { roles: await rolesProgress(workspace.log) } : {}
    const { backfillSecondsLeft = null, budget = null } = state ?? {}
    const report = { directory, source, running: running(directory), ...roles, budget, backfillSecondsLeft, symbols }
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
  { ledger, outages }: StoredLedger,
  state: IngestState | undefined,
  symbol: MarketSymbol,
): Promise<SymbolStatus> {
  const known = completenessOf(ledger, symbol)
  const told = state?.symbols.find((other) => other.symbol === symbol)
  const newest = await features.latest(symbol)
  const version = (await registry.versions(modelName(symbol, settings.horizon))).at(-1)
  return {
    symbol,
    trades: known.trades,
    ...completeTo(known),
    missing: known.holes.map((hole) => missingIds(hole, told)),
    exceptions: known.exceptions.map(idsOf),
    outages: outageRows(known.outages, outages.of(symbol)),
    repaired: known.repaired,
    duplicates: known.duplicates,
    backfill: told?.backfill ?? null,
    backfillTradesLeft: told?.backfillTradesLeft ?? null,
    newestFeatures: newest === undefined ? null : formatTime(newest.eventTime),
    model: version === undefined ? null : `${version.name} v${version.version} (${version.kind})`,
  }
}

/** The hole, and what the running process tells of it or of what it was a part of. */
function missingIds({ first, last, since }: Hole, told: SymbolState | undefined): MissingIds {
  const asked = told?.holes.find(({ firstTradeId, lastTradeId }) => firstTradeId <= first && last <= lastTradeId)?.asked
  return { first, last, since: formatTime(since), asked: asked ?? null }
}

function isIngesting(directory: string): boolean {
  return existsSync(join(directory, 'locks', 'ingest-trades', 'owner'))
}

function running(directory: string): string[] {
  const owners = ROLES.map((role) => join(directory, 'locks', role, 'owner')).filter((file) => existsSync(file))
  return [...new Set(owners.map((file) => readFileSync(file, 'utf8').trim()))]
}

function text({ backfillSecondsLeft, budget, directory, roles = [], running, source, symbols }: Report): string {
  const header = [`${source} in ${directory}`, running.length > 0 ? `in use by ${running.join('; ')}` : 'not running']
  const calls = budget === null ? [] : [budgetText(budget, backfillSecondsLeft)]
  return [...header, ...roles.map(roleText), ...calls, ...symbols.map(symbolText)].join('\n')
}

function budgetText({ calls, heldUntil, refused, spacingSeconds }: BudgetRow, secondsLeft: number | null): string {
  const held = heldUntil === null ? '' : `, held back until ${heldUntil}`
  const left =
    secondsLeft === null || secondsLeft === 0 ? '' : `; history takes ${formatDuration(Math.ceil(secondsLeft))} yet`
  return `REST: ${counted(calls, 'call')}, ${refused} refused, one each ${spacingSeconds} s${held}${left}`
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
  const { completeToId, completeToTime, duplicates, exceptions, missing, model, newestFeatures, repaired } = status
  const complete = completeToId === null ? 'no ids known' : `complete to trade ${completeToId} at ${completeToTime}`
  const holes = missing.length === 0 ? 'no holes' : `missing ${missing.map(missingText).join(', ')}`
  const unserved = exceptions.length === 0 ? '' : `, not served by the venue ${rangesText(exceptions)}`
  const refused = `${counted(repaired, 'hole')} repaired, ${counted(duplicates, 'duplicate')} refused`
  const state = `${complete}, ${holes}${unserved}, ${refused}${outagesText(status)}${historyText(status)}`
  return `${status.symbol}: ${counted(status.trades, 'trade')}, ${state}; features to ${newestFeatures ?? '-'}; model ${model ?? '-'}`
}

function missingText({ asked, first, last, since }: MissingIds): string {
  return `${first}-${last} (since ${since}${asked === null ? '' : `, asked ${counted(asked, 'time')}`})`
}

function outagesText({ outages }: SymbolStatus): string {
  const newest = outages.at(-1)
  if (newest === undefined) return ''
  const end = newest.to === null ? 'on' : `to ${newest.to}`
  return `, newest outage from ${newest.from} ${end}${newest.repaired ? ', repaired' : ', NOT repaired'}`
}

function historyText({ backfill, backfillTradesLeft }: SymbolStatus): string {
  if (backfill === null || backfill === 1) return ''
  const left = backfillTradesLeft === null ? '' : `, ${counted(backfillTradesLeft, 'trade')} left`
  return `, history ${Math.floor(backfill * 100)} %${left}`
}

function rangesText(ranges: readonly IdRange[]): string {
  return ranges.map(({ first, last }) => `${first}-${last}`).join(', ')
}
