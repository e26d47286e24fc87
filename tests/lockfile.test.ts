import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

interface Entry {
  readonly link?: boolean
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const text = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8')
const { packages } = JSON.parse(text) as { packages: Record<string, Entry> }

/** Where Node looks for a package from inside `path`: beside it, and in every folder above. */
function candidates(path: string, name: string): string[] {
  const parents = path
    .split('/node_modules/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/node_modules/'))
  return ['', ...parents].map((parent) => (parent === '' ? `node_modules/${name}` : `${parent}/node_modules/${name}`))
}

describe('package-lock.json', () => {
  // npm forgets the entries of other platforms when it writes the file beside an existing node_modules; an install there
  // would then lack a native binary (https://github.com/npm/cli/issues/4828).
  it('has an entry for every optional dependency, whatever the platform', () => {
    const optional = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).map((name) => ({ path, name })),
    )
    expect(optional.length).toBeGreaterThan(0)
    expect(optional.filter(({ path, name }) => !candidates(path, name).some((key) => key in packages))).toStrictEqual(
      [],
    )
  })

  it('names no registry: everyone installs from their own', () => {
    const fetched = Object.entries(packages).filter(([, { link, resolved }]) => resolved !== undefined && link !== true)
    expect(fetched).toStrictEqual([])
    expect(text).not.toMatch(/registry\.|npmjs|\.tgz/)
  })
})
