import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Problem } from './problem.ts'

/** Sent with every answer. The page loads nothing from elsewhere; the chart sets its styles in line. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** Only reads, only under this host's own names, and the headers above on whatever is answered. */
export function secure(app: FastifyInstance, host: string): void {
  app.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store')
    checkHost(request.headers.host, host)
    checkMethod(request, reply)
  })
}

/**
 * A page of another site can make its own name resolve to this address (DNS rebinding) and then read from here as if it
 * were from the same origin. Its name stays in the `Host` header, so only names that nobody else can own are answered;
 * a literal address is one.
 */
function checkHost(header: string | undefined, host: string): void {
  const name = (header ?? '')
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase()
  if (name === 'localhost' || name === host.toLowerCase()) return
  const open = host === '0.0.0.0' || host === '::'
  if (name === '127.0.0.1' || name === '::1' || (open && isIP(name) !== 0)) return
  const detail = `C1 does not answer to the host "${header ?? ''}". Use localhost, 127.0.0.1 or ${host}.`
  throw new Problem(403, 'host_refused', detail)
}

function checkMethod({ method }: FastifyRequest, reply: FastifyReply): void {
  if (method === 'GET' || method === 'HEAD') return
  reply.header('allow', 'GET, HEAD')
  throw new Problem(405, 'method_refused', `${method} is not answered: this API only reads. Use GET.`)
}
