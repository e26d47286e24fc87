import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  candlesCodec,
  deadLettersCodec,
  featuresCodec,
  type LogRecord,
  outcomesCodec,
  predictionsCodec,
  tradesCodec,
} from '@c1/event-log'
import { parseTime } from '@c1/market'
import { SETTINGS } from '@c1/service'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { program } from '../apps/c1/src/program.ts'
import { startServer } from '../apps/show-dashboard/src/index.ts'
import * as examples from '../packages/event-log/src/messages/examples.fixture.ts'
import { busyView, serverOptions } from './browser/market.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const README = read('README.md')
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
]
const cli = program(new AbortController().signal)

/** What stands in code, in line or in blocks, line by line. */
function codeLines(markdown: string): string[] {
  const blocks = markdown.match(/^```[\s\S]*?^```$/gm) ?? []
  const inline = markdown.replace(/^```[\s\S]*?^```$/gm, '').match(/`[^`\n]+`/g) ?? []
  return [...blocks.flatMap((block) => block.split('\n')), ...inline.map((code) => code.slice(1, -1))]
}

/** The command that a line calls, and the rest of its words. */
function resolve(words: readonly string[], command: Command = cli): [Command, readonly string[]] {
  const next = command.commands.find((child) => child.name() === words[0])
  return next === undefined ? [command, words] : resolve(words.slice(1), next)
}

function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
    getOutHelpWidth: () => 110,
  })
  command.outputHelp()
  return text.trimEnd()
}

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.filter((child) => child.name() !== 'help').flatMap(everyCommand)]
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`
}

describe.each(PAGES)('%s', (page) => {
  const text = read(page)

  it('calls commands that exist, with options that they have', () => {
    const calls = codeLines(text).flatMap((line) => /^(?:\S+=\S+ )*c1 ([a-z].*)/.exec(line.trim())?.[1] ?? [])
    for (const call of calls) {
      const [command, rest] = resolve(call.replace(/#.*/, '').split(/\s+/))
      expect(command, call).not.toBe(cli)
      const options = command.options.map(({ long }) => long)
      for (const word of rest.filter((word) => /^--[a-z]/.test(word))) {
        if (word !== '--help') expect(options, call).toContain(word)
      }
    }
  })

  it('names npm scripts that exist', () => {
    const scripts = Object.keys(JSON.parse(read('package.json')).scripts)
    for (const line of codeLines(text)) {
      const script = /^npm (?:run (?:-s )?)?([a-z][a-z:0-9-]*)/.exec(line)?.[1]
      if (script !== undefined) expect(scripts, line).toContain(script)
    }
  })

  it('links to what is there', () => {
    const targets = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target)
    for (const target of targets.filter((target) => !/^https?:/.test(target))) {
      expect(existsSync(join(root, dirname(page), target)), target).toBe(true)
    }
  })

  it('names variables that exist', () => {
    const known = SETTINGS.map(({ env }) => env)
    for (const [name] of text.matchAll(/\b(?:C1|KRAKEN)_[A-Z][A-Z_]*\b/g)) {
      // `C1_TEST_...` are the tests' own, `C1_BENCH_...` the benchmarks'.
      if (name.startsWith('C1_') && !/^C1_($|TEST_|BENCH_)/.test(name)) expect(known).toContain(name)
    }
  })
})

describe('the README', () => {
  it('lists every setting with its flag, key and default, in the order of c1 config', () => {
    const rows = README.split('\n').filter((line) => /^\| `(C1|KRAKEN)_/.test(line))
    const cells = rows.map((row) =>
      row
        .split('|')
        .slice(1, 5)
        .map((cell) => cell.trim().replaceAll('`', '')),
    )
    expect(cells).toEqual(
      SETTINGS.map(({ default: usual, env, flag, key }) => [env, flag === undefined ? '' : `--${flag}`, key, usual]),
    )
  })

  it('lists every command', () => {
    const commands = everyCommand(cli).filter((command) => command !== cli && command.commands.length === 0)
    for (const command of commands) expect(README).toContain(`| \`${fullName(command).replace(/ show$/, ' list')}`)
  })

  it('shows a c1.config.ts that works', () => {
    const directory = mkdtempSync(join(tmpdir(), 'c1-readme-'))
    try {
      const [, config = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(README) ?? []
      writeFileSync(join(directory, 'c1.config.ts'), config)
      symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
      const { INIT_CWD: _, ...env } = process.env
      const output = execFileSync(process.execPath, [join(root, 'apps/c1/src/main.ts'), 'config'], {
        cwd: directory,
        env,
        encoding: 'utf8',
      })
      expect(output).toMatch(/^horizon +5m +c1\.config\.ts/m)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('docs/commands.md', () => {
  /** `vitest run tests/readme.test.ts -u` writes it anew. */
  it('is what --help says', async () => {
    const sections = everyCommand(cli).map(
      (command) => `## ${fullName(command)}\n\n\`\`\`\n${helpOf(command)}\n\`\`\`\n`,
    )
    const head =
      '# Commands\n\nWhat `--help` says of each command. `npm run -s c1 --` stands for `c1` in a clone.\n' +
      'This page is written by a test: `npx vitest run tests/readme.test.ts -u`.\n'
    await expect([head, ...sections].join('\n')).toMatchFileSnapshot('../docs/commands.md')
  })
})

describe('docs/data-formats.md', () => {
  const symbol = examples.candle.symbol
  const eventTime = examples.candle.closeTime
  const records: Readonly<Record<string, LogRecord>> = {
    trade: tradesCodec('kraken').encode({ kind: 'trade', trade: examples.trade }),
    'trade of a file': tradesCodec('kraken').encode({ kind: 'trade', trade: examples.archiveTrade }),
    'heartbeat of trades': tradesCodec('kraken').encode({ kind: 'heartbeat', heartbeat: examples.heartbeat }),
    outage: tradesCodec('kraken').encode({ kind: 'outage', outage: examples.outage }),
    'outage with ids': tradesCodec('kraken').encode({ kind: 'outage', outage: examples.exception }),
    candle: candlesCodec('kraken').encode({ kind: 'candle', candle: examples.candle }),
    'heartbeat of candles': candlesCodec('kraken').encode({ kind: 'heartbeat', symbol, eventTime }),
    features: featuresCodec('kraken', examples.group).encode({ kind: 'features', row: examples.featureRow }),
    prediction: predictionsCodec('kraken').encode(examples.prediction),
    outcome: outcomesCodec('kraken').encode(examples.outcome),
    'dead letter': deadLettersCodec('kraken').encode(examples.deadLetter, parseTime('2025-11-10T13:00:02Z')),
  }

  it.each(Object.entries(records))('shows the bytes of a %s and its headers', (_, { headers, value }) => {
    const page = read('docs/data-formats.md')
    expect(page).toContain(`\n${Buffer.from(value).toString()}\n`)
    for (const [name, text] of Object.entries(headers)) {
      expect(page).toContain(`\`${name}\``)
      expect(page).toContain(`\`${text}\``)
    }
  })
})

describe('docs/http.md', () => {
  it('names routes that answer', async () => {
    const server = await startServer(serverOptions(busyView({ name: 'simulator', simulated: true })))
    try {
      const routes = [...read('docs/http.md').matchAll(/^## GET (\S+)$/gm)].map(([, route = '']) => route)
      expect(routes.length).toBeGreaterThan(10)
      for (const route of routes) {
        const answer = await fetch(server.url + route)
        const text = route.startsWith('/v1/stream') || answer.ok ? '' : await answer.text()
        await answer.body?.cancel().catch(() => undefined)
        expect(text, route).not.toContain('route_unknown')
      }
    } finally {
      await server.close()
    }
  })
})
