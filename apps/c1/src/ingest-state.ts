import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BudgetRow } from '@c1/show-dashboard'

/** What the process that writes the trades tells others that look at its folder: what only it knows. */
export interface IngestState {
  readonly budget: BudgetRow
  /** Until the history of all symbols is fetched; null while that is not known. */
  readonly backfillSecondsLeft: number | null
  readonly symbols: readonly SymbolState[]
}

export interface SymbolState {
  readonly symbol: string
  readonly holes: readonly { readonly firstTradeId: number; readonly lastTradeId: number; readonly asked: number }[]
  /** 0 to 1. */
  readonly backfill: number
  /** Null while that is not known. */
  readonly backfillTradesLeft: number | null
}

const FILE = 'ingest-state.json'
const WRITE_EVERY_MS = 2000

/** Keeps the state in the folder up to date until the returned function is called, which removes it. */
export function keepState(directory: string, state: () => IngestState): () => void {
  const path = join(directory, FILE)
  const write = (): void => {
    try {
      writeFileSync(`${path}.new`, JSON.stringify(state()))
      renameSync(`${path}.new`, path)
    } catch {
      // Only those who look miss it: a full disk is told of by whoever has something to keep.
    }
  }
  write()
  const timer = setInterval(write, WRITE_EVERY_MS)
  return () => {
    clearInterval(timer)
    rmSync(path, { force: true })
  }
}

/** Undefined where no process has left one. */
export function readState(directory: string): IngestState | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, FILE), 'utf8'))
  } catch {
    return undefined
  }
}
