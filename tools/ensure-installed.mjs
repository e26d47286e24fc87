// Plain JavaScript, because it runs on the Node that the user has, before anything is installed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.version} is too old to install with. Install Node 20.19 or newer.`)
}
process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const stamp = 'node_modules/.installed-lockfile'
const wanted = createHash('sha256')
  .update(readFileSync('package-lock.json'))
  .update(process.platform + process.arch)
  .digest('hex')
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  install()
  writeFileSync(stamp, wanted)
}

/** npm runs on the Node that the user started it with: the one in node_modules is about to be replaced. */
function install() {
  process.stderr.write('Installing dependencies (first time, or package-lock.json changed) ...\n')
  const { npm_execpath: npm = '', npm_node_execpath: node = process.execPath, PATH = '' } = process.env
  const [command, ...args] = npm.endsWith('npm-cli.js') ? [node, npm] : ['npm']
  const { status, error } = spawnSync(
    command,
    [...args, 'ci', '--include=dev', '--include=optional', '--loglevel=error'],
    {
      env: {
        ...process.env,
        PATH: PATH.split(delimiter)
          .filter((folder) => !folder.includes('node_modules'))
          .join(delimiter),
      },
      stdio: ['ignore', 2, 2],
    },
  )
  if (status !== 0) {
    fail(
      `Installing failed (${error?.message ?? `npm ci: exit code ${status}`}). Check the network, then run it again.`,
    )
  }
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
