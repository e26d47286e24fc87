import { spawn } from 'node:child_process'
import { globSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { C1Error } from '@c1/market'

const HOME = fileURLToPath(new URL('..', import.meta.url))
/** Where the built page lies. A production image brings it; a source checkout builds it when it is first needed. */
export const PAGE_DIRECTORY: string = fileURLToPath(new URL('../dist/web', import.meta.url))

/** Resolves to the folder of a page that is not older than its sources. @throws C1Error `page_not_built` */
export async function builtPage(signal: AbortSignal): Promise<string> {
  if (!isCurrent()) await build(signal)
  return PAGE_DIRECTORY
}

function isCurrent(): boolean {
  const built = modifiedAt(`${PAGE_DIRECTORY}/index.html`)
  const sources = globSync(['web/**/*', 'src/wire.ts', 'src/build-page.ts', 'package.json'], { cwd: HOME })
  return sources.every((source) => modifiedAt(`${HOME}/${source}`) <= built)
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY
}

/** In a process of its own: the bundler's memory goes with it, and live trades do not wait for it. */
async function build(signal: AbortSignal): Promise<void> {
  const script = fileURLToPath(new URL('./build-page.ts', import.meta.url))
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'], signal })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new C1Error('page_not_built', `The page could not be built:\n${complaint.trim()}`)
}
