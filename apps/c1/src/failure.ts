import { C1Error, UsageError } from '@c1/market'
import { CommanderError } from 'commander'

const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const

/** Tells the user on standard error what went wrong, in one message, and gives the exit code. */
export function reportFailure(error: unknown, interrupted: boolean): number {
  if (interrupted && isAbort(error)) return EXIT.interrupted
  // Commander has said it already, or has printed the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage
  if (error instanceof C1Error) {
    if (error.code !== 'output_closed') process.stderr.write(`c1: ${error.message}\n`)
    if (interrupted && error.code === 'stop_cut_short') return EXIT.interrupted
    return error instanceof UsageError || isFullDisk(error) ? EXIT.usage : EXIT.failed
  }
  process.stderr.write(`c1: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return EXIT.failed
}

/** Nothing of ours failed: whoever runs C1 has to make room. */
function isFullDisk({ code }: C1Error): boolean {
  return /(^|_)full$/.test(code)
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.cause instanceof DOMException)
}
