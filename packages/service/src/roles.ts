import { setTimeout as pause } from 'node:timers/promises'
import { C1Error } from '@c1/market'
import type { Logger } from './logger.ts'

/** A role: `run` returns after `signal`, with everything kept, and throws when it cannot go on. */
export interface Role {
  readonly name: string
  readonly run: (signal: AbortSignal) => Promise<void>
  /** How the next start comes by what a stop cut short did not write. Default: it is made again. */
  readonly comesBack?: 'fetched again' | 'made again'
}

export interface RunOptions {
  /** How long roles have for their end, where what they write to may not answer. Milliseconds; default: as long as they take. */
  readonly drainMs?: number
}

/**
 * Runs roles side by side until `signal`, or until one of them fails: then the others are stopped too, in an orderly way,
 * and the failure is thrown. A role that ends by itself leaves the others running.
 *
 * @throws C1Error `stop_cut_short` when a role has not ended within `drainMs`: it is left behind
 */
export async function runRoles(
  roles: readonly Role[],
  signal: AbortSignal,
  logger: Logger,
  { drainMs }: RunOptions = {},
): Promise<void> {
  const stop = new AbortController()
  const either = AbortSignal.any([signal, stop.signal])
  let failure: unknown
  const supervise = async (role: Role): Promise<void> => {
    try {
      const running = role.run(either)
      await (drainMs === undefined ? running : Promise.race([running, cutShort(role, either, drainMs)]))
    } catch (error) {
      // The first failure is thrown, for the user; the others follow from it more often than not.
      logger.debug({ role: role.name, err: error }, 'role failed')
      failure ??= error
      stop.abort()
    }
  }
  await Promise.all(roles.map(supervise))
  if (failure !== undefined) throw failure
}

async function cutShort({ comesBack = 'made again', name }: Role, signal: AbortSignal, ms: number): Promise<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  await pause(ms, undefined, { ref: false })
  throw new C1Error(
    'stop_cut_short',
    `${name} was stopped before the log took everything from it. What is missing there is ${comesBack} at the next start.`,
  )
}
