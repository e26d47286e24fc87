import type { CandidateRow, ModelRow } from '../src/wire.ts'
import { count, moment, signedPercent } from './format.ts'

interface ModelCardProps {
  readonly model: ModelRow | undefined
  readonly waitingFor: string | undefined
}

export function ModelCard({ model, waitingFor }: ModelCardProps) {
  return (
    <section class="card">
      <h2>Model</h2>
      {model ? (
        <Card model={model} />
      ) : (
        <p class="empty">
          {waitingFor ??
            'No model yet. Training starts by itself when there are enough feature rows to judge one honestly.'}
        </p>
      )}
    </section>
  )
}

function Card({ model }: { readonly model: ModelRow }) {
  return (
    <>
      <p class="kind">
        {model.kind} <small>version {model.version}</small>
      </p>
      <p class="reason">{model.reason}</p>
      <table class="compare">
        <caption>Out of sample, {model.folds} walk-forward folds</caption>
        <thead>
          <tr>
            <th scope="col">Candidate</th>
            <th scope="col">RMSE, bp</th>
            <th scope="col">Skill</th>
          </tr>
        </thead>
        <tbody>
          {model.scores.map((score) => (
            <Candidate key={score.kind} score={score} serves={score.kind === model.champion} />
          ))}
        </tbody>
      </table>
      <dl>
        <dt>Learned from</dt>
        <dd>
          {count(model.rowCount)} rows, {moment(model.firstEventTime)} to {moment(model.lastEventTime)}
        </dd>
        <dt>In force since</dt>
        <dd>{moment(model.effectiveFrom)} UTC</dd>
      </dl>
    </>
  )
}

function Candidate({ score, serves }: { readonly score: CandidateRow; readonly serves: boolean }) {
  return (
    <tr class={serves ? 'serves' : ''}>
      <th scope="row">
        {score.kind}
        {score.baseline && <small> baseline</small>}
      </th>
      <td>{(Math.sqrt(score.mse) * 1e4).toFixed(3)}</td>
      <td>
        {signedPercent(score.skill, 1)} <small>{`\u00b1 ${(score.skillStandardError * 100).toFixed(1)}`}</small>
      </td>
    </tr>
  )
}
