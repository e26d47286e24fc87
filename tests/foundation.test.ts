import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const scratch = mkdtempSync(join(tmpdir(), 'c1-foundation-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const newDirectory = (): string => mkdtempSync(join(scratch, 'f-'))

function write(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
}

describe('ensure-installed', () => {
  const LOCKFILE = '{"lockfileVersion":3}'
  const STAMP = 'node_modules/.installed-lockfile'
  const stamp = createHash('sha256')
    .update(LOCKFILE)
    .update(process.platform + process.arch)
    .digest('hex')

  /** A clone with an npm that notes how it was called, and fails if so asked. */
  function newClone(npmExitCode = 0): string {
    const clone = newDirectory()
    cpSync(join(root, 'tools'), join(clone, 'tools'), { recursive: true })
    const noteCall = `require('node:fs').writeFileSync(${JSON.stringify(join(clone, 'called'))}, process.argv.slice(2).join(' '))`
    write(clone, {
      'package-lock.json': LOCKFILE,
      'node_modules/.keep': '',
      'npm-cli.js': `${noteCall}\nprocess.exit(${npmExitCode})\n`,
    })
    return clone
  }

  /** Runs the guard as npm would, on the Node of this test, which says that it is of the given version. */
  function run(clone: string, version = process.versions.node): SpawnSyncReturns<string> {
    const disguise = [
      `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
      `Object.defineProperty(process, 'version', { value: 'v${version}' })`,
    ].join(';')
    const args = ['--import', `data:text/javascript,${encodeURIComponent(disguise)}`, 'tools/ensure-installed.mjs']
    const env = { ...process.env, npm_execpath: join(clone, 'npm-cli.js'), npm_node_execpath: process.execPath }
    return spawnSync(process.execPath, args, { cwd: clone, env, encoding: 'utf8' })
  }

  const calls = (clone: string): string | undefined =>
    existsSync(join(clone, 'called')) ? readFileSync(join(clone, 'called'), 'utf8') : undefined

  it.each(['16.20.2', '18.20.8', '20.18.3'])('gives one sentence on Node %s and installs nothing', (version) => {
    const clone = newClone()
    const { status, stdout, stderr } = run(clone, version)
    expect(stderr).toBe(`Node v${version} is too old to install with. Install Node 20.19 or newer.\n`)
    expect([status, stdout, calls(clone)]).toStrictEqual([1, '', undefined])
  })

  it.each(['20.19.0', '22.22.0', '24.0.0'])('installs with Node %s, once', (version) => {
    const clone = newClone()
    const first = run(clone, version)
    expect([first.status, first.stdout]).toStrictEqual([0, ''])
    expect(calls(clone)).toBe('ci --include=dev --include=optional --loglevel=error')
    expect(readFileSync(join(clone, STAMP), 'utf8')).toBe(stamp)
    rmSync(join(clone, 'called'))
    const second = run(clone, version)
    expect([second.status, second.stderr, calls(clone)]).toStrictEqual([0, '', undefined])
  })

  it('says so when installing fails, and tries again the next time', () => {
    const clone = newClone(7)
    const { status, stderr } = run(clone)
    expect(status).toBe(1)
    expect(stderr).toContain('Installing failed (npm ci: exit code 7). Check the network, then run it again.\n')
    expect(existsSync(join(clone, STAMP))).toBe(false)
  })
})

describe('biome check', () => {
  /** Two packages under the rules of this repository: `kraken` declares `market`, `market` declares nothing. */
  function newWorkspace(files: Readonly<Record<string, string>>): string {
    const workspace = newDirectory()
    cpSync(join(root, 'biome.json'), join(workspace, 'biome.json'))
    write(workspace, {
      '.gitignore': 'node_modules/\n',
      'package.json': '{ "name": "w", "private": true, "workspaces": ["packages/*"] }\n',
      'packages/market/package.json': '{ "name": "@c1/market", "type": "module" }\n',
      'packages/market/src/index.ts': 'export const trade = 1\n',
      'packages/kraken/package.json':
        '{ "name": "@c1/kraken", "type": "module", "dependencies": { "@c1/market": "*" } }\n',
      'packages/kraken/src/index.ts': "import { trade } from '@c1/market'\n\nexport const feed = trade\n",
      ...files,
    })
    return workspace
  }

  function lint(workspace: string): { status: number | null; output: string } {
    const biome = join(root, 'node_modules/@biomejs/biome/bin/biome')
    const args = ['lint', '--error-on-warnings', '--colors=off', '--max-diagnostics=20']
    const { status, stdout, stderr } = spawnSync(process.execPath, [biome, ...args], {
      cwd: workspace,
      encoding: 'utf8',
    })
    return { status, output: stdout + stderr }
  }

  it('passes what is declared', () => {
    const { status, output } = lint(newWorkspace({}))
    expect(output).toContain('Checked ')
    expect(status).toBe(0)
  })

  it('fails on a package that imports what it does not declare', () => {
    const wrongArrow = "import { feed } from '@c1/kraken'\n\nexport const trade = feed\n"
    const { status, output } = lint(newWorkspace({ 'packages/market/src/index.ts': wrongArrow }))
    expect(output).toMatch(/packages\/market\/src\/index\.ts:1:\d+ lint\/correctness\/noUndeclaredDependencies/)
    expect(status).toBe(1)
  })

  it('fails on files that import in a circle', () => {
    const { status, output } = lint(
      newWorkspace({
        'packages/market/src/candle.ts':
          "import { trade } from './trade.ts'\n\nexport const candle = (): number => trade()\n",
        'packages/market/src/trade.ts':
          "import { candle } from './candle.ts'\n\nexport const trade = (): number => candle()\n",
      }),
    )
    expect(output).toMatch(/packages\/market\/src\/trade\.ts:1:\d+ lint\/suspicious\/noImportCycles/)
    expect(status).toBe(1)
  })
})
