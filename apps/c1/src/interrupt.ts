/**
 * A signal that aborts on Ctrl-C or a request to stop. A second Ctrl-C ends the process at once: what is in the log is safe,
 * only the orderly goodbye is missing.
 */
export function stopSignal(): { readonly signal: AbortSignal; readonly interrupted: () => boolean } {
  const controller = new AbortController()
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return { signal: controller.signal, interrupted: () => controller.signal.aborted }
}

/** Waits for what may never come, until the signal: then it is left behind. @throws the signal's reason */
export async function unlessStopped<Value>(waiting: Promise<Value>, signal: AbortSignal): Promise<Value> {
  signal.throwIfAborted()
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([waiting, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
