import { readFileSync } from 'node:fs'
import { UsageError } from '@c1/market'
import { SETTINGS, type Settings } from '@c1/service'
import { Command, Option } from 'commander'
import { backfill } from './commands/backfill.ts'
import { buildCandleFile } from './commands/candles.ts'
import { showConfig } from './commands/config.ts'
import { EXPORTS, exportRows } from './commands/export.ts'
import { importFiles, PROOFS, type Proof } from './commands/import.ts'
import { listModels, showModel } from './commands/models.ts'
import { run } from './commands/run.ts'
import { runSimulator } from './commands/simulator.ts'
import { status } from './commands/status.ts'
import { checkTopics, createTopics, forgetRole, readTopic } from './commands/topics.ts'
import { train } from './commands/train.ts'
import { up } from './commands/up.ts'
import { type Context, openContext } from './context.ts'
import { counted } from './counted.ts'
import { ProgressLine } from './progress.ts'
import { parseFormat } from './table.ts'
import { parseMoment, parseRange } from './time-range.ts'
import { ROLES } from './workspace.ts'

type Flags = Record<string, string | boolean | undefined>

/** The command line. Options work alike everywhere; each command has only those that it uses. */
export function program(signal: AbortSignal): Command {
  const root = new Command('c1')
    .description('Kraken trades to live, scored predictions, with nothing lost on the way.')
    .version(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version)
    // After a command its own options count: `models show NAME --version 3` asks for a version of the model.
    .enablePositionalOptions()
    .showHelpAfterError('Add --help for the options.')
    .exitOverride()
  const open = (flags: Flags): Promise<Context> => openContext(settingsIn(flags), signal)

  command(root, 'up', 'run every role in one process, with the page and the API', [
    ...MARKET,
    ...PIPELINE,
    'httpHost',
    'httpPort',
  ])
    .addHelpText('after', example('c1 up --symbols BTC/USD,ETH/USD --horizon 5m'))
    .action(async (flags: Flags) => up(await open(flags), { quiet: flags.quiet === true }))

  command(root, 'run', 'run one role on the data directory', [
    ...MARKET,
    ...PIPELINE,
    'httpHost',
    'httpPort',
    'metricsPort',
  ])
    .argument('<role>', ROLES.join(', '))
    .addHelpText('after', example('c1 run ingest-trades --source kraken --symbols BTC/USD'))
    .action(async (role: string, flags: Flags) => run(await open(flags), role, { quiet: flags.quiet === true }))

  command(
    root,
    'import',
    'read Kraken archive files (.csv, .csv.gz, .zip, stored REST answers) into the trade log',
    MARKET,
  )
    .argument('<files...>', 'archive files; without --symbols each is the market it is named after')
    .addOption(
      new Option(
        '--prove-ids <when>',
        'find out which trades rows without ids are, by asking the venue; auto asks one that was named (--source kraken, KRAKEN_REST_URL)',
      )
        .choices(PROOFS)
        .default('auto'),
    )
    .addHelpText('after', example('c1 import Kraken_Trading_History.zip --symbols BTC/USD --source kraken'))
    .action(async (files: string[], flags: Flags) =>
      importFiles(await open(flags), files, { quiet: flags.quiet === true, prove: flags.proveIds as Proof }),
    )

  command(root, 'backfill', 'fetch history over REST into the trade log; goes on where it was stopped', MARKET, true)
    .requiredOption('--from <time>', 'ISO 8601, or -24h for a day ago; inclusive')
    .option('--to <time>', 'exclusive; up to now otherwise')
    .addHelpText('after', example('c1 backfill --symbols BTC/USD,ETH/USD --from 2026-10-01T00:00:00Z'))
    .action(async (flags: Flags) => {
      const range = parseRange(String(flags.from), to(flags))
      const [from, until] = [range.from, flags.to === undefined ? Number.POSITIVE_INFINITY : range.to]
      await backfill(await open(flags), { from, to: until, json: flags.json === true, quiet: flags.quiet === true })
    })

  command(root, 'candles', 'turn an archive file straight into candles, without the stores', ['symbols'])
    .argument('<file>', 'archive file of trades')
    .option('--interval <list>', 'candle lengths', '1m')
    .addOption(formatOption())
    .option('--layout <layout>', "c1, or kraken for lines as in Kraken's own candle files", 'c1')
    .option('--workers <count>', 'threads that read a file which is not packed, or auto: by its size', 'auto')
    .option('--out <file>', 'file to write; standard output otherwise')
    .addHelpText('after', example('c1 candles XBTUSD.csv.gz --interval 1h --layout kraken > XBTUSD_60.csv'))
    .action(async (file: string, flags: Flags) => {
      const context = await open({ ...flags, interval: undefined })
      const { interval, layout, out, workers } = flags as Record<string, string>
      await buildCandleFile(context, file, {
        interval: interval ?? '1m',
        layout: layout ?? 'c1',
        workers: workers ?? 'auto',
        format: parseFormat(String(flags.format)),
        out: out === undefined ? undefined : context.path(out),
        quiet: flags.quiet === true,
      })
    })

  command(root, 'export', 'write rows out of the stores', MARKET)
    .argument('<what>', EXPORTS.join(', '))
    .option('--interval <list>', 'candle lengths, for candles; the shortest one otherwise')
    .option('--from <time>', 'ISO 8601, or -24h for a day ago; inclusive')
    .option('--to <time>', 'exclusive')
    .option('--known-at <time>', 'feature rows as they were known then')
    .option('--fill <how>', 'flat: also a row, marked as filled, for each window in which ids show no trades')
    .addOption(formatOption())
    .option('--layout <layout>', "c1, or kraken for lines as in Kraken's own archive files", 'c1')
    .option('--out <file>', 'file to write; standard output otherwise')
    .addHelpText(
      'after',
      example('c1 export candles --symbols BTC/USD --interval 1h --from -7d --format parquet --out week.parquet'),
    )
    .action(async (what: string, flags: Flags) => {
      const context = await open({ ...flags, interval: undefined })
      const { fill, from, interval, knownAt, layout, out } = flags as Record<string, string | undefined>
      const rows = await exportRows(context, what, {
        fill,
        range: parseRange(from, to(flags)),
        knownAt: knownAt === undefined ? undefined : parseMoment(knownAt, '--known-at'),
        interval,
        format: parseFormat(String(flags.format)),
        out: out === undefined ? undefined : context.path(out),
        layout: layout ?? 'c1',
      })
      if (out !== undefined) new ProgressLine(flags.quiet === true).say(`${counted(rows, 'row')} in ${out}`)
    })

  command(
    root,
    'train',
    'train a model of each symbol on everything known now',
    [...MARKET, 'intervals', 'horizon', 'trainWindow', 'trainMinRows'],
    true,
  )
    .addHelpText('after', example('c1 train --symbols BTC/USD --horizon 5m'))
    .action(async (flags: Flags) =>
      train(await open(flags), { json: flags.json === true, quiet: flags.quiet === true }),
    )

  const models = root.command('models').description('look at the trained models')
  command(models, 'list', 'every version of every model', ['source', 'dataDir'], true)
    .addHelpText('after', example('c1 models list'))
    .action(async (flags: Flags) => listModels(await open(flags), { json: flags.json === true }))
  command(
    models,
    'show',
    'the card of a version: its data, its scores beside the baselines, why it serves',
    ['source', 'dataDir'],
    true,
  )
    .argument('<name>', 'as in models list')
    .option('--version <number>', 'which version; the newest otherwise')
    .addHelpText('after', example('c1 models show BTC-USD-return-1m'))
    .action(async (name: string, flags: Flags) =>
      showModel(await open(flags), name, { json: flags.json === true, version: versionIn(flags) }),
    )

  command(
    root,
    'status',
    'what the data directory holds: trades, holes, features, models',
    ['symbols', 'source', 'dataDir', 'horizon'],
    true,
  )
    .addHelpText('after', example('c1 status --source kraken'))
    .action(async (flags: Flags) => status(await open(flags), { json: flags.json === true }))

  const topics = root.command('topics').description('the topics on Kafka or Redpanda')
  command(topics, 'create', 'make those that are missing, and check all', ['source', 'dataDir'])
    .option('--partitions <number>', 'of each topic, the same for all; default 8')
    .option('--replicas <number>', 'of each partition; default 1')
    .addHelpText('after', example('C1_EVENT_LOG=kafka c1 topics create --partitions 8 --replicas 3'))
    .action(async (flags: Flags) => createTopics(await open(flags), topicFlags(flags)))
  command(topics, 'check', 'whether roles can run on them, and what mends them', ['source', 'dataDir'], true)
    .option('--partitions <number>', 'how many each topic shall have; as many as trades has otherwise')
    .addHelpText('after', example('C1_EVENT_LOG=kafka c1 topics check'))
    .action(async (flags: Flags) => checkTopics(await open(flags), { ...topicFlags(flags), json: flags.json === true }))
  command(topics, 'read', 'the records of a topic, decoded, as JSON lines', ['symbols', 'source', 'dataDir'])
    .argument('<topic>', 'trades.v1, candles.v1, features.v1, predictions.v1, outcomes.v1, dead-letters.v1')
    .option('--last <number>', 'only so many of each partition, the newest; all otherwise')
    .addHelpText('after', example('c1 topics read candles.v1 --symbols BTC/USD --last 20'))
    .action(async (topic: string, flags: Flags) =>
      readTopic(await open(flags), topic, typeof flags.last === 'string' ? { last: flags.last } : {}),
    )
  command(topics, 'forget', 'have a role start from the oldest records that are left', ['source', 'dataDir'])
    .argument('<role>', ROLES.join(', '))
    .addHelpText('after', example('C1_EVENT_LOG=kafka c1 topics forget build-candles'))
    .action(async (role: string, flags: Flags) => forgetRole(await open(flags), role))

  command(
    root,
    'config',
    'the effective settings and where each comes from',
    SETTINGS.map(({ key }) => key),
    true,
  )
    .addHelpText('after', example('C1_HORIZON=5m c1 config'))
    .action(async (flags: Flags) => showConfig(await open(flags), { json: flags.json === true }))

  simulatorCommand(root, signal)
  return root
}

const MARKET: readonly (keyof Settings)[] = ['symbols', 'source', 'dataDir', 'logLevel']
const PIPELINE: readonly (keyof Settings)[] = [
  'intervals',
  'horizon',
  'backfill',
  'trainEvery',
  'trainWindow',
  'trainMinRows',
  'simulatorKind',
  'simulatorSeed',
  'simulatorSpeed',
]

function command(
  parent: Command,
  name: string,
  description: string,
  keys: readonly (keyof Settings)[],
  json = false,
): Command {
  const added = parent.command(name).description(description).exitOverride()
  for (const { default: usual, env, flag, help, key } of SETTINGS) {
    if (flag !== undefined && keys.includes(key))
      added.option(`--${flag} <value>`, `${help} (${env}, default ${usual})`)
  }
  if (json) added.option('--json', 'one JSON value a line')
  return added.option('--quiet', 'no progress on standard error')
}

function formatOption(): Option {
  return new Option('--format <format>', 'csv, jsonl or parquet').default('csv')
}

function simulatorCommand(root: Command, signal: AbortSignal): void {
  root
    .command('simulator')
    .description("a venue on loopback that speaks Kraken's REST and WebSocket v2")
    .exitOverride()
    .option('--kind <kind>', 'noise (nothing is predictable) or signal (a known part is); default noise')
    .option('--seed <number>', 'equal seeds give equal trades; default 1')
    .option('--speed <factor>', 'simulated seconds a second; default 1')
    .option('--start <time>', 'simulated time at the start; default now')
    .option('--activity <factor>', 'multiplies the number of trades; default 1')
    .option('--replay <file>', 'serve the real trades of an archive file instead')
    .option('--symbol <symbol>', 'market of the replayed file; default what it is named after')
    .option('--history <span>', 'how much of the replayed file has happened at the start')
    .option('--faults <script>', 'what goes wrong: a file like examples/faults.json, or random:SEED; default nothing')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', '0 takes a free one', '0')
    .addHelpText('after', example('c1 simulator --kind signal --seed 7 --port 8800 --faults random:7'))
    .action((flags) => {
      const home = process.env.INIT_CWD ?? process.cwd()
      return runSimulator(flags, (typed) => `${typed.startsWith('/') ? '' : `${home}/`}${typed}`, signal)
    })
}

/** The flags that are settings, by setting. Commander names `--data-dir` `dataDir` and `--interval` `interval`. */
function settingsIn(flags: Flags): Partial<Record<keyof Settings, string>> {
  const found: Partial<Record<keyof Settings, string>> = {}
  for (const { flag, key } of SETTINGS) {
    const value =
      flag === undefined ? undefined : flags[flag.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]
    if (typeof value === 'string') found[key] = value
  }
  return found
}

const to = (flags: Flags): string | undefined => flags.to as string | undefined

function topicFlags({ partitions, replicas }: Flags): { partitions?: string; replicas?: string } {
  return {
    ...(typeof partitions === 'string' && { partitions }),
    ...(typeof replicas === 'string' && { replicas }),
  }
}

function versionIn({ version }: Flags): number | undefined {
  if (version === undefined) return undefined
  if (!/^\d+$/.test(String(version)))
    throw new UsageError('version_malformed', `--version "${version}" is not a number like 3.`)
  return Number(version)
}

function example(line: string): string {
  return `\nExample:\n  ${line}`
}
