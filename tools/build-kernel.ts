import { readFileSync, writeFileSync } from 'node:fs'
import asc from 'assemblyscript/asc'

const FOLDER = new URL('../packages/windowing/kernel/', import.meta.url)
/** The committed result. */
export const KERNEL_FILE: URL = new URL('../src/columnar/kernel-bytes.ts', FOLDER)

/** Compiles the kernel: the text of `kernel-bytes.ts`. The same compiler gives the same bytes on every machine. */
export async function buildKernel(): Promise<string> {
  let binary = new Uint8Array()
  const { error, stderr } = await asc.main(
    [
      'kernel.ts',
      ...['--outFile', 'kernel.wasm'],
      ...['--enable', 'simd', '-O3', '--converge', '--noAssert'],
      ...['--runtime', 'stub', '--initialMemory', '9', '--maximumMemory', '9'],
    ],
    {
      readFile: (name) => readSource(name),
      writeFile: (_, contents) => {
        binary = contents as typeof binary
      },
      listFiles: () => [],
    },
  )
  if (error !== null) throw new Error(`The kernel does not compile.\n${stderr.toString()}`, { cause: error })
  const text = Buffer.from(binary).toString('base64')
  return `/** What \`npm run kernel\` made of packages/windowing/kernel: WebAssembly, as base64. */\nexport const KERNEL_BYTES: string =\n  '${text}'\n`
}

/** Sources that are not here are the compiler's own. */
function readSource(name: string): string | null {
  const file = new URL(name, FOLDER)
  return name.includes('/') || !name.endsWith('.ts') ? null : readFileSync(file, 'utf8')
}

if (import.meta.main) writeFileSync(KERNEL_FILE, await buildKernel())
