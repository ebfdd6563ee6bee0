import type { RequestFacts } from './request.ts'

/** Whether the caller has this very version already (RFC 9110 §13.1.2, weak comparison). */
export function unmodified(request: RequestFacts, etag: string): boolean {
  const known = request.header('if-none-match')
  if (known === undefined) return false
  return known.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag)
}
