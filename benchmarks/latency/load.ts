import { type ChildProcess, fork } from 'node:child_process'
import { parseTime } from '@c1/market'
import type { Load } from './market.ts'

export const SYMBOLS: readonly string[] = Array.from({ length: 25 }, (_, at) => `L${String(at).padStart(2, '0')}/USD`)

/** A market 60 times as fast as real: each symbol closes a candle a second, all of them within 25 ms. */
export const LOAD: Load = {
  symbols: SYMBOLS,
  tradesPerSecond: 1000,
  speed: 60,
  start: parseTime('2026-01-06T00:05:00Z'),
}

/** In one line. */
export const LOAD_TEXT: string = `${SYMBOLS.length} symbols, ${LOAD.tradesPerSecond} trades/s asked for, a market ${LOAD.speed} times as fast`

/** A venue in a process of its own that sends the load, a frame each trade. It ends when it is disconnected, or this process ends. */
export async function startVenue(): Promise<{ child: ChildProcess; env: Record<string, string> }> {
  const child = start('venue', LOAD)
  const { restUrl, wsUrl } = await answer<{ restUrl: string; wsUrl: string }>(child)
  return { child, env: { KRAKEN_REST_URL: restUrl, KRAKEN_WS_URL: wsUrl } }
}

export function start(file: string, options: object, env: NodeJS.ProcessEnv = process.env): ChildProcess {
  return fork(new URL(`./${file}.ts`, import.meta.url), [JSON.stringify(options)], { env })
}

/** The next message. @throws Error when the process ends before */
export function answer<Message>(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as Message))
    child.once('exit', (code) => reject(new Error(`${child.spawnargs[1]} ended with ${code} before it answered`)))
  })
}
