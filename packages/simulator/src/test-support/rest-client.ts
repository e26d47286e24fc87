/** A row of REST `Trades`. */
export type TradeRow = [
  price: string,
  volume: string,
  time: number,
  side: string,
  orderType: string,
  misc: string,
  id: number,
]

export interface TradesPage {
  readonly key: string
  readonly rows: TradeRow[]
  readonly last: string
}

export async function fetchText(restUrl: string, call: string): Promise<string> {
  const response = await fetch(`${restUrl}/0/public/${call}`)
  if (response.status !== 200) throw new Error(`HTTP ${response.status} for ${call}`)
  return response.text()
}

/** The answer's result. @throws Error with the answer's own error texts */
export async function fetchResult(restUrl: string, call: string): Promise<Record<string, unknown>> {
  const { error, result } = JSON.parse(await fetchText(restUrl, call)) as {
    error: string[]
    result: Record<string, unknown>
  }
  if (error.length > 0) throw new Error(error.join())
  return result
}

export async function fetchTrades(restUrl: string, call: string): Promise<TradesPage> {
  const { last, ...pairs } = await fetchResult(restUrl, `Trades?${call}`)
  const [key = ''] = Object.keys(pairs)
  return { key, rows: pairs[key] as TradeRow[], last: last as string }
}
