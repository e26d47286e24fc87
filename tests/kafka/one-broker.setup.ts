import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startBroker } from '../../tools/broker/broker.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of a broker that all test files share: each makes topics of names of its own. */
    readonly kafkaBroker: string
  }
}

/** One broker for all files. A test of broker loss, or of a secure listener, starts its own. */
export default async function (project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'c1-kafka-'))
  const broker = await startBroker({ folder })
  project.provide('kafkaBroker', broker.bootstrap)
  return async () => {
    await broker.stop()
    await rm(folder, { recursive: true, force: true })
  }
}
