import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new directory, deleted when the test ends: `onTestFinished` is Vitest's. */
export function temporaryDirectory(onTestFinished: (cleanUp: () => void) => void): string {
  const directory = mkdtempSync(join(tmpdir(), 'c1-event-log-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}
