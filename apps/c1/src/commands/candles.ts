import type { Context } from '../context.ts'
export interface CandleFileOptions {
  readonly interval: string
  readonly layout: string
  readonly format: string
  readonly out: string | undefined
  readonly quiet: boolean
}
export async function buildCandleFile(_c: Context, _f: string, _o: CandleFileOptions): Promise<void> {}
