import { describe, expect, it } from 'vitest'
import { CONNECTION_STATES, CONNECTION_TABLE, type ConnectionEvent, type ConnectionState } from './connection-states.ts'

/** The whole table by hand: what follows each state for each event; "-" where the event is ignored. */
const EXPECTED = `
             start    due         opened       settled  online       offline      silent  unanswered  lost     close
closed       -        -           -            -        -            -            -       -           -        -
idle         waiting  -           -            -        -            -            -       -           -        closed
waiting      -        connecting  -            -        -            -            -       -           -        closed
connecting   -        -           subscribing  -        -            -            stale   -           waiting  closed
stale        -        -           -            -        -            -            -       -           waiting  closed
subscribing  -        -           -            live     -            maintenance  stale   stale       waiting  closed
maintenance  -        -           -            -        subscribing  -            stale   -           waiting  closed
live         -        -           -            -        -            maintenance  stale   stale       waiting  closed
`
const [events, ...rows] = EXPECTED.trim()
  .split('\n')
  .map((line) => line.trim().split(/\s+/)) as [ConnectionEvent[], ...string[][]]

const cells = CONNECTION_STATES.flatMap((state) =>
  Object.entries(CONNECTION_TABLE[state]).map(([event, transition]) => ({ state, event, transition })),
)
const transitions = cells.flatMap(({ transition }) => transition ?? [])

describe('the table of a connection', () => {
  it.each(rows.map(([state, ...next]) => [state as ConnectionState, next]))(
    'decides every event in %s',
    (state, next) => {
      expect(Object.keys(CONNECTION_TABLE[state])).toEqual(events)
      expect(events.map((event) => CONNECTION_TABLE[state][event]?.to ?? '-')).toEqual(next)
    },
  )

  it('does not compile with a state or an event more before its cells are decided', () => {
    type Table<State extends string, Event extends string> = Readonly<Record<State, Readonly<Record<Event, unknown>>>>
    const decided: Table<ConnectionState, ConnectionEvent> = CONNECTION_TABLE
    // @ts-expect-error no row
    const state: Table<ConnectionState | 'paused', ConnectionEvent> = CONNECTION_TABLE
    // @ts-expect-error no column
    const event: Table<ConnectionState, ConnectionEvent | 'paused'> = CONNECTION_TABLE
    expect([state, event]).toEqual([decided, decided])
  })

  it('has no other state than those', () => {
    expect(rows.map(([state]) => state)).toEqual([...CONNECTION_STATES])
    expect(Object.keys(CONNECTION_TABLE).toSorted()).toEqual([...CONNECTION_STATES].toSorted())
  })

  it('leads from every state but closed to live and to closed', () => {
    for (const start of CONNECTION_STATES.filter((state) => state !== 'closed')) {
      const reached = new Set<ConnectionState>([start])
      for (const state of reached)
        for (const transition of Object.values(CONNECTION_TABLE[state])) if (transition) reached.add(transition.to)
      expect([...reached]).toEqual(expect.arrayContaining(['live', 'closed']))
    }
  })

  it('tells last, because whoever is told may close the connection', () => {
    for (const { effects } of transitions) {
      expect(effects.slice(0, -1).filter((effect) => effect.startsWith('tell'))).toEqual([])
    }
  })

  it('stops what runs before it waits or ends, and backs off after every loss', () => {
    for (const { event, transition } of cells) {
      if (transition === undefined) continue
      if (event === 'lost') expect(transition.effects).toEqual(['stop', 'back-off', 'tell-disconnected'])
      if (event === 'close') expect(transition.effects).toEqual(['stop'])
      if (transition.to === 'stale') expect(transition.effects).toEqual(['hang-up'])
    }
  })

  it('asks for the markets whenever it begins to subscribe', () => {
    const effects = transitions.filter((transition) => transition.to === 'subscribing').map(({ effects }) => effects)
    expect(effects).toEqual([['ping', 'subscribe', 'tell-connected'], ['resubscribe']])
  })
})
