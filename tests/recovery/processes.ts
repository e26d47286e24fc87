import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../apps/c1/src/main.ts', import.meta.url))

/** The environment of a test: nothing of C1's that the developer's shell has set. */
function cleanEnv(own: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(C1_|KRAKEN_|INIT_CWD)/.test(name))
  return { ...Object.fromEntries(inherited), ...own }
}

export function startC1(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [MAIN, ...args], { env: cleanEnv(env), stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Runs a command to its end. @throws Error with its standard error when it fails */
export async function c1(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = startC1(args, env)
  const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(`c1 ${args.join(' ')} ended with ${child.exitCode}: ${errors}`)
  return output
}

export interface RunningSimulator {
  readonly env: Readonly<Record<string, string>>
  readonly restUrl: string
  stop(): Promise<void>
}

/** A simulator in a process of its own. */
export async function startSimulatorProcess(args: readonly string[]): Promise<RunningSimulator> {
  const child = startC1(['simulator', ...args])
  const env: Record<string, string> = {}
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    const [name = '', value = ''] = line.split('=')
    env[name] = value
    if (env.KRAKEN_REST_URL !== undefined && env.KRAKEN_WS_URL !== undefined) break
  }
  return { env, restUrl: env.KRAKEN_REST_URL as string, stop: () => end(child, 'SIGKILL') }
}

/** Signals a process and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = ''
  if (stream !== null) for await (const chunk of stream) text += String(chunk)
  return text
}
