import type { Notes } from '../events/notes.ts'
import type { Store } from '../store/store.ts'
import type { SignInLimits } from '../usage/sign-in.ts'
import type { Passwords } from './passwords.ts'

/** What the acts of people need. */
export interface PeopleDeps {
  store: Store
  passwords: Passwords
  limits: SignInLimits
  notes: Notes
  /** PUBLIC_URL. */
  publicUrl: string
  now: () => number
  random: (bytes: number) => Buffer
  newId: (prefix: string) => string
}

/** Where a request came from. */
export interface From {
  address: string
  /** Cut to what is kept of it. */
  userAgent: string
  requestId: string | null
}
