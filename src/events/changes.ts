/** Things with a version: made, changed and removed, each in one commit with the event that tells it. */
import { Refusal } from '../errors.ts'
import type { EndTokens } from '../keys/end-tokens.ts'
import { act, type Decision } from '../store/act.ts'
import type { CollectionName, Collections } from '../store/collections.ts'
import type { Guarded, Kept, NewEvent, Store, Write } from '../store/store.ts'
import type { Asker } from '../web/asker.ts'
import { type Expected, requireVersion } from '../web/etag.ts'
import { newEvent } from './rules.ts'

export interface ChangeDeps {
  store: Store
  endTokens: EndTokens
  newId: (prefix: string) => string
}

export interface Thing<C extends CollectionName, S extends Shown> {
  collection: C
  /** Of its events: `holder` in `holder.created`. */
  type: string
  /** As its GET shows it. */
  show: (document: Collections[C]) => S
}
interface Shown {
  id: string
  name: string
  version: number
}
type Versioned<C extends CollectionName> = Collections[C] & { version: number }

export interface Made<C extends CollectionName> {
  document: Collections[C]
  /** What the decision rests on. */
  expect?: readonly Guarded[]
  /** What a taken id means. */
  exists: () => Refusal
}

export interface Target {
  account: string
  /** In the store. */
  id: string
  asker: Asker
  /** Of a change that needs If-Match. */
  expected?: Expected
}

export interface Change<C extends CollectionName> {
  /** Members that change, undefined ones not; null: it is so already, and nothing is written or told. */
  to: { readonly [M in keyof Collections[C]]?: Collections[C][M] | undefined } | null
  /** `updated` in `holder.updated`, or the whole type with a dot in it. */
  event: string
  /** Told beside the object. */
  data?: Record<string, unknown>
  /** Told besides. */
  also?: readonly { event: string; data: Record<string, unknown> }[]
  expect?: readonly Guarded[]
  /** Tokens that end with it. */
  ends?: Parameters<EndTokens['begin']>[1] | null
  exists?: () => Refusal
}

export interface Changes {
  /** @param decide reads and answers what is to be made; throws {@link Refusal} */
  make<C extends CollectionName, S extends Shown>(
    thing: Thing<C, S>,
    asker: Asker,
    decide: () => Promise<Made<C>>,
  ): Promise<S>
  /** @throws Refusal `not_found`, `precondition_failed`, and what `decide` throws */
  change<C extends CollectionName, S extends Shown>(
    thing: Thing<C, S>,
    target: Target,
    decide: (present: Kept<Collections[C]>) => Change<C> | Promise<Change<C>>,
  ): Promise<S>
  /**
   * Removes what nothing names any more.
   *
   * @param users who names it, for a refusal `in_use`; null: nobody
   */
  remove<C extends CollectionName, S extends Shown>(
    thing: Thing<C, S>,
    target: Target,
    users: (present: Kept<Collections[C]>) => Promise<string | null>,
  ): Promise<void>
}

export function createChanges(deps: ChangeDeps): Changes {
  return {
    make: (thing, asker, decide) => make(deps, thing, asker, decide),
    change: (thing, target, decide) => change(deps, thing, target, decide),
    remove: (thing, target, users) => remove(deps, thing, target, users),
  }
}

async function make<C extends CollectionName, S extends Shown>(
  deps: ChangeDeps,
  thing: Thing<C, S>,
  asker: Asker,
  decide: () => Promise<Made<C>>,
): Promise<S> {
  const attempt = async (): Promise<Decision<S>> => {
    const { document, expect = [], exists } = await decide()
    const shown = thing.show(document)
    return {
      account: document.account,
      commit: {
        expect,
        insert: [{ collection: thing.collection, document } as Write],
        events: [tell(deps, thing, 'created', asker, shown)],
      },
      answer: shown,
      refusals: { exists },
    }
  }
  return act(deps.store, attempt, asker.once)
}

async function change<C extends CollectionName, S extends Shown>(
  deps: ChangeDeps,
  thing: Thing<C, S>,
  target: Target,
  decide: (present: Kept<Collections[C]>) => Change<C> | Promise<Change<C>>,
): Promise<S> {
  const { account, asker } = target
  const attempt = async (): Promise<Decision<S>> => {
    const present = await find(deps, thing, target)
    const { to, event, data, also = [], expect = [], ends = null, exists } = await decide(present)
    if (to === null) return { account, commit: {}, answer: thing.show(present) }
    const document = { ...present, ...definedOf(to), version: present.version + 1 }
    const shown = thing.show(document)
    return {
      account,
      commit: {
        expect,
        replace: [{ collection: thing.collection, document } as unknown as Guarded],
        insert: ends === null ? [] : [deps.endTokens.begin(account, ends)],
        events: [{ event, data }, ...also].map((one) => tell(deps, thing, one.event, asker, shown, one.data)),
      },
      answer: shown,
      ...(exists === undefined ? {} : { refusals: { exists } }),
    }
  }
  const shown = await act(deps.store, attempt)
  await deps.endTokens.finish(account)
  return shown
}

async function remove<C extends CollectionName, S extends Shown>(
  deps: ChangeDeps,
  thing: Thing<C, S>,
  target: Target,
  users: (present: Kept<Collections[C]>) => Promise<string | null>,
): Promise<void> {
  const { account, asker } = target
  await act(deps.store, async () => {
    // Whoever begins to name it tells so by an event: the head must not have moved since nobody did.
    const head = await deps.store.get(account, 'heads', account)
    const present = await find(deps, thing, target)
    const detail = await users(present)
    if (detail !== null) throw new Refusal('in_use', { detail })
    return {
      account,
      commit: {
        expect: head === null ? [] : [{ collection: 'heads', document: head }],
        remove: [{ collection: thing.collection, document: present } as unknown as Guarded],
        events: [tell(deps, thing, 'deleted', asker, thing.show(present))],
      },
      answer: {},
    }
  })
}

function definedOf(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

async function find<C extends CollectionName, S extends Shown>(
  { store }: ChangeDeps,
  { collection }: Thing<C, S>,
  { account, id, expected }: Target,
): Promise<Kept<Versioned<C>>> {
  const present = (await store.get(account, collection, id)) as Kept<Versioned<C>> | null
  if (present === null) throw new Refusal('not_found')
  if (expected !== undefined) requireVersion(expected, present)
  return present
}

function tell<C extends CollectionName, S extends Shown>(
  deps: ChangeDeps,
  { type }: Thing<C, S>,
  event: string,
  { actor, requestId }: Asker,
  shown: S,
  data: Record<string, unknown> = {},
): NewEvent {
  return newEvent(deps.newId('evt'), {
    type: event.includes('.') ? event : `${type}.${event}`,
    actor,
    requestId,
    subject: { type, id: shown.id, name: shown.name },
    data: { object: shown, ...data },
  })
}
