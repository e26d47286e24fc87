import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

/** What a command left behind. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A `c1` process in a folder of its own, with nothing of C1's that the developer's shell has set. */
export function startC1(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): ChildProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(C1_|KRAKEN_|INIT_CWD)/.test(name))
  const own = { ...Object.fromEntries(inherited), INIT_CWD: folder, ...env }
  return spawn(process.execPath, [MAIN, ...args], { env: own, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Collects what the process says until it ends. */
export async function ended(child: ChildProcess): Promise<Ended> {
  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

export function c1(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return ended(startC1(folder, args, env))
}

/** Resolves with the first match in what the process writes to standard error. @throws Error when it ends before */
export function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr?.on('data', (chunk) => {
      text += String(chunk)
      const match = pattern.exec(text)
      if (match !== null) resolve(match)
    })
    child.once('close', () => reject(new Error(`c1 ended without saying ${pattern}: ${text}`)))
  })
}

export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'c1-cli-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  if (stream !== null) for await (const chunk of stream) text += String(chunk)
  return text
}
