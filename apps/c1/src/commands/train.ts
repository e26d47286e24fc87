import { type EpochMicros, intervalMicros } from '@c1/market'
import type { Context } from '../context.ts'
import { catchUp, Pipeline } from '../pipeline.ts'
import { ProgressLine } from '../progress.ts'
import { storedSymbols } from '../stored.ts'
import { openWorkspace, storedFolder } from '../workspace.ts'
import { describeVersion } from './models.ts'

/** Trains each symbol's model on everything known now, beside the schedule that a running C1 keeps. */
export async function train(
  context: Context,
  { json, quiet }: { readonly json: boolean; readonly quiet: boolean },
): Promise<void> {
  const folder = await storedFolder(context)
  const workspace = await openWorkspace(context, folder, ['build-candles', 'compute-features', 'train-model'])
  const lines = new ProgressLine(quiet)
  const pipeline = new Pipeline(context, workspace)
  const worker = pipeline.trainingWorker()
  try {
    lines.say('Bringing candles and features up to date ...')
    await catchUp(context, workspace)
    for (const symbol of await storedSymbols(context, workspace)) {
      const newest = await workspace.features.latest(symbol)
      if (newest === undefined) {
        lines.say(`${symbol}: no feature rows yet; import or fetch more history`)
        continue
      }
      const cutOff = newest.eventTime
      const effectiveFrom = (cutOff + intervalMicros(context.features.group.interval)) as EpochMicros
      const trained = await pipeline.trainer(worker).train(symbol, cutOff, effectiveFrom)
      if ('skipped' in trained) lines.say(`${symbol}: not trained, ${trained.skipped}`)
      else process.stdout.write(json ? `${JSON.stringify(trained)}\n` : `${describeVersion(trained)}\n`)
    }
  } finally {
    await worker.close()
    await workspace.close()
  }
}
