import { execFile } from 'node:child_process'

export interface Ran {
  readonly failed: boolean
  /** What it wrote to standard output and standard error, or why it could not be started. */
  readonly text: string
}

/** Runs a program to its end, without a shell. */
export function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const missing = error?.code === 'ENOENT' ? `${program} is not on the PATH\n` : ''
      resolve({ failed: error !== null, text: missing + stdout + stderr })
    })
  })
}
