import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Ratio } from './bench.ts'

/** The ratios of an earlier run, with what it ran on. */
export interface Baseline {
  readonly ratios: Readonly<Record<string, number>>
  readonly machine: string
  readonly commit: string
  readonly date: string
}

/** A ratio below this share of the baseline's fails: machines and moments differ, so a smaller loss says nothing. */
export const LEAST_SHARE = 0.75

function fileOf(name: string): URL {
  return new URL(`baselines/${name}.json`, import.meta.url)
}

export function loadBaseline(name: string): Baseline | undefined {
  return existsSync(fileOf(name)) ? (JSON.parse(readFileSync(fileOf(name), 'utf8')) as Baseline) : undefined
}

export function saveBaseline(name: string, ratios: readonly Ratio[]): void {
  const [cpu] = cpus()
  const baseline: Baseline = {
    ratios: Object.fromEntries(ratios.map(({ label, value }) => [label, Number(value.toFixed(2))])),
    machine: `${cpus().length} x ${cpu?.model.trim() ?? 'unknown'}, Node ${process.version}`,
    commit: spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).stdout.trim(),
    date: new Date().toISOString().slice(0, 10),
  }
  writeFileSync(fileOf(name), `${JSON.stringify(baseline, null, 2)}\n`)
}

/** The ratios that fell below `LEAST_SHARE` of the baseline's. */
export function losses(ratios: readonly Ratio[], baseline: Baseline): Ratio[] {
  return ratios.filter(({ label, value }) => value < LEAST_SHARE * (baseline.ratios[label] ?? 0))
}
