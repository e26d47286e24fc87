import type { OpenSocket, SocketListener } from '@c1/kraken'
import type { Connection, Wire } from '@c1/simulator'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What stands at the other end of the network: a simulated venue, or any other. */
export interface NetworkVenue {
  connect(wire: Wire): Connection | number | 'hang-up'
  get(
    path: string,
    parameters: URLSearchParams,
  ): Promise<{ readonly status: number; readonly body: string } | 'hang-up'>
}

/** The way from a process to the venue and back, inside this process: late, but in order on each connection. */
export class Network {
  readonly #venue: NetworkVenue
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #isAlive: () => boolean
  readonly #tell: (line: string) => void
  readonly #abandoned: (() => void)[] = []

  /** @param isAlive of the process: a dead one is told nothing, and sends nothing */
  constructor(
    venue: NetworkVenue,
    time: VirtualTime,
    random: Random,
    isAlive: () => boolean,
    tell: (line: string) => void = () => {},
  ) {
    this.#tell = tell
    this.#venue = venue
    this.#time = time
    this.#random = random
    this.#isAlive = isAlive
  }

  readonly openSocket: OpenSocket = (_, listener) => {
    const socket = new VirtualSocket(this.#venue, this.#time, () => this.#latencyMs(), {
      opened: () => this.#isAlive() && listener.opened(),
      frame: (data) => this.#isAlive() && listener.frame(data),
      ended: (reason) => this.#isAlive() && listener.ended(reason),
    })
    this.#abandoned.push(() => socket.end())
    return socket
  }

  readonly fetch: typeof fetch = (input, init) =>
    new Promise((resolve, reject) => {
      const signal = init?.signal
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      const { pathname, searchParams } = new URL(String(input))
      this.#tell(`GET ${pathname} ${searchParams}`)
      this.#time.after(this.#latencyMs(), async () => {
        const answer = await this.#venue.get(pathname, searchParams)
        this.#time.after(this.#latencyMs(), () => {
          if (!this.#isAlive()) return
          this.#tell(`answer ${answer === 'hang-up' ? answer : `${answer.status} ${answer.body.slice(0, 60)}`}`)
          if (answer === 'hang-up') reject(new TypeError('fetch failed', { cause: new Error('other side closed') }))
          else resolve({ status: answer.status, body: [Buffer.from(answer.body)] } as unknown as Response)
        })
      })
    })

  /** The process is dead: its connections end, as its host ends them. */
  abandon(): void {
    for (const end of this.#abandoned) end()
  }

  #latencyMs(): number {
    return this.#random.oneIn(50) ? this.#random.whole(200, 900) : this.#random.whole(5, 60)
  }
}

/** Things that arrive late, each after the ones before it. */
class Pipe {
  readonly #time: VirtualTime
  readonly #latencyMs: () => number
  #last = 0
  #isCut = false

  constructor(time: VirtualTime, latencyMs: () => number) {
    this.#time = time
    this.#latencyMs = latencyMs
  }

  put(arrive: () => void): void {
    const now = this.#time.now()
    this.#last = Math.max(this.#last, now + this.#latencyMs() * 1000)
    this.#time.after((this.#last - now) / 1000, () => {
      if (!this.#isCut) arrive()
    })
  }

  /** What is on its way is lost. */
  cut(): void {
    this.#isCut = true
  }
}

class VirtualSocket {
  readonly #time: VirtualTime
  readonly #listener: SocketListener
  readonly #up: Pipe
  readonly #down: Pipe
  #connection: Connection | undefined
  /** What the venue has not read yet, while it does not listen. */
  #unread: (() => void)[] | undefined
  #isOpen = false
  #isOver = false

  constructor(venue: NetworkVenue, time: VirtualTime, latencyMs: () => number, listener: SocketListener) {
    this.#time = time
    this.#listener = listener
    this.#up = new Pipe(time, latencyMs)
    this.#down = new Pipe(time, latencyMs)
    this.#up.put(() => this.#connect(venue))
  }

  send(text: string): void {
    if (this.#isOpen) this.#up.put(() => this.#read(() => this.#connection?.receive(text)))
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isOpen = false
    this.#down.cut()
    this.#up.put(() => this.#read(() => this.#connection?.ended()))
    this.#time.after(0, () => this.#listener.ended('closed with code 1006'))
  }

  #connect(venue: NetworkVenue): void {
    if (this.#isOver) return
    const early: string[] = []
    let send = (frame: string): void => {
      early.push(frame)
    }
    const answer = venue.connect({
      send: (frame) => send(frame),
      close: (code, reason) => this.#closedByVenue(`closed with code ${code}${reason === '' ? '' : ` ${reason}`}`),
      terminate: () => {
        this.#connection?.ended()
        this.#down.cut()
        this.#time.after(20, () => this.#lost('closed with code 1006'))
      },
      listen: (isListening) => this.#listen(isListening),
    })
    if (typeof answer === 'number') this.#down.put(() => this.#lost(`Unexpected server response: ${answer}`))
    else if (answer === 'hang-up') this.#down.put(() => this.#lost('socket hang up'))
    else {
      this.#connection = answer
      this.#down.put(() => {
        this.#isOpen = true
        this.#listener.opened()
      })
      send = (frame) => this.#down.put(() => this.#listener.frame(frame))
      for (const frame of early) send(frame)
    }
  }

  /** What was sent before still arrives; the client's goodbye takes its time to the venue. */
  #closedByVenue(reason: string): void {
    this.#down.put(() => {
      this.#lost(reason)
      this.#up.put(() => this.#connection?.ended())
    })
  }

  #lost(reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#isOpen = false
    this.#listener.ended(reason)
  }

  #read(text: () => void): void {
    if (this.#unread === undefined) text()
    else this.#unread.push(text)
  }

  #listen(isListening: boolean): void {
    const unread = this.#unread ?? []
    this.#unread = isListening ? undefined : unread
    if (isListening) for (const read of unread) read()
  }
}
