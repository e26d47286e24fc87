import {
  type IdSpace,
  type MarketSymbol,
  ORDER_TYPES,
  SIDES,
  sliceColumns,
  type Trade,
  type TradeColumns,
} from '@c1/market'

/** Trades are gathered here and given out as columns; the memory is used again for the next ones. */
export class ColumnBuilder {
  readonly #symbol: MarketSymbol
  readonly #idSpace: IdSpace
  #columns: TradeColumns
  #textEnd = 0
  /** Room that stays for the texts that `begin` was told of. */
  #reserved = 0
  count = 0

  constructor(symbol: MarketSymbol, idSpace: IdSpace) {
    this.#symbol = symbol
    this.#idSpace = idSpace
    this.#columns = this.#allocate(0, 0)
  }

  /** Forgets the trades, and makes room for so many, with texts of so many bytes in all. */
  begin(trades: number, textBytes: number): TradeColumns {
    const { ids, texts } = this.#columns
    if (ids.length < trades || texts.length < 2 * textBytes) this.#columns = this.#allocate(trades, 2 * textBytes)
    this.#columns.bounds[0] = 0
    this.#reserved = textBytes
    this.#textEnd = 0
    this.count = 0
    return this.#columns
  }

  /** The columns that are written to. */
  get columns(): TradeColumns {
    return this.#columns
  }

  /** Where the next text goes. */
  get textEnd(): number {
    return this.#textEnd
  }

  /** Counts a trade that was written into the columns, with texts to `textEnd`. */
  wrote(textEnd: number): void {
    this.count += 1
    this.#textEnd = textEnd
  }

  /** May move the texts to a larger array. */
  push({ tradeId, eventTime, price, quantity, side, orderType }: Trade): void {
    this.#makeRoom(price.length + quantity.length)
    const { bounds, ids, orderTypes, sides, texts, times } = this.#columns
    const index = this.count
    ids[index] = tradeId
    times[index] = eventTime
    sides[index] = SIDES.indexOf(side as never)
    orderTypes[index] = ORDER_TYPES.indexOf(orderType as never)
    let end = this.#textEnd
    for (const [at, text] of [price, quantity].entries()) {
      for (let digit = 0; digit < text.length; digit += 1) texts[end + digit] = text.charCodeAt(digit)
      end += text.length
      bounds[2 * index + at + 1] = end
    }
    this.wrote(end)
  }

  /** The trades so far, valid until `begin`. */
  finish(): TradeColumns {
    return sliceColumns({ ...this.#columns, count: this.#columns.ids.length }, 0, this.count)
  }

  /** Only a number written with an exponent is longer as plain text than what `begin` made room for. */
  #makeRoom(bytes: number): void {
    const { texts } = this.#columns
    if (this.#textEnd + bytes + this.#reserved <= texts.length) return
    const larger = new Uint8Array(2 * texts.length + bytes)
    larger.set(texts)
    this.#columns = { ...this.#columns, texts: larger }
  }

  #allocate(trades: number, textBytes: number): TradeColumns {
    return {
      symbol: this.#symbol,
      idSpace: this.#idSpace,
      count: 0,
      ids: new Float64Array(trades),
      times: new Float64Array(trades),
      texts: new Uint8Array(textBytes),
      bounds: new Uint32Array(2 * trades + 1),
      sides: new Uint8Array(trades),
      orderTypes: new Uint8Array(trades),
    }
  }
}
