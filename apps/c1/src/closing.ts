/**
 * Does the work, then closes everything in the given order, also when the work or a closing failed. What failed first is what
 * the user is told: a full disk makes every closing fail after it.
 */
export async function closing<Result>(
  work: () => Promise<Result>,
  ...closers: readonly (() => unknown)[]
): Promise<Result> {
  const failures: unknown[] = []
  const attempt = async <Value>(action: () => Value): Promise<Awaited<Value> | undefined> => {
    try {
      return await action()
    } catch (error) {
      failures.push(error)
      return undefined
    }
  }
  const result = await attempt(work)
  for (const close of closers) await attempt(close)
  if (failures.length > 0) throw failures[0]
  return result as Result
}
