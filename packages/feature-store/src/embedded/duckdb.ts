import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'

type Api = typeof import('@duckdb/node-api')

/** An in-memory DuckDB, loaded when first used: loading takes longer than all that the online side needs. */
export class DuckDb {
  #loading: Promise<{ api: Api; instance: DuckDBInstance }> | undefined

  /** Runs on a connection of its own, so that what it does (temporary tables too) meets nothing else. */
  async run<Result>(action: (connection: DuckDBConnection, api: Api) => Promise<Result>): Promise<Result> {
    this.#loading ??= load()
    const { api, instance } = await this.#loading
    const connection = await instance.connect()
    try {
      return await action(connection, api)
    } finally {
      connection.closeSync()
    }
  }

  async close(): Promise<void> {
    const loaded = await this.#loading
    this.#loading = undefined
    loaded?.instance.closeSync()
  }
}

async function load(): Promise<{ api: Api; instance: DuckDBInstance }> {
  const api = await import('@duckdb/node-api')
  const instance = await api.DuckDBInstance.create(':memory:', {
    // Files are replaced under their name; a cache would have to notice.
    enable_external_file_cache: 'false',
    // Everything used is built in: nothing is ever fetched.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  return { api, instance }
}

/** Text as an SQL literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A name as an SQL identifier. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A path as a literal for functions that take patterns: it matches itself only. */
export function quotePattern(path: string): string {
  return quoteText(path.replace(/[[*?]/g, '[$&]'))
}
