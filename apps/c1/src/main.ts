#!/usr/bin/env node
import { reportFailure } from './failure.ts'
import { stopSignal } from './interrupt.ts'
import { program } from './program.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 22)) {
  process.stderr.write(
    `C1 needs Node 22.22 or newer, this is ${process.version}. "npm start" brings a fitting one along.\n`,
  )
  process.exit(2)
}

/** For what is on its way to standard output and error. */
const LEFT_BEHIND_MS = 200

const { interrupted, signal } = stopSignal()
try {
  await program(signal).parseAsync()
  if (interrupted()) process.exitCode = 130
} catch (error) {
  process.exitCode = reportFailure(error, interrupted())
}
// What did not end by itself may still wait for somebody who does not answer.
if (process.exitCode) setTimeout(() => process.exit(), LEFT_BEHIND_MS).unref()
