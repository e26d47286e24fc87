import { classPath } from './jars.ts'
import { run } from './run.ts'

const TOOLS = {
  topics: 'org.apache.kafka.tools.TopicCommand',
  groups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
} as const

/** Runs one of Kafka's own command-line tools to its end, and gives what it wrote. @throws Error with that when it fails */
export async function kafkaTool(tool: keyof typeof TOOLS, args: readonly string[]): Promise<string> {
  const jvm = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
  const { failed, text } = await run('java', [...jvm, '-cp', await classPath(), TOOLS[tool], ...args])
  if (failed) throw new Error(`Kafka's tool ${tool} failed: ${text}`)
  return text
}
