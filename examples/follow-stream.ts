/**
 * Prints predictions of a running C1 as they are made, and what came of them. Uses nothing of C1 but its HTTP API.
 *
 *     node examples/follow-stream.ts http://127.0.0.1:7070
 */
const [address = 'http://127.0.0.1:7070'] = process.argv.slice(2)
const answer = await fetch(`${address}/v1/stream?types=prediction,outcome`)
if (answer.body === null || !answer.ok) throw new Error(`${address} answered ${answer.status}: ${await answer.text()}`)

interface Row {
  readonly symbol: string
  readonly asOf: string
  readonly value: number
  readonly outcome: number | null
  readonly simulated: boolean
}

let text = ''
for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
  text += chunk
  const events = text.split('\n\n')
  text = events.pop() ?? ''
  for (const event of events) print(event)
}

function print(event: string): void {
  const fields = new Map(event.split('\n').map((line) => splitOnce(line)))
  const data = fields.get('data')
  const type = fields.get('event')
  // The stream also tells its status; both kinds of row of interest are predictions, the second time with the outcome.
  if (data === undefined || (type !== 'prediction' && type !== 'outcome')) return
  const { asOf, outcome, simulated, symbol, value } = JSON.parse(data) as Row
  const happened = outcome === null ? '' : `, happened ${outcome.toExponential(2)}`
  process.stdout.write(
    `${simulated ? 'SIMULATED ' : ''}${symbol} ${asOf} predicted ${value.toExponential(2)}${happened}\n`,
  )
}

function splitOnce(line: string): [name: string, value: string] {
  const colon = line.indexOf(': ')
  return colon === -1 ? [line, ''] : [line.slice(0, colon), line.slice(colon + 2)]
}
