/**
 * Prints the final candles of a data directory, read from its log without the command line. Any number of programs may
 * read while C1 writes.
 *
 *     node examples/read-candles.ts .c1/simulator BTC/USD 1h
 */
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { candlesCodec, openEmbeddedLog, TOPICS } from '@c1/event-log'
import { type Candle, formatTime, marketSymbol, parseInterval } from '@c1/market'

const [folder = '.c1/simulator', symbolText = 'BTC/USD', intervalText = '1h'] = process.argv.slice(2)
const directory = join(resolve(folder), 'log')
if (!existsSync(directory)) {
  process.stderr.write(`${folder} holds no log. Name the folder of a source, like .c1/simulator or .c1/kraken.\n`)
  process.exit(2)
}

const symbol = marketSymbol(symbolText)
const interval = parseInterval(intervalText)
// The folder is named after the source, and every record says which source it is of.
const codec = candlesCodec(basename(resolve(folder)))
const log = await openEmbeddedLog({ directory, onWarning: (message) => process.stderr.write(`${message}\n`) })

// A corrected window is in the log again with the next revision: the last one counts.
const candles = new Map<number, Candle>()
const consumer = await log.consumer(TOPICS.candles, { from: 'earliest', until: 'end' })
for await (const { records } of consumer) {
  for (const record of records) {
    const message = codec.decode(record)
    if (message.kind !== 'candle') continue
    const { candle } = message
    if (candle.symbol === symbol && candle.interval === interval) candles.set(candle.openTime, candle)
  }
}
await log.close()

for (const { close, openTime, tradeCount, volume } of [...candles.values()].sort((a, b) => a.openTime - b.openTime)) {
  process.stdout.write(`${formatTime(openTime)}  close ${close}  volume ${volume}  trades ${tradeCount}\n`)
}
