import { concerns, type Fault } from '../faults/fault.ts'
import { FaultyLink, type Wire } from '../faults/faulty-link.ts'
import type { FaultSchedule } from '../faults/schedule.ts'
import { exceededRate, refusedUpgrade } from '../faults/socket-faults.ts'
import { ConnectionLimit } from './connection-limit.ts'
import { Session, type SessionVenue } from './session.ts'

/** The client's end of an open connection. */
export interface Connection {
  receive(request: string): void
  /** The client is gone, or its wire has ended. */
  ended(): void
}

interface Open {
  readonly wire: Wire
  readonly link: FaultyLink
}

/** The connections of a simulator, whatever carries their frames. */
export class Connections {
  readonly #venue: SessionVenue
  readonly #faults: FaultSchedule
  readonly #open = new Map<Session, Open>()
  readonly #limit: ConnectionLimit
  #ordinal = 0

  constructor(venue: SessionVenue, faults: FaultSchedule) {
    this.#venue = venue
    this.#faults = faults
    this.#limit = new ConnectionLimit(venue.wallNow)
  }

  sessions(): Iterable<Session> {
    return this.#open.keys()
  }

  /** Counts an attempt to connect. An HTTP status when it is refused, `hang-up` when the line is cut, else `undefined`. */
  refusal(): number | 'hang-up' | undefined {
    return this.#limit.admit() ? refusedUpgrade(this.#faults) : 429
  }

  open(wire: Wire): Connection {
    const link = new FaultyLink(this.#faults, wire, this.#venue.market, this.#venue.now())
    const session = new Session(this.#venue, link, this.#ordinal)
    this.#ordinal += 1
    this.#open.set(session, { wire, link })
    return {
      receive: (request) => {
        const refusal = exceededRate(this.#faults, request)
        if (refusal === undefined) session.receive(request)
        else wire.send(refusal)
      },
      ended: () => this.#open.delete(session),
    }
  }

  /** Sends a raw frame to every connection. */
  send(frame: string): void {
    for (const { wire } of this.#open.values()) wire.send(frame)
  }

  /** Ends every connection without a close frame. */
  terminate(): void {
    for (const { wire } of [...this.#open.values()]) wire.terminate()
  }

  passTime(): void {
    for (const fault of this.#faults.begun()) this.#begin(fault)
    for (const [session, { link }] of this.#open) {
      link.passTime()
      session.passTime()
    }
  }

  /** What a fault does at its first moment. */
  #begin(fault: Fault): void {
    if (fault.kind === 'drop') this.terminate()
    for (const [session, { link }] of this.#open) {
      if (fault.kind === 'close') link.close(fault.code, fault.reason)
      if (fault.kind === 'repeat-snapshot') session.repeatSnapshots(({ symbol }) => concerns(fault, symbol))
    }
  }
}
