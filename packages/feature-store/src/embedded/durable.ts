import { mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'

/**
 * Replaces a file all or nothing: `write` fills a temporary file beside it, which takes its name once it is on disk. The
 * temporary name starts with a dot and has another ending, so that no reader of `*.parquet` picks it up.
 */
export async function replaceFile(path: string, write: (temporary: string) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`)
  try {
    await write(temporary)
    await sync(temporary, 'r+')
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncDirectory(dirname(path))
}

/** Makes `path` under `root`, on disk when it resolves. */
export async function makeDirectory(root: string, path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true })
  if (created === undefined) return
  let directory = root
  for (const name of relative(root, path).split(sep)) {
    await syncDirectory(directory)
    directory = join(directory, name)
  }
}

/** Windows cannot sync a directory; its file system keeps the order of renames by itself. */
async function syncDirectory(path: string): Promise<void> {
  if (process.platform !== 'win32') await sync(path, 'r')
}

async function sync(path: string, flags: string): Promise<void> {
  const file = await open(path, flags)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
