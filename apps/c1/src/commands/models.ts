import { formatSpan, formatTime, UsageError } from '@c1/market'
import type { CandidateScore, ModelVersion } from '@c1/modeling'
import type { Context } from '../context.ts'
import { counted } from '../counted.ts'
import { openWorkspace, storedFolder, type Workspace } from '../workspace.ts'

export async function listModels(context: Context, { json }: { readonly json: boolean }): Promise<void> {
  await withWorkspace(context, async ({ registry }) => {
    const names = await registry.names()
    const versions = (await Promise.all(names.map((name) => registry.versions(name)))).flat()
    if (json) {
      for (const { model: _, ...version } of versions) print(JSON.stringify(version))
      return
    }
    if (versions.length === 0) print('No model has been trained yet.')
    for (const { name, version, kind, effectiveFrom, card } of versions) {
      print(
        `${name} v${version}  ${kind}  in force from ${formatTime(effectiveFrom)}  ${counted(card.rowCount, 'row')}  ${card.source}`,
      )
    }
  })
}

/** The newest version of a model, or the one asked for. */
export async function showModel(
  context: Context,
  name: string,
  { json, version: wanted }: { readonly json: boolean; readonly version: number | undefined },
): Promise<void> {
  await withWorkspace(context, async ({ registry }) => {
    const versions = await registry.versions(name)
    const version = wanted === undefined ? versions.at(-1) : versions.find(({ version }) => version === wanted)
    if (version === undefined) throw await missing(name, wanted, registry.names())
    print(json ? JSON.stringify(version) : describeVersion(version))
  })
}

/** A version's card as text. */
export function describeVersion({ name, version, kind, cutOff, effectiveFrom, card }: ModelVersion): string {
  return [
    `${name} v${version}: ${kind}`,
    `  why         ${card.reason}`,
    `  predicts    log return of ${card.symbol} over ${formatSpan(card.horizon)}, from ${card.interval} candles of ${card.source}`,
    `  in force    from ${formatTime(effectiveFrom)}; trained on what was known at ${formatTime(cutOff)}`,
    `  data        ${counted(card.rowCount, 'row')}, ${formatTime(card.firstEventTime)} to ${formatTime(card.lastEventTime)}, digest ${card.dataDigest.slice(0, 16)}`,
    `  scores      out of sample, ${card.folds} walk-forward folds, purge ${formatSpan(card.purge)}, embargo ${formatSpan(card.embargo)}`,
    ...card.scores.map(describeScore),
    `  code        ${card.codeVersion}`,
  ].join('\n')
}

function describeScore({
  baseline,
  count,
  kind,
  mae,
  mse,
  skill,
  skillStandardError,
  tStatistic,
}: CandidateScore): string {
  const against = baseline ? 'baseline' : `t ${tStatistic.toFixed(2)} against the best baseline`
  const error = skillStandardError === undefined ? '' : ` +- ${(100 * skillStandardError).toFixed(2)}`
  return `    ${kind.padEnd(16)} skill ${(100 * skill).toFixed(2)}${error} %  mse ${mse.toExponential(3)}  mae ${mae.toExponential(3)}  n ${count}  (${against})`
}

async function missing(
  name: string,
  version: number | undefined,
  names: Promise<readonly string[]>,
): Promise<UsageError> {
  const known = (await names).join(', ') || 'none yet'
  const what = version === undefined ? `model "${name}"` : `version ${version} of model "${name}"`
  return new UsageError('model_unknown', `There is no ${what}. Models: ${known}.`)
}

async function withWorkspace(context: Context, use: (workspace: Workspace) => Promise<void>): Promise<void> {
  const folder = await storedFolder(context)
  const workspace = await openWorkspace(context, folder, [])
  try {
    await use(workspace)
  } finally {
    await workspace.close()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
