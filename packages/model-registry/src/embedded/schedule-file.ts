import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EpochMicros, epochMicros, UsageError } from '@c1/market'

/** Entries with a leading dot are not versions. */
const FILE = '.schedule.json'

/** Replaces the schedule of the name in `folder`, all or nothing. */
export async function writeSchedule(folder: string, nextCutOff: EpochMicros): Promise<void> {
  const path = join(folder, FILE)
  await writeFile(`${path}.new`, `${JSON.stringify({ nextCutOff })}\n`)
  await rename(`${path}.new`, path)
}

/** @throws UsageError `registry_damaged` naming the file */
export async function readSchedule(folder: string): Promise<EpochMicros | undefined> {
  const path = join(folder, FILE)
  try {
    return epochMicros(JSON.parse(await readFile(path, 'utf8')).nextCutOff)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UsageError(
      'registry_damaged',
      `${path} is not a schedule of models. Delete it: training then starts anew.`,
      {
        cause,
      },
    )
  }
}
