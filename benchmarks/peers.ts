import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const DIRECTORY = fileURLToPath(new URL('peers/', import.meta.url))

/**
 * A module of a package that the benchmarks compare C1 with. Peers are no dependencies of C1: they are installed into
 * `benchmarks/peers` when a benchmark needs them for the first time.
 */
export function requirePeer(name: string): unknown {
  if (!existsSync(new URL('peers/node_modules', import.meta.url))) installPeers()
  return createRequire(new URL('peers/package.json', import.meta.url))(name)
}

function installPeers(): void {
  console.error('Installing the peers to compare with into benchmarks/peers (once)...')
  const args = ['ci', '--prefix', DIRECTORY, '--ignore-scripts', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) throw new Error('The peers could not be installed; is the npm registry reachable?')
}
