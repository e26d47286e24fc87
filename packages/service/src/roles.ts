import type { Logger } from './logger.ts'

/** A role: `run` returns after `signal`, with everything kept, and throws when it cannot go on. */
export interface Role {
  readonly name: string
  readonly run: (signal: AbortSignal) => Promise<void>
}

/**
 * Runs roles side by side until `signal`, or until one of them fails: then the others are stopped too, in an orderly way,
 * and the failure is thrown. A role that ends by itself leaves the others running.
 */
export async function runRoles(roles: readonly Role[], signal: AbortSignal, logger: Logger): Promise<void> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  let failure: unknown
  const supervise = async ({ name, run }: Role): Promise<void> => {
    try {
      await run(either)
    } catch (error) {
      // The first failure is thrown, for the user; the others follow from it more often than not.
      logger.debug({ role: name, err: error }, 'role failed')
      failure ??= error
      stop.abort()
    }
  }
  await Promise.all(roles.map(supervise))
  if (failure !== undefined) throw failure
}
