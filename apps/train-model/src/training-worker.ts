import { Worker } from 'node:worker_threads'
import { C1Error } from '@c1/market'
import type { ModelVersion, Skipped, TrainingRequest } from '@c1/modeling'

/** A request without the kinds of model: functions do not travel to a thread, so it loads them itself. */
export type TrainingTask = Omit<TrainingRequest, 'kinds'>

export interface TrainingReply {
  readonly trained?: ModelVersion | Skipped
  readonly error?: { readonly code: string; readonly message: string }
}

/** Trains in a thread of its own, so that live data goes on flowing. One task at a time. */
export class TrainingWorker {
  readonly #kindsModule: string | undefined
  #worker: Worker | undefined
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false
  #settle: (reply: TrainingReply) => void = () => {}
  #fail: (cause: unknown) => void = () => {}

  /** @param kindsModule URL of a module whose default export has `models`, the user's own kinds */
  constructor(kindsModule?: string) {
    this.#kindsModule = kindsModule
  }

  /** @throws C1Error what training threw, or `training_stopped` when the worker is closed meanwhile */
  train(task: TrainingTask): Promise<ModelVersion | Skipped> {
    const result = this.#last.then(() => this.#run(task))
    this.#last = result.catch(() => undefined)
    return result
  }

  /** Also of the tasks that wait for their turn. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#worker?.terminate()
    this.#worker = undefined
  }

  async #run(task: TrainingTask): Promise<ModelVersion | Skipped> {
    if (this.#isClosed) throw stopped()
    const { promise, resolve, reject } = Promise.withResolvers<ModelVersion | Skipped>()
    this.#settle = ({ trained, error }) => {
      if (trained !== undefined) resolve(trained)
      else reject(new C1Error('training_failed', error?.message ?? 'Training gave nothing.', { details: { ...error } }))
    }
    this.#fail = reject
    this.#worker ??= this.#start()
    this.#worker.postMessage(task)
    return promise
  }

  #start(): Worker {
    const worker = new Worker(new URL('./train.worker.ts', import.meta.url), { workerData: this.#kindsModule })
    worker.on('message', (reply: TrainingReply) => this.#settle(reply))
    // A dead thread answers nothing more: the next task starts a new one.
    const died = (cause: unknown): void => {
      if (this.#worker !== worker) return
      this.#worker = undefined
      this.#fail(cause)
    }
    worker.on('error', died)
    worker.on('exit', () => died(stopped()))
    return worker
  }
}

function stopped(): C1Error {
  return new C1Error('training_stopped', 'The training thread was stopped.')
}
