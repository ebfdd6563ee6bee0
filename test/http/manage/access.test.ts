/**
 * Every operation of the management API, for every role and every kind of caller, against the table of actions. It reads
 * the declared routes, so a route that is added is covered at once; what the routes do is taken out.
 */
import { expect } from 'chai'
import { z } from 'zod'
import { ACTIONS, type ActionRule, MANAGE_SCOPES } from '../../../src/people/access.rules.ts'
import { enrolment } from '../../../src/people/enrol.rules.ts'
import { passwords } from '../../../src/people/passwords.ts'
import type { Route } from '../../../src/web/route.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { OWN_PAGE, send, signIn } from '../people/browser.ts'

interface Caller {
  headers: Record<string, string>
  /** Status that an operation should answer. 204: it was let through. */
  expected: (route: Route, rule: ActionRule, own: boolean) => number
}

const LET_THROUGH = 204
const inAccount = (route: Route) => route.path.includes('{account}')
const ofKey = (route: Route) => route.path.includes('{key}')
const byRole =
  (role: string): Caller['expected'] =>
  (_route, { roles }) =>
    (roles as string[]).includes(role) ? LET_THROUGH : 403
const nobody = () => 401

async function callers(b: Bed): Promise<Record<string, Caller>> {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const person = async (who: Parameters<typeof signIn>[1]) => ({ cookie: (await signIn(b, who)).cookie, ...OWN_PAGE })
  const all: Caller['expected'] = () => LET_THROUGH
  return {
    admin: { headers: await person('operator'), expected: all },
    support: { headers: await person('support'), expected: byRole('support') },
    owner: { headers: await person('owner'), expected: byRole('owner') },
    manager: { headers: await person('manager'), expected: byRole('manager') },
    viewer: { headers: await person('viewer'), expected: byRole('viewer') },
    holder: {
      headers: await person('holder'),
      expected: (route, { roles }, own) => (roles.includes('holder') && (own || !ofKey(route)) ? LET_THROUGH : 404),
    },
    'an owner of another account': {
      headers: await person(await ownerOfGlobex(b)),
      expected: (route, rule, own) => (inAccount(route) ? 404 : byRole('owner')(route, rule, own)),
    },
    'a program with every scope of the account': {
      headers: bearer(await b.token('acme-manage')),
      expected: (_route, { scope, personsOnly }) => (personsOnly || scope?.startsWith('operator:') ? 403 : LET_THROUGH),
    },
    'a program of another account': {
      headers: bearer(await b.token('resource-server')),
      expected: (route, { scope, personsOnly }) => {
        if (inAccount(route)) return 404
        const held = scope === null || ['tokens:introspect', 'usage:report'].includes(scope)
        return held && !personsOnly ? LET_THROUGH : 403
      },
    },
    nobody: { headers: {}, expected: nobody },
    'a raw API key': { headers: bearer(b.secret('acme-manage')), expected: nobody },
    'a token of v2': { headers: bearer(await b.token('acme-v2-server')), expected: nobody },
    'a cookie beside a token of v2': {
      headers: { ...(await person('owner')), ...bearer(await b.token('acme-v2-server')) },
      expected: nobody,
    },
  }
}

async function ownerOfGlobex(b: Bed): Promise<{ email: string; password: string }> {
  const given = { email: 'owner@globex.example', password: 'correct horse battery' }
  const { newId, now } = b.latchkey.keys
  const actor = { type: 'system', id: null, name: 'Test' } as const
  const password = await passwords.hash(given.password)
  const wish = { account: 'globex', email: given.email, name: 'Gus Globex', role: 'owner', password } as const
  const { insert, events } = enrolment({ ...wish, invitation: null }, { newId, now, actor })
  await b.latchkey.store.commit('globex', { insert, events })
  return given
}

/** Lets a call as far as the guard, and no further: no body, no query, any parameter, and nothing done. */
function hollow(route: Route): void {
  delete route.body
  delete route.query
  delete route.ifMatch
  route.params = z.record(z.string(), z.string())
  route.handle = async () => ({ status: LET_THROUGH })
}

onBothStores('Management: who may do what', (bed) => {
  let routes: Route[]
  let who: Record<string, Caller>

  before(async function () {
    this.timeout(30_000)
    who = await callers(bed())
    routes = bed().latchkey.routes.filter(({ access }) => access !== 'public')
    for (const route of routes) hollow(route)
  })

  it('every operation of the table is somewhere declared', () => {
    expect(routes.length).to.be.greaterThan(10)
    expect(new Set(routes.map(({ access }) => access))).to.deep.equal(new Set(Object.keys(ACTIONS)))
    for (const { path } of routes) expect(path).to.match(/^\/manage\//)
  })

  for (const name of [
    'admin',
    'support',
    'owner',
    'manager',
    'viewer',
    'holder',
    'an owner of another account',
    'a program with every scope of the account',
    'a program of another account',
    'nobody',
    'a raw API key',
    'a token of v2',
    'a cookie beside a token of v2',
  ]) {
    it(name, async () => {
      const b = bed()
      const { headers, expected } = who[name] as Caller
      const faults: string[] = []
      for (const route of routes) {
        const rule: ActionRule = ACTIONS[route.access as keyof typeof ACTIONS]
        for (const key of ofKey(route) ? ['acme-northwind', 'acme-v2-server'] : ['none']) {
          const own = key === 'acme-northwind'
          const path = route.path
            .replace('{account}', 'acme')
            .replace('{key}', key === 'none' ? '' : b.keyId(key))
            .replaceAll(/\{\w+\}/g, 'x')
          const { status, text } = await send(b, route.method.toUpperCase(), path, { headers })
          const right = expected(route, rule, own)
          if (status !== right) faults.push(`${route.method} ${path}: ${status} in place of ${right} ${text}`)
          if (status === 403 && !/role|scope/.test(text)) faults.push(`${path}: names no right: ${text}`)
        }
      }
      expect(faults).to.deep.equal([])
    }).timeout(60_000)
  }

  it('a program with one scope alone: what that scope is for, and nothing else', async () => {
    const b = bed()
    const faults: string[] = []
    for (const { name, implies = [], operatorOnly } of MANAGE_SCOPES) {
      const [key, account] = operatorOnly ? ['operator-manage', 'operator'] : ['acme-manage', 'acme']
      const headers = { authorization: `Bearer ${await b.token(key, { scope: name })}` }
      for (const route of routes) {
        const { scope, personsOnly }: ActionRule = ACTIONS[route.access as keyof typeof ACTIONS]
        const may = !personsOnly && (scope === null || scope === name || implies.includes(scope))
        const path = route.path.replace('{account}', account).replaceAll(/\{\w+\}/g, 'x')
        const { status } = await send(b, route.method.toUpperCase(), path, { headers })
        if (status !== (may ? LET_THROUGH : 403)) faults.push(`${name}: ${route.method} ${path}: ${status}`)
      }
    }
    expect(faults).to.deep.equal([])
  }).timeout(120_000)

  it('an account that is not there is not there for anybody, and ids of any kind are no error', async () => {
    const b = bed()
    const ids = ['nowhere', 'x'.repeat(256), '..%2F..', '%00', '$ne', '__proto__', '%F0%9F%94%91']
    const faults: string[] = []
    for (const name of ['admin', 'owner', 'a program with every scope of the account']) {
      const { headers } = who[name] as Caller
      for (const route of routes.filter(inAccount)) {
        for (const id of ids) {
          const path = route.path.replace('{account}', id).replaceAll(/\{\w+\}/g, 'x')
          const { status } = await send(b, route.method.toUpperCase(), path, { headers })
          if (status !== 404) faults.push(`${name}: ${route.method} ${path}: ${status}`)
        }
      }
    }
    expect(faults).to.deep.equal([])
  }).timeout(120_000)
})
