/** The parameters of a REST call, of its query or its form. */
export type Parameters = URLSearchParams

/** A REST call that the venue refuses: HTTP 200 with the text in the answer's `error` list. */
export class Refusal extends Error {}

export const UNKNOWN_PAIR = 'EQuery:Unknown asset pair'
export const RATE_LIMIT = 'EAPI:Rate limit exceeded'

/** @param result JSON text */
export function answerText(result: string): string {
  return `{"error":[],"result":${result}}`
}

export function refusalText(error: string): string {
  return `{"error":[${JSON.stringify(error)}],"result":null}`
}

export function invalidArguments(parameter: string): Refusal {
  return new Refusal(`EGeneral:Invalid arguments:${parameter}`)
}
