import type { ServerResponse } from 'node:http'
import { C1Error, UsageError } from '@c1/market'
import staticFiles from '@fastify/static'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import type { Registry } from 'prom-client'
import { type ApiSources, serveRows } from './api.ts'
import { measureFreshness, measureRequests, measureStream } from './http-metrics.ts'
import { builtPage } from './page.ts'
import { Problem, problemOf } from './problem.ts'
import { choiceParameter, intervalsParameter, readQuery, symbolsParameter } from './query.ts'
import { SECURITY_HEADERS, secure } from './security.ts'
import { readinessOf, type StatusSources } from './status.ts'
import { STREAM_TYPES } from './stream-backlog.ts'
import { StreamHub } from './stream-hub.ts'

/** What the server needs of a logger. */
export interface ServerLogger {
  error(details: object, message: string): void
}

export interface ServerOptions extends ApiSources, StatusSources {
  /** The process's metrics; those of the server are added. */
  readonly metrics: Registry
  readonly logger: ServerLogger
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  /** Gives the folder of the page. Default: the page of C1, built first where it is not yet. */
  readonly page?: (signal: AbortSignal) => Promise<string>
  /** Stream events kept for clients that come back. Default 10,000. */
  readonly backlog?: number
  /** Milliseconds between two status events. Default 1000. */
  readonly statusEvery?: number
  /** Milliseconds between two comments on a silent stream. Default 15,000. */
  readonly beatEvery?: number
}

export interface RunningServer {
  /** `http://127.0.0.1:7070` */
  readonly url: string
  close(): Promise<void>
}

/** Serves the API and the page. @throws UsageError `port_in_use`, `port_refused` or `host_unavailable` */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const app = createServer(options)
  const { host = '127.0.0.1', port } = options
  try {
    const url = await app.listen({ host, port })
    return { url, close: () => app.close() }
  } catch (error) {
    await app.close()
    throw cannotListen(error, host, port)
  }
}

/** The server without a port, for tests by injection. */
export function createServer(options: ServerOptions): FastifyInstance {
  const app = fastify({ forceCloseConnections: true, bodyLimit: 1024, frameworkErrors: sendProblem })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500) options.logger.error({ err: error, url: request.url }, 'A request failed')
    return sendProblem(error, request, reply)
  })
  app.setNotFoundHandler(({ url }) => {
    throw new Problem(404, 'route_unknown', `There is nothing at ${url.split('?')[0]}. Start at /v1/symbols.`)
  })
  secure(app, options.host ?? '127.0.0.1')
  measureRequests(app, options.metrics)
  measureFreshness(options.view, options.metrics)
  serveHealth(app, options)
  serveRows(app, options)
  serveStream(app, options)
  servePage(app, options)
  return app
}

function sendProblem(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error)
  return reply
    .code(problem.status)
    .headers(SECURITY_HEADERS)
    .type('application/problem+json')
    .send(JSON.stringify(problem))
}

function serveHealth(app: FastifyInstance, { metrics, ...sources }: ServerOptions): void {
  app.get('/healthz', () => ({ status: 'ok' }))
  app.get('/readyz', () => {
    const { ready, reasons } = readinessOf(sources)
    if (ready) return { status: 'ready' }
    throw new Problem(503, 'not_ready', `C1 is not ready: ${reasons.join(' ')}`, { reasons })
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()))
}

function serveStream(app: FastifyInstance, options: ServerOptions): void {
  const stream = measureStream(() => hub, options.metrics)
  const hub = new StreamHub({ ...options, onSlowClient: stream.slowClient })
  const timers = [
    setInterval(() => hub.tellStatus(), options.statusEvery ?? 1000),
    setInterval(() => hub.beat(), options.beatEvery ?? 15_000),
  ]
  app.addHook('preClose', async () => {
    for (const timer of timers) clearInterval(timer)
    hub.close()
  })
  app.get('/v1/stream', { exposeHeadRoute: false }, (request, reply) => {
    const query = readQuery(request.query, ['symbols', 'types', 'intervals'])
    const filter = {
      symbols: symbolsParameter(query, options.view),
      types: choiceParameter(query, 'types', STREAM_TYPES),
      intervals: intervalsParameter(query, options.view),
    }
    reply.hijack()
    openStream(reply.raw)
    hub.connect(reply.raw, filter, request.headers['last-event-id']?.toString())
  })
}

function openStream(raw: ServerResponse): void {
  raw.writeHead(200, {
    ...SECURITY_HEADERS,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
}

/** The page is built while the API answers already; only who asks for the page waits for it. */
function servePage(app: FastifyInstance, { page = builtPage, logger }: ServerOptions): void {
  const closing = new AbortController()
  app.addHook('preClose', async () => closing.abort())
  const ready = page(closing.signal).catch((error: unknown) => {
    if (!closing.signal.aborted) logger.error({ err: error }, 'The page could not be built; the API works without it')
    return undefined
  })
  app.register(staticFiles, { root: import.meta.dirname, serve: false })
  const send = async (reply: FastifyReply, file: string, cacheControl: string) => {
    const folder = await ready
    if (folder === undefined) throw new Problem(503, 'page_not_built', 'The page could not be built; the log says why.')
    return reply.header('cache-control', cacheControl).sendFile(file, folder, { cacheControl: false })
  }
  app.get('/', (_request, reply) => send(reply, 'index.html', 'no-cache'))
  // The names of these files change with their content.
  app.get<{ Params: { '*': string } }>('/assets/*', ({ params }, reply) =>
    send(reply, `assets/${params['*']}`, 'public, max-age=31536000, immutable'),
  )
}

function cannotListen(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  const details = { host, port }
  const choose = 'choose another port with --http-port or C1_HTTP_PORT'
  if (code === 'EADDRINUSE') {
    return new UsageError('port_in_use', `Port ${port} on ${host} is in use: stop what uses it, or ${choose}.`, {
      details,
    })
  }
  if (code === 'EACCES') {
    return new UsageError('port_refused', `This user may not listen on port ${port}: ${choose}.`, { details })
  }
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    const message = `"${host}" is not an address of this machine: set C1_HTTP_HOST to one, 127.0.0.1 for example.`
    return new UsageError('host_unavailable', message, { details })
  }
  return new C1Error('server_failed', `The HTTP server could not start on ${host}:${port}.`, { cause: error })
}
