const QUIET_MS = 100
/** Where work never pauses the task waits at most so many times as long as it would like to. */
const PATIENCE = 5

export interface QuietTaskOptions {
  readonly task: () => Promise<void>
  /** Least milliseconds from one run to the next. */
  readonly everyMs: number
}

/**
 * A recurring task (a checkpoint, a flush) that takes milliseconds and is in no hurry. Candles of many symbols close in the
 * same moment, so it runs in a pause between pieces of work rather than between a trade and its prediction. It never runs
 * during a piece of work, and only when there was one since its last run.
 */
export class QuietTask {
  readonly #options: QuietTaskOptions
  #ranAt = performance.now()
  #working = false
  #due = false
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | undefined

  constructor(options: QuietTaskOptions) {
    this.#options = options
  }

  /** Before a piece of work; resolves when a run that is under way has ended. @throws what the task threw in a pause */
  async begin(): Promise<void> {
    this.#working = true
    await this.#running
    if (this.#failure !== undefined) throw this.#failure.error
  }

  /** After a piece of work. @throws what the task throws, where it could not wait for a pause */
  async end(): Promise<void> {
    this.#working = false
    this.#due = true
    if (this.#waited() >= this.#options.everyMs * PATIENCE) await this.#run()
    else this.#timer = this.#timer?.refresh() ?? setTimeout(() => this.#pause(), QUIET_MS).unref()
  }

  /** The last run, where one is due. No run follows. @throws what the task throws or threw */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.begin()
    if (this.#due) await this.#run()
  }

  /** Ends without a last run; one that is under way is waited for. */
  async cancel(): Promise<void> {
    clearTimeout(this.#timer)
    this.#working = true
    await this.#running
  }

  #waited(): number {
    return performance.now() - this.#ranAt
  }

  #pause(): void {
    if (this.#working || !this.#due) return
    if (this.#waited() < this.#options.everyMs) {
      this.#timer?.refresh()
      return
    }
    this.#running = this.#run().catch((error: unknown) => {
      this.#failure = { error }
    })
  }

  async #run(): Promise<void> {
    this.#due = false
    await this.#options.task()
    this.#ranAt = performance.now()
  }
}
