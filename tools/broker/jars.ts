import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from './run.ts'

const OLDEST_JAVA = 17

/** Where fetched jars and, by default, the data of brokers are kept. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'c1')
}

/**
 * The class path of the jars that a `pom.xml` lists, fetched from Maven Central the first time.
 *
 * @throws Error when there is no Java 17 or later, or when there is no Maven to fetch them with
 */
export async function classPath(pom: string = fileURLToPath(new URL('pom.xml', import.meta.url))): Promise<string> {
  await needJava()
  const digest = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
  const folder = join(cacheFolder(), `jars-${digest.slice(0, 12)}`)
  if (!existsSync(folder)) await fetchJars(pom, folder)
  return `${folder}/*`
}

async function needJava(): Promise<void> {
  const { failed, text } = await run('java', ['-version'])
  const version = Number(/version "(\d+)/.exec(text)?.[1])
  if (failed || !(version >= OLDEST_JAVA)) {
    const found = Number.isNaN(version) ? 'there is none' : `there is ${version}`
    throw new Error(
      `Kafka needs Java ${OLDEST_JAVA} or later, and ${found}. Debian: apt-get install openjdk-17-jre-headless`,
    )
  }
}

async function fetchJars(pom: string, folder: string): Promise<void> {
  process.stderr.write(`Fetching jars from Maven Central into ${folder} (once) ...\n`)
  await mkdir(cacheFolder(), { recursive: true })
  const unfinished = await mkdtemp(join(cacheFolder(), 'fetch-'))
  try {
    const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${unfinished}/jars`]
    const { failed, text } = await run('mvn', ['-q', '-B', '-f', pom, ...goal])
    if (failed) {
      const remedy = 'Maven (mvn) is needed once, with a way to Maven Central. Debian: apt-get install maven'
      throw new Error(`The jars could not be fetched. ${remedy}\n${text.slice(-2000)}`)
    }
    // Another process may have fetched them meanwhile: its folder is as good.
    await rename(join(unfinished, 'jars'), folder).catch((error) => {
      if (!existsSync(folder)) throw error
    })
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}
