import type { PredictionRow } from '../src/wire.ts'
import { basisPoints, clock } from './format.ts'
import { LateMark } from './latest-prediction.tsx'
import { PredictionPlot } from './prediction-plot.tsx'

const ROWS = 30

export function PredictionHistory({ predictions }: { readonly predictions: readonly PredictionRow[] }) {
  if (predictions.length === 0) return null
  return (
    <section class="card history">
      <h2>Predictions and what happened</h2>
      <PredictionPlot predictions={predictions.slice(-90)} />
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">From, UTC</th>
              <th scope="col">Predicted, bp</th>
              <th scope="col">Outcome, bp</th>
              <th scope="col">Error, bp</th>
              <th scope="col">Covered</th>
              <th scope="col">Interval, bp</th>
              <th scope="col">Over</th>
              <th scope="col">Model</th>
            </tr>
          </thead>
          <tbody>
            {predictions
              .slice(-ROWS)
              .toReversed()
              .map((row) => (
                <Row key={`${row.asOf} ${row.model} ${row.version}`} row={row} />
              ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Row({ row }: { readonly row: PredictionRow }) {
  return (
    <tr>
      <th scope="row">
        {clock(row.asOf)} {row.late && <LateMark />}
      </th>
      <td>{basisPoints(row.value)}</td>
      <td>{row.outcome === null ? <span class="pending">open</span> : basisPoints(row.outcome)}</td>
      <td>{row.error === null ? '' : basisPoints(row.error)}</td>
      <td>{row.covered === null ? '' : <Covered covered={row.covered} />}</td>
      <td>
        {basisPoints(row.lower)} to {basisPoints(row.upper)}
      </td>
      <td>{row.horizon}</td>
      <td>
        {row.kind} <small>v{row.version}</small>
      </td>
    </tr>
  )
}

function Covered({ covered }: { readonly covered: boolean }) {
  return <span class={covered ? 'covered' : 'missed'}>{covered ? 'yes' : 'no'}</span>
}
