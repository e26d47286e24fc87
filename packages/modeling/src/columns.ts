import type { FeatureGroup } from '@c1/features'
import { InvariantError } from '@c1/market'

/** Indexes of the columns that feed models. */
export function inputColumns(group: FeatureGroup): readonly number[] {
  return group.features.flatMap(({ role }, index) => (role === 'input' ? [index] : []))
}

/** Index of the close, which labels are made of. @throws InvariantError `group_without_close` */
export function closeColumn(group: FeatureGroup): number {
  const index = group.features.findIndex(({ name, role }) => name === 'close' && role === 'label')
  if (index === -1) {
    throw new InvariantError(
      'group_without_close',
      `Feature group ${group.name} version ${group.version} has no label column "close".`,
    )
  }
  return index
}
