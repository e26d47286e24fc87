import { readFileSync } from 'node:fs'

interface Recorded {
  readonly frames: readonly { readonly name: string; readonly frame: string }[]
}

const { frames } = JSON.parse(fixture('ws-v2-2026-09-25/frames.json')) as Recorded

/** The raw text of a recorded frame or answer of the live venue. */
export function recorded(name: string): string {
  const found = frames.find((frame) => frame.name === name)
  if (found === undefined) throw new Error(`No recorded frame ${name}.`)
  return found.frame
}

export function fixturePath(path: string): string {
  return new URL(`../../fixtures/${path}`, import.meta.url).pathname
}

function fixture(path: string): string {
  return readFileSync(fixturePath(path), 'utf8')
}
