import { renameSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { PAGE_DIRECTORY } from './page.ts'

// Beside the place and then moved there, so that nobody is served half a page.
const fresh = `${PAGE_DIRECTORY}.${process.pid}`
await build({
  configFile: false,
  logLevel: 'error',
  root: fileURLToPath(new URL('../web', import.meta.url)),
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: fresh, emptyOutDir: true },
})
rmSync(PAGE_DIRECTORY, { recursive: true, force: true })
renameSync(fresh, PAGE_DIRECTORY)
