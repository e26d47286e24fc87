import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { c1, ended, said, startC1, temporaryFolder } from '../test-support/command.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const folder = temporaryFolder()
const UP = ['up', '--source', 'simulator', '--symbols', 'BTC/USD', '--backfill', '3h', '--http-port', '0']
const quietly = { C1_LOG_LEVEL: 'error' }
const busy = createServer()

beforeAll(async () => {
  await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
})
afterAll(() => {
  busy.close()
  folder.remove()
})

it('c1 up keeps its state when interrupted, and goes on; what must not happen beside it is refused', async () => {
  const running = startC1(folder.path, UP, quietly)
  const outcome = ended(running)
  const told = (await said(running, /Page and API[\s\S]*History is complete/))[0]
  const [, url] = /Page and API: (\S+)/.exec(told) as RegExpExecArray
  const complete = await (await fetch(`${url}/v1/completeness`)).json()
  expect(complete).toMatchObject([
    { symbol: 'BTC/USD', holes: [], exceptions: [], outages: [], backfill: 1, backfillTradesLeft: 0, simulated: true },
  ])
  const busyPort = String((busy.address() as AddressInfo).port)
  const [second, beside, noPort] = await Promise.all([
    c1(folder.path, UP, quietly),
    c1(folder.path, ['status', '--json', '--symbols', 'BTC/USD']),
    c1(folder.path, [...UP.slice(0, -1), busyPort, '--data-dir', 'other'], quietly),
  ])
  expect(second).toMatchObject({ code: 2, out: '' })
  expect(second.err).toMatch(/c1: .*simulator is in use: .*--data-dir/)
  expect(noPort).toMatchObject({ code: 2, out: '' })
  expect(noPort.err).toMatch(new RegExp(`c1: Port ${busyPort} .*--http-port`))
  expect(beside.code).toBe(0)
  expect(JSON.parse(beside.out)).toMatchObject({
    source: 'simulator',
    budget: { calls: expect.any(Number), refused: 0, spacingSeconds: 0, heldUntil: null },
    symbols: [
      {
        symbol: 'BTC/USD',
        missing: [],
        outages: [],
        repaired: expect.any(Number),
        duplicates: expect.any(Number),
        backfill: 1,
      },
    ],
  })

  const interruptedAt = performance.now()
  running.kill('SIGINT')
  const { code, err, out } = await outcome
  expect(performance.now() - interruptedAt).toBeLessThan(2000)
  expect({ code, out }).toEqual({ code: 130, out: '' })
  expect(err).toContain('Everything received is kept')
  expect(err).not.toMatch(/^\s+at /m)

  const [kept, mixed] = await Promise.all([
    c1(folder.path, ['status', '--json', '--symbols', 'BTC/USD']),
    c1(folder.path, [...UP, '--simulator-seed', '9'], quietly),
  ])
  const [symbol] = JSON.parse(kept.out).symbols
  expect(symbol).toMatchObject({ missing: [], backfill: null, newestFeatures: expect.any(String) })
  expect(JSON.parse(kept.out)).toMatchObject({ budget: null })
  expect(symbol.trades).toBeGreaterThanOrEqual(JSON.parse(beside.out).symbols[0].trades)
  expect(mixed).toMatchObject({ code: 2, out: '' })
  expect(mixed.err).toMatch(/seed 1.* cannot take .*seed 9.*--data-dir/)

  const again = startC1(folder.path, UP, quietly)
  const end = ended(again)
  await said(again, /Page and API: http/)
  again.kill('SIGTERM')
  expect((await end).code).toBe(130)
  const exported = await c1(folder.path, ['export', 'trades', '--symbols', 'BTC/USD', '--quiet'])
  const ids = exported.out
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => Number(line.split(',')[1]))
  expect(ids.length).toBeGreaterThanOrEqual(symbol.trades)
  expect(ids).toEqual(ids.map((_, at) => (ids[0] as number) + at))
})
