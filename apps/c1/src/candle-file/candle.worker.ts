import { parentPort, workerData } from 'node:worker_threads'
import { type PlainFile, type Task, TaskDoer } from './tasks.ts'

const doer = new TaskDoer(workerData as PlainFile)

parentPort?.on('message', (task: Task) => {
  const outcome = doer.do(task)
  const arrays = outcome.kind === 'read' ? [outcome.part.segments] : outcome.text
  parentPort?.postMessage(
    outcome,
    arrays.map(({ buffer }) => buffer as ArrayBuffer),
  )
})
