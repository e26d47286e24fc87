import { type Logger, pino, stdTimeFunctions } from 'pino'

export type { Logger } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Structured lines on standard error; standard output is for data. */
export function createLogger(level: LogLevel): Logger {
  return pino({ level, base: null, timestamp: stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }))
}
