import type { PredictionRow } from '../src/wire.ts'
import { basisPoints, clock } from './format.ts'

const WIDTH = 1000
const HEIGHT = 150

/** Predicted returns with their intervals, and the outcomes as dots, by time; zero is what "no change" says. */
export function PredictionPlot({ predictions }: { readonly predictions: readonly PredictionRow[] }) {
  if (predictions.length < 2) return null
  const reach = reachOf(predictions)
  const x = (at: number) => ((at + 0.5) / predictions.length) * WIDTH
  const y = (value: number) => HEIGHT / 2 - (value / reach) * (HEIGHT / 2 - 6)
  const first = predictions[0] as PredictionRow
  const last = predictions.at(-1) as PredictionRow
  const path = (pick: (row: PredictionRow) => number) => predictions.map((row, at) => `${x(at)},${y(pick(row))}`)
  return (
    <figure class="plot">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={description(predictions)}
      >
        <polygon
          class="interval"
          points={[...path(({ upper }) => upper), ...path(({ lower }) => lower).toReversed()].join(' ')}
        />
        <line class="zero" x1="0" x2={WIDTH} y1={y(0)} y2={y(0)} />
        <polyline class="predicted" points={path(({ value }) => value).join(' ')} />
        {predictions.map(
          (row, at) =>
            row.outcome !== null && (
              // A line of no length with round ends stays a circle however wide the plot is drawn.
              <line
                key={row.asOf}
                class={row.covered ? 'dot covered' : 'dot missed'}
                x1={x(at)}
                x2={x(at)}
                y1={y(row.outcome)}
                y2={y(row.outcome)}
              />
            ),
        )}
      </svg>
      <figcaption>
        <span>{clock(first.asOf)}</span>
        <span class="keys">
          <i class="key predicted" /> predicted <i class="key interval" /> {Math.round(last.coverage * 100)} % interval{' '}
          <i class="key covered" /> outcome inside <i class="key missed" /> outside
        </span>
        <span>{clock(last.asOf)} UTC</span>
      </figcaption>
      <span class="reach top">{basisPoints(reach, 1)} bp</span>
      <span class="reach bottom">{basisPoints(-reach, 1)} bp</span>
    </figure>
  )
}

function reachOf(predictions: readonly PredictionRow[]): number {
  return Math.max(...predictions.flatMap(({ lower, upper, outcome }) => [-lower, upper, Math.abs(outcome ?? 0)]), 1e-5)
}

function description(predictions: readonly PredictionRow[]): string {
  const known = predictions.filter(({ covered }) => covered !== null)
  const inside = known.filter(({ covered }) => covered === true)
  return `${predictions.length} predictions; ${inside.length} of ${known.length} known outcomes lie in their interval`
}
