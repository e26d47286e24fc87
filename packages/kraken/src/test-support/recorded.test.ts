import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { fixturePath } from './recorded.ts'

it('the recorded frames are the ones whose origin is stated', () => {
  const folder = 'ws-v2-2026-09-25'
  const { file, sha256 } = JSON.parse(readFileSync(fixturePath(`${folder}/metadata.json`), 'utf8'))
  expect(
    createHash('sha256')
      .update(readFileSync(fixturePath(`${folder}/${file}`)))
      .digest('hex'),
  ).toBe(sha256)
})
