/** Where the values of an archive row are, as column numbers from 0. Columns that none of them names are not read. */
export interface RowColumns {
  /** Decimal seconds since 1970; windows need only the whole ones. */
  readonly time: number
  readonly price: number
  readonly volume: number
  /** The taker's: `b`, `s`, `buy`, `sell` or empty. */
  readonly side?: number
  /** `m`, `l`, `market`, `limit` or empty; checked, not used. */
  readonly orderType?: number
  /** The venue's id; absent where the rows have none. */
  readonly tradeId?: number
}

/** How the rows of an archive file are laid out. */
export interface RowLayout {
  /** The first line that is not empty names the columns. */
  readonly header: boolean
  readonly columns: RowColumns
  /** Fields in a row. */
  readonly count: number
}

/** What a column holds, as the row loop tells them apart. */
export const ROLE = { other: 0, time: 1, price: 2, volume: 3, side: 4, orderType: 5, tradeId: 6 } as const

/** The role of every column, in the order of the row. */
export function columnRoles({ columns, count }: RowLayout): Uint8Array {
  const roles = new Uint8Array(count)
  for (const [name, column] of Object.entries(columns)) roles[column as number] = ROLE[name as keyof RowColumns]
  return roles
}
