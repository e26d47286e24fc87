import type { PredictionRow } from '../src/wire.ts'
import { basisPoints, clock, clockSeconds, percent } from './format.ts'

interface LatestPredictionProps {
  readonly latest: PredictionRow | undefined
  readonly waitingFor: string | undefined
  readonly loaded: boolean
}

export function LatestPrediction({ latest, waitingFor, loaded }: LatestPredictionProps) {
  return (
    <section class="card">
      <h2>Latest prediction</h2>
      {latest ? <Prediction row={latest} /> : <p class="empty">{whyNone(waitingFor, loaded)}</p>}
    </section>
  )
}

function whyNone(waitingFor: string | undefined, loaded: boolean): string {
  if (!loaded) return 'Loading'
  return (
    waitingFor ?? 'None yet. A model is trained as soon as there are enough feature rows; then every candle gives one.'
  )
}

function Prediction({ row }: { readonly row: PredictionRow }) {
  return (
    <>
      <p class="figure">
        {basisPoints(row.value)} <small>bp over {row.horizon}</small>
      </p>
      <p class="range">
        {percent(row.coverage)} interval {basisPoints(row.lower)} to {basisPoints(row.upper)} bp
      </p>
      <dl>
        <dt>From</dt>
        <dd>{clock(row.asOf)} UTC</dd>
        <dt>Model</dt>
        <dd>
          {row.kind}, version {row.version}
        </dd>
        <dt>Made</dt>
        <dd>{row.late ? <LateMark /> : `live, at ${clockSeconds(row.madeAt)}`}</dd>
        <dt>Outcome</dt>
        <dd>{row.outcome === null ? 'not known yet' : `${basisPoints(row.outcome)} bp`}</dd>
      </dl>
    </>
  )
}

export function LateMark() {
  return (
    <span class="mark" title="Made after the next candle had closed: never counted in the live score.">
      late
    </span>
  )
}
