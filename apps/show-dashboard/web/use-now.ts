import { useEffect, useState } from 'preact/hooks'

/** `performance.now()`, renewed every `every` milliseconds. */
export function useNow(every: number): number {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), every)
    return () => clearInterval(timer)
  }, [every])
  return now
}
