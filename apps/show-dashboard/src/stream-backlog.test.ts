import { describe, expect, it } from 'vitest'
import { BTC } from './made-market.fixture.ts'
import { StreamBacklog } from './stream-backlog.ts'

function filled(count: number): StreamBacklog {
  const backlog = new StreamBacklog('run-1', 3)
  for (let at = 1; at <= count; at++) backlog.add({ type: 'candle', symbol: BTC, data: `${at}` })
  return backlog
}

const dataAfter = (backlog: StreamBacklog, id: string) => backlog.after(id)?.map(({ data }) => data)

describe('a client that comes back', () => {
  it('gets what came after the event it saw', () => {
    expect(dataAfter(filled(2), 'run-1-0')).toEqual(['1', '2'])
    expect(dataAfter(filled(5), 'run-1-2')).toEqual(['3', '4', '5'])
    expect(dataAfter(filled(5), 'run-1-4')).toEqual(['5'])
    expect(dataAfter(filled(5), filled(5).newestId)).toEqual([])
  })

  it('is told when some of it is gone, was never sent, or is of another run', () => {
    for (const id of ['run-1-1', 'run-1-6', 'run-2-4', '4', '', 'run-1-x', 'run-1--1']) {
      expect(dataAfter(filled(5), id)).toBeUndefined()
    }
  })
})
