import { readdirSync } from 'node:fs'
import { inspect } from 'node:util'
import { LEAST_SHARE, loadBaseline, losses, saveBaseline } from './baseline.ts'
import type { Bench, BenchResult } from './bench.ts'

const USAGE = `Usage: npm run bench -- [NAME...] [--save]

Runs the benchmarks (all of benchmarks/*.bench.ts, or those named) and compares their ratios with benchmarks/baselines.
Ends with 1 when a ratio is below ${LEAST_SHARE} of its baseline's. --save makes this run the baseline.

Example: npm run bench -- candles-archive`

async function main(args: readonly string[]): Promise<number> {
  const benches = await loadBenches()
  const known = benches.map(({ name }) => name)
  if (args.includes('--help')) {
    console.log(`${USAGE}\n\nBenchmarks: ${known.join(', ')}`)
    return 0
  }
  const names = args.filter((arg) => arg !== '--save')
  const unknown = names.find((name) => !known.includes(name))
  if (unknown !== undefined) {
    console.error(`There is no benchmark "${unknown}". Choose from ${known.join(', ')}.`)
    return 2
  }
  let failed = false
  for (const bench of benches.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const result = await bench.run()
    if (!isBenchResult(result)) {
      console.log(`\n${bench.name}:`, inspect(result, { depth: null, breakLength: 120 }))
      continue
    }
    const hasLost = report(bench.name, result)
    if (args.includes('--save')) saveBaseline(bench.name, result.ratios)
    else failed ||= hasLost
  }
  return failed ? 1 : 0
}

async function loadBenches(): Promise<Bench[]> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.bench.ts'))
  return Promise.all(files.sort().map((file) => import(`./${file}`) as Promise<Bench>))
}

/** A benchmark may also find something that is no race; it is printed as it is. */
function isBenchResult(result: unknown): result is BenchResult {
  return typeof result === 'object' && result !== null && 'figures' in result && 'ratios' in result
}

/** Prints the result. True when a ratio was lost against the baseline. */
function report(name: string, { workload, figures, ratios }: BenchResult): boolean {
  const baseline = loadBaseline(name)
  const lost = baseline === undefined ? [] : losses(ratios, baseline)
  console.log(`\n${name}: ${workload}`)
  printTable(figures.map(({ label, value, unit }) => [label, `${value.toPrecision(3)} ${unit}`]))
  const rows = ratios.map((ratio) => {
    const { label, value, target } = ratio
    const before = baseline?.ratios[label]
    return [
      label,
      `${value.toFixed(2)}x`,
      target === undefined ? '' : `target ${target}x ${value >= target ? 'met' : 'MISSED'}`,
      before === undefined ? 'no baseline' : `baseline ${before.toFixed(2)}x${lost.includes(ratio) ? ' LOST' : ''}`,
    ]
  })
  printTable(rows)
  return lost.length > 0
}

function printTable(rows: readonly (readonly string[])[]): void {
  const widths = rows.reduce<number[]>(
    (widths, row) => row.map((cell, at) => Math.max(cell.length, widths[at] ?? 0)),
    [],
  )
  for (const row of rows) console.log(`  ${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}`.trimEnd())
}

process.exitCode = await main(process.argv.slice(2))
