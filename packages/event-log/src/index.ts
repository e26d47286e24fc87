export { type EmbeddedLogOptions, openEmbeddedLog } from './embedded/embedded-log.ts'
export { acquireLock, type Lock, thisProcess } from './embedded/lock.ts'
export type { Retention } from './embedded/retention.ts'
export type {
  Batch,
  Consumer,
  ConsumerOptions,
  EventLog,
  LogRecord,
  Position,
  Producer,
  RecordRun,
  Selection,
  Share,
  ShareOptions,
  StoredRecord,
} from './event-log.ts'
export { type KafkaConnection, type KafkaSasl, type KafkaTls, SASL_MECHANISMS } from './kafka/connection.ts'
export { type KafkaLogOptions, openKafkaLog } from './kafka/kafka-log.ts'
export {
  KafkaTopics,
  type KafkaTopicsOptions,
  refuseProblems,
  type TopicProblem,
  type TopicState,
} from './kafka/topics.ts'
export { type CandleMessage, candlesCodec } from './messages/candles.ts'
export type { Codec } from './messages/codec.ts'
export { type DeadLettersCodec, deadLettersCodec } from './messages/dead-letters.ts'
export { type FeatureMessage, featuresCodec } from './messages/features.ts'
export { outcomesCodec, predictionsCodec } from './messages/predictions.ts'
export { TradeRuns } from './messages/trade-runs.ts'
export { type TradesCodec, tradesCodec } from './messages/trades.ts'
export { appendRun, recordsOf } from './record-run.ts'
export { type AvroLogOptions, withAvroValues } from './schemas/avro-log.ts'
export { openSchemaRegistry, type SchemaRegistry, type SchemaRegistryOptions } from './schemas/schema-registry.ts'
export { CHECKPOINTS_TOPIC, type DeadLetter, TOPICS, type Topic } from './topics.ts'
