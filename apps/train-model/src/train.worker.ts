import { parentPort, workerData } from 'node:worker_threads'
import { C1Error } from '@c1/market'
import { type ModelKind, standardKinds, trainVersion } from '@c1/modeling'
import type { TrainingReply, TrainingTask } from './training-worker.ts'

const kindsModule = workerData as string | undefined
const own = kindsModule === undefined ? [] : ((await import(kindsModule)).default.models as readonly ModelKind[])
const kinds = [...standardKinds, ...(own ?? [])]

parentPort?.on('message', (task: TrainingTask) => {
  parentPort?.postMessage(reply(task))
})

function reply(task: TrainingTask): TrainingReply {
  try {
    return { trained: trainVersion({ ...task, kinds }) }
  } catch (error) {
    const code = error instanceof C1Error ? error.code : 'training_failed'
    return { error: { code, message: error instanceof Error ? error.message : String(error) } }
  }
}
