import { UsageError } from '@c1/market'

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}$/

/** Names of topics and groups become names of files. @throws UsageError `topic_malformed`, `group_malformed` */
export function checkName(what: 'topic' | 'group', name: string): string {
  if (NAME.test(name)) return name
  throw new UsageError(
    `${what}_malformed`,
    `"${name}" is not a name for a ${what}: use 1 to 100 letters, digits, dots, dashes and underscores, no dot first.`,
  )
}
