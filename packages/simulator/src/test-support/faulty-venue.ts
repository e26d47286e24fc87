import { once } from 'node:events'
import { type EpochMicros, parseTime } from '@c1/market'
import type { SimulatorOptions } from '../options.ts'
import { type Simulator, startSimulator } from '../simulator.ts'
import { FakeWall } from './fake-wall.ts'
import { SocketClient } from './socket-client.ts'

/** When the venues of these tests start. */
export const VENUE_START: EpochMicros = parseTime('2025-11-10T17:30:20Z')

/** A row of a trade frame. */
export interface TradeItem {
  readonly symbol: string
  readonly price: number
  readonly trade_id: number
  readonly timestamp: string
}

/** A simulator under a fault script, whose time is moved by hand, and a client of it. */
export class FaultyVenue {
  readonly simulator: Simulator
  readonly client: SocketClient
  readonly #wall: FakeWall
  #seen = 0

  private constructor(simulator: Simulator, client: SocketClient, wall: FakeWall) {
    this.simulator = simulator
    this.client = client
    this.#wall = wall
  }

  /** Twenty times the usual trades, so that some happen in each second. */
  static async start(faults: NonNullable<SimulatorOptions['faults']>): Promise<FaultyVenue> {
    const wall = new FakeWall()
    const simulator = await startSimulator({ seed: 5, start: VENUE_START, activity: 20, faults }, wall)
    return new FaultyVenue(simulator, await SocketClient.connect(simulator.wsUrl), wall)
  }

  subscribe(symbols: readonly string[] = ['BTC/USD'], snapshot = false): Promise<string[]> {
    this.client.send({ method: 'subscribe', params: { channel: 'trade', symbol: symbols, snapshot }, req_id: 7 })
    return this.frames()
  }

  /** The frames that came since the last call, up to now: a protocol ping, which no fault but silence touches, comes after. */
  async frames(): Promise<string[]> {
    const pong = once(this.client.socket, 'pong')
    this.client.socket.ping()
    await pong
    const frames = this.client.frames.slice(this.#seen)
    this.#seen = this.client.frames.length
    return frames
  }

  /** Lets simulated seconds pass. @returns the frames that came meanwhile */
  pass(seconds: number): Promise<string[]> {
    this.passUnheard(seconds)
    return this.frames()
  }

  /** Lets simulated seconds pass while no answer can be waited for. */
  passUnheard(seconds: number): void {
    this.#wall.advance(seconds * 1000)
  }

  close(): Promise<void> {
    return this.simulator.close()
  }
}

/** The rows of the trade frames, each frame by itself. */
export function tradeFrames(frames: readonly string[], type: 'update' | 'snapshot' = 'update'): TradeItem[][] {
  return frames
    .map((frame) => JSON.parse(frame) as { channel?: string; type?: string; data: TradeItem[] })
    .filter((message) => message.channel === 'trade' && message.type === type)
    .map(({ data }) => data)
}

export function idsIn(frames: readonly string[], type: 'update' | 'snapshot' = 'update'): number[] {
  return tradeFrames(frames, type)
    .flat()
    .map((row) => row.trade_id)
}

/** Whether each id is one more than the one before. */
export function areDense(ids: readonly number[]): boolean {
  return ids.every((id, index) => id === (ids[0] as number) + index)
}
