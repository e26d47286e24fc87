import type { FaultSchedule } from './schedule.ts'

const EXCEEDED = 'Exceeded msg rate'

/** The answer to any request while the venue says that there are too many; then the request is not looked at. */
export function exceededRate(faults: FaultSchedule, request: string): string | undefined {
  const fault = faults.inForce('exceeded-rate')
  if (fault === undefined) return undefined
  if (fault.form === 'object') return JSON.stringify({ Error: EXCEEDED })
  const { method, req_id } = fieldsOf(request)
  return JSON.stringify({ error: EXCEEDED, method, success: false, req_id })
}

/** What an upgrade to WebSocket gets: its HTTP status when refused, `hang-up` when the line is cut, else `undefined`. */
export function refusedUpgrade(faults: FaultSchedule): number | 'hang-up' | undefined {
  if (faults.inForce('drop') !== undefined) return 'hang-up'
  return faults.inForce('refuse-connections')?.status
}

function fieldsOf(request: string): { method?: unknown; req_id?: unknown } {
  try {
    return Object(JSON.parse(request))
  } catch {
    return {}
  }
}
