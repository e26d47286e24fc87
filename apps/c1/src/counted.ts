/** A number with what it counts, a noun of regular plural: `1 trade`, `1,200 trades`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`
}

/** What became of rows that could not be read; empty where there were none. */
export function rejectedText(rows: number): string {
  if (rows === 0) return ''
  return `, ${counted(rows, 'unreadable row')} kept as ${rows === 1 ? 'a dead letter' : 'dead letters'}`
}
