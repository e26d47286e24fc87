import type { ScoreRow } from '../src/wire.ts'
import { count, percent, signedPercent } from './format.ts'
import { verdictOf } from './verdict.ts'

export function LiveScore({ score }: { readonly score: ScoreRow | undefined }) {
  return (
    <section class="card">
      <h2>Live score</h2>
      {score ? (
        <Score score={score} />
      ) : (
        <p class="empty">No outcome yet. The first is known one horizon after the first prediction made in time.</p>
      )}
    </section>
  )
}

function Score({ score }: { readonly score: ScoreRow }) {
  const { tone, words } = verdictOf(score)
  return (
    <>
      <p class="figure">
        {signedPercent(score.skill)}{' '}
        <small>
          skill{score.skillStandardError !== null && ` \u00b1 ${(score.skillStandardError * 100).toFixed(2)}`}
        </small>
      </p>
      <p class="range">Squared error saved against "no change"</p>
      <p class={`verdict ${tone}`}>{words}</p>
      <table class="compare">
        <thead>
          <tr>
            <th scope="col">
              <span class="visually-hidden">Measure</span>
            </th>
            <th scope="col">Model</th>
            <th scope="col">No change</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">RMSE, bp</th>
            <td>{bp(Math.sqrt(score.mse))}</td>
            <td>{bp(Math.sqrt(score.noChangeMse))}</td>
          </tr>
          <tr>
            <th scope="row">MAE, bp</th>
            <td>{bp(score.mae)}</td>
            <td>{bp(score.noChangeMae)}</td>
          </tr>
        </tbody>
      </table>
      <dl>
        <dt>Outcomes</dt>
        <dd>{count(score.count)} made in time</dd>
        <dt>Coverage</dt>
        <dd>
          {percent(score.coverage, 1)} <small>of {percent(score.targetCoverage)} promised</small>
        </dd>
      </dl>
    </>
  )
}

function bp(logReturn: number): string {
  return (logReturn * 1e4).toFixed(3)
}
