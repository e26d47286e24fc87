import { eventLogContract } from '@c1/testkit'
import { describe } from 'vitest'
import { newStore } from './store.ts'

describe('the Kafka log with one partition', () => {
  eventLogContract(() => newStore({ partitions: 1 }), { writers: 'several', timestampMicros: 1000 })
})

describe('the Kafka log with five partitions', () => {
  eventLogContract(() => newStore({ partitions: 5 }), { writers: 'several', timestampMicros: 1000 })
})
