import { once } from 'node:events'
import { parseTime, UsageError } from '@c1/market'
import { describe, expect, it } from 'vitest'
import type { SimulatorOptions } from './options.ts'
import { startSimulator } from './simulator.ts'
import { FakeWall } from './test-support/fake-wall.ts'
import { fetchTrades } from './test-support/rest-client.ts'
import { SocketClient } from './test-support/socket-client.ts'

const START = parseTime('2025-03-01T00:00:00Z')

describe('a simulator', () => {
  it('runs its clock at its speed from its start', async () => {
    const wall = new FakeWall()
    wall.advance(12_345)
    const simulator = await startSimulator({ start: START, speed: 60 }, wall)
    expect(simulator.now()).toBe(START)
    wall.advance(1_500)
    expect(simulator.now()).toBe(START + 90e6)
    await simulator.close()
  })

  it('serves the same market whenever and however fast it runs', async () => {
    const wall = new FakeWall()
    const early = await startSimulator({ seed: 9, start: START, speed: 1000 }, wall)
    const late = await startSimulator({ seed: 9, start: parseTime('2025-06-01T00:00:00Z') }, wall)
    wall.advance(60_000)
    const call = `pair=ETHUSD&since=${START}000`
    const pages = await Promise.all([early, late].map(({ restUrl }) => fetchTrades(restUrl, call)))
    expect(pages[0]?.rows).toHaveLength(1000)
    expect(pages[0]).toEqual(pages[1])
    await Promise.all([early.close(), late.close()])
  })

  it("starts now by default, on the host's clock", async () => {
    const simulator = await startSimulator()
    expect(Math.abs(simulator.now() / 1000 - Date.now())).toBeLessThan(5_000)
    const client = await SocketClient.connect(simulator.wsUrl)
    client.send({ method: 'subscribe', params: { channel: 'trade', symbol: ['BTC/USD'], snapshot: true } })
    while (!(await client.next()).includes('"type":"snapshot"'));
    await simulator.close()
  })

  it('cuts open connections when it closes, and frees its port', async () => {
    const simulator = await startSimulator()
    const client = await SocketClient.connect(simulator.wsUrl)
    const closed = once(client.socket, 'close')
    await simulator.close()
    await closed
    const again = await startSimulator({ port: simulator.port })
    expect(again.wsUrl).toBe(simulator.wsUrl)
    await again.close()
  })

  it('says which port is taken', async () => {
    const simulator = await startSimulator()
    await expect(startSimulator({ port: simulator.port })).rejects.toThrow(
      `Port ${simulator.port} of 127.0.0.1 is in use: choose another one, or 0 for any.`,
    )
    await simulator.close()
  })

  it.each<[SimulatorOptions, string]>([
    [{ kind: 'bull' as 'noise' }, 'kind was bull: choose from noise, signal'],
    [{ speed: 0 }, 'speed was 0: give a number above 0'],
    [{ activity: Number.POSITIVE_INFINITY }, 'activity was Infinity: give a number above 0'],
    [{ restCallsPerSecond: -1 }, 'restCallsPerSecond was -1: give a number above 0'],
    [{ seed: 0.5 }, 'seed was 0.5: give a whole number'],
    [{ start: parseTime('2020-01-01') }, 'start was 2020-01-01T00:00:00.000000Z: the market begins at 2024-01-01T00'],
    [{ symbol: 'BTC/USD' }, 'symbol was BTC/USD: only a replay has one'],
    [{ replay: 'XBTUSD.csv', seed: 3 }, 'seed was 3: a replay has none'],
  ])('refuses %o', async (options, message) => {
    const refusal = startSimulator(options)
    await expect(refusal).rejects.toThrow(UsageError)
    await expect(refusal).rejects.toThrow(message)
  })
})
