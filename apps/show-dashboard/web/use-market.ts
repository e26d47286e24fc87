import { useEffect, useReducer, useState } from 'preact/hooks'
import type { CandleRow, ModelRow, PredictionRow, StatusRow, SymbolRow } from '../src/wire.ts'
import { type Action, type Market, NO_MARKET, reduce } from './market.ts'

/** The rows at `path`. A refusal is an error with the server's words. */
async function read<Rows>(path: string): Promise<Rows> {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
  return (await answer.json()) as Rows
}

/** The followed markets; asked for again until there is one. */
export function useSymbols(): readonly SymbolRow[] {
  const [symbols, setSymbols] = useState<readonly SymbolRow[]>([])
  useEffect(() => {
    if (symbols.length > 0) return
    const ask = () => void read<readonly SymbolRow[]>('v1/symbols').then(setSymbols, () => {})
    ask()
    const timer = setInterval(ask, 2000)
    return () => clearInterval(timer)
  }, [symbols.length])
  return symbols
}

/** One symbol and interval, kept up to date by the stream. */
export function useMarket(symbol: string | undefined, interval: string): Market {
  const [market, dispatch] = useReducer(reduce, NO_MARKET)
  useEffect(() => {
    if (symbol === undefined) return
    dispatch({ kind: 'selected' })
    return follow(symbol.replace('/', '-'), interval, dispatch)
  }, [symbol, interval])
  return market
}

/** @returns ends it */
function follow(symbol: string, interval: string, dispatch: (action: Action) => void): () => void {
  let ended = false
  let loaded = false
  let version: string | undefined
  let source: EventSource | undefined
  const tell = (action: Action) => {
    if (!ended) dispatch(action)
  }
  const load = () =>
    Promise.all([
      read<readonly CandleRow[]>(`v1/candles?symbol=${symbol}&interval=${interval}&limit=1000`),
      read<readonly PredictionRow[]>(`v1/predictions?symbol=${symbol}&limit=200`),
    ]).then(
      ([candles, predictions]) => tell({ kind: 'rows', candles, predictions }),
      () => {
        loaded = false
      },
    )
  const loadModels = () =>
    void read<readonly ModelRow[]>(`v1/models?symbol=${symbol}`).then(
      (models) => tell({ kind: 'models', models }),
      () => {},
    )

  const onStatus = (status: StatusRow) => {
    tell({ kind: 'status', status, at: performance.now() })
    if (loaded && !status.reset) return
    loaded = true
    void load()
    loadModels()
  }
  const onPrediction = (prediction: PredictionRow) => {
    tell({ kind: 'prediction', prediction })
    const made = `${prediction.model} ${prediction.version}`
    if (version !== made) loadModels()
    version = made
  }
  const connect = () => {
    source = new EventSource(`v1/stream?symbols=${symbol}&intervals=${interval}`)
    const on = <Row>(type: string, use: (row: Row) => void) =>
      source?.addEventListener(type, (event) => use(JSON.parse((event as MessageEvent<string>).data) as Row))
    on<StatusRow>('status', onStatus)
    on<CandleRow>('candle', (candle) => tell({ kind: 'candle', candle }))
    on<PredictionRow>('prediction', onPrediction)
    on<PredictionRow>('outcome', (prediction) => tell({ kind: 'prediction', prediction }))
    // The browser reconnects by itself with the id of the last event it saw.
    source.onerror = () => tell({ kind: 'connection', connection: 'lost' })
  }
  connect()
  const watch = setInterval(() => {
    if (source?.readyState !== EventSource.CLOSED) return
    loaded = false
    connect()
  }, 3000)
  const refresh = setInterval(loadModels, 30_000)
  return () => {
    ended = true
    clearInterval(watch)
    clearInterval(refresh)
    source?.close()
  }
}
