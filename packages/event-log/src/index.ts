export type {
  Batch,
  Consumer,
  ConsumerOptions,
  EventLog,
  LogRecord,
  Position,
  Producer,
  StoredRecord,
} from './event-log.ts'
export { type DeadLetter, TOPICS, type Topic } from './topics.ts'
