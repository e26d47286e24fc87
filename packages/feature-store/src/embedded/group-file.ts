import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FeatureColumn, FeatureGroup } from '@c1/features'
import { UsageError } from '@c1/market'
import { makeDirectory, replaceFile } from './durable.ts'
import { damagedError, writeError } from './storage-error.ts'

/** `<offline>/<name>/v<version>`, which holds `_group.json` beside the folders of rows. Parquet readers skip names with an underscore. */
export function groupDirectory(offline: string, { name, version }: Pick<FeatureGroup, 'name' | 'version'>): string {
  return join(offline, name, `v${version}`)
}

/**
 * Makes the group known, or compares it with the one there is.
 *
 * @throws UsageError `group_mismatch`, `group_name`
 * @throws C1Error `disk_full`, `store_unwritable`, `store_damaged`
 */
export async function openGroup(offline: string, group: FeatureGroup): Promise<void> {
  if (!/^[a-z][a-z0-9_]*$/.test(group.name)) {
    throw new UsageError(
      'group_name',
      `"${group.name}" is not a name for a feature group: write it like candle_features.`,
    )
  }
  const directory = groupDirectory(offline, group)
  const path = join(directory, '_group.json')
  if (existsSync(path)) return compareGroups(readGroup(path), group)
  try {
    await makeDirectory(offline, directory)
    await replaceFile(path, (temporary) => writeFile(temporary, `${JSON.stringify(group, undefined, 2)}\n`))
  } catch (error) {
    throw writeError(path, error)
  }
}

/** Every group that was opened, versions of one name ascending. */
export function listGroups(offline: string): FeatureGroup[] {
  const paths = folders(offline).flatMap((name) =>
    folders(join(offline, name)).map((version) => join(offline, name, version, '_group.json')),
  )
  const groups = paths.filter((path) => existsSync(path)).map(readGroup)
  return groups.sort((a, b) => (a.name === b.name ? a.version - b.version : a.name < b.name ? -1 : 1))
}

function folders(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
}

function readGroup(path: string): FeatureGroup {
  try {
    const { name, version, interval, features } = JSON.parse(readFileSync(path, 'utf8')) as FeatureGroup
    return {
      name,
      version,
      interval,
      features: features.map(({ name, unit, description, role }) => ({ name, unit, description, role })),
    }
  } catch (error) {
    throw damagedError(path, error)
  }
}

function compareGroups(stored: FeatureGroup, wanted: FeatureGroup): void {
  const differences = differencesBetween(stored, wanted)
  if (differences.length === 0) return
  throw new UsageError(
    'group_mismatch',
    `Feature group ${wanted.name} version ${wanted.version} is stored differently: ${differences.join('; ')}. Use version ${wanted.version + 1} for the new columns.`,
    { details: { name: wanted.name, version: wanted.version, differences } },
  )
}

function differencesBetween(stored: FeatureGroup, wanted: FeatureGroup): string[] {
  const known = new Map(stored.features.map((column) => [column.name, column]))
  const asked = new Map(wanted.features.map((column) => [column.name, column]))
  const differences = [
    ...(stored.interval === wanted.interval ? [] : [`interval was ${stored.interval}, is ${wanted.interval}`]),
    ...stored.features.filter(({ name }) => !asked.has(name)).map(({ name }) => `${name} is gone`),
    ...wanted.features.flatMap((column) => columnDifference(known.get(column.name), column)),
  ]
  const reordered = wanted.features.some(({ name }, index) => stored.features[index]?.name !== name)
  return differences.length === 0 && reordered ? [`the order was ${[...known.keys()].join(', ')}`] : differences
}

/** Descriptions may be reworded. */
function columnDifference(stored: FeatureColumn | undefined, { name, unit, role }: FeatureColumn): string[] {
  if (stored === undefined) return [`${name} is new`]
  if (stored.unit !== unit) return [`${name} was in ${stored.unit}, is in ${unit}`]
  return stored.role === role ? [] : [`${name} was ${stored.role}, is ${role}`]
}
