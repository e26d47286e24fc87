import { mkdtemp, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Makes the folder `place` with one file in it, durable and all at once: written beside it under a name with a leading dot,
 * brought to the disk, then renamed. A kill leaves at most the dotted folder. What is at `place` already is not replaced,
 * unless it is an empty folder.
 */
export async function placeFolder(place: string, fileName: string, content: string): Promise<void> {
  const temporary = await mkdtemp(join(dirname(place), '.placing-'))
  try {
    await writeDurably(join(temporary, fileName), content)
    await syncFolder(temporary)
    await rename(temporary, place)
  } catch (thrown) {
    await rm(temporary, { recursive: true, force: true })
    throw thrown
  }
  await syncFolder(dirname(place))
}

async function writeDurably(file: string, content: string): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Brings a folder's list of entries to the disk. Windows has no such call and writes it with the rename. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
