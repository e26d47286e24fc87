import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Outcome, type PlainFile, type Task, TaskDoer } from './tasks.ts'

/** Tasks that a worker has at a time: the next one is there when it has done one, though this thread is busy. */
const AT_ONCE = 2

/** Threads that do tasks on one file, this one among them: it need not wait until the others have started. */
export class Threads {
  readonly count: number
  readonly #here: TaskDoer
  readonly #workers: readonly TaskWorker[]

  constructor(file: PlainFile, count: number) {
    this.count = count
    this.#here = new TaskDoer(file)
    this.#workers = Array.from({ length: count - 1 }, () => new TaskWorker(file))
  }

  /**
   * The outcomes of tasks, in their order.
   *
   * @param ahead tasks that may be begun beyond the one whose outcome was taken last
   */
  async *outcomes(tasks: Iterable<Task>, ahead: number): AsyncGenerator<Outcome, void, void> {
    const left = Iterator.from(tasks)
    const begun: Promise<Outcome>[] = []
    for (let next = left.next(); ; ) {
      for (const worker of this.#workers) {
        for (; !next.done && worker.waiting < AT_ONCE && begun.length < ahead; next = left.next()) {
          begun.push(worker.do(next.value))
        }
      }
      if (!next.done && begun.length < ahead) {
        begun.push(Promise.resolve(this.#here.do(next.value)))
        next = left.next()
        // What the workers told meanwhile comes in.
        await setImmediate()
        continue
      }
      const outcome = await begun.shift()
      if (outcome === undefined) return
      yield outcome
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }
}

/** A thread and the tasks that it was given, which it does in their order. */
class TaskWorker {
  readonly #worker: Worker
  readonly #waiting: PromiseWithResolvers<Outcome>[] = []

  constructor(file: PlainFile) {
    this.#worker = new Worker(new URL('./candle.worker.ts', import.meta.url), { workerData: file })
    this.#worker.on('message', (outcome: Outcome) => this.#waiting.shift()?.resolve(outcome))
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error)
    })
  }

  get waiting(): number {
    return this.#waiting.length
  }

  do(task: Task): Promise<Outcome> {
    const outcome = Promise.withResolvers<Outcome>()
    // An error is met where the outcome is taken, which may be later.
    outcome.promise.catch(() => {})
    this.#waiting.push(outcome)
    this.#worker.postMessage(task)
    return outcome.promise
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
