import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { makeKey } from '../keys/making.ts'
import { callerOf } from './caller.ts'

const HOLDERS = '/manage/accounts/acme/holders'
const faultsOf = ({ status, json }: { status: number; json: () => Record<string, unknown> }) => [
  status,
  json().errors as unknown,
]

onBothStores('Names and custom data', (bed) => {
  it('a name that nobody can see is blank', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    for (const name of ['\u200b', '\u3164', '\u00ad', ' \u2060\u00a0', '\u2800\ufe0f', '\u2066\u2069'])
      expect(faultsOf(await acme.post(HOLDERS, { type: 'partner', name })), JSON.stringify(name)).to.deep.include(400)
    const detail = 'must be one line, and not blank'
    const blank = await acme.post(HOLDERS, { type: 'partner', name: '\u200b\u3164' })
    expect(faultsOf(blank)).to.deep.equal([400, [{ pointer: '/name', detail }]])
    // A joiner inside a name is part of how it is written.
    for (const name of ['می\u200cخواهم', '👩\u200d🚀 Space', 'עברית', 'Zoë'])
      expect((await acme.post(HOLDERS, { type: 'partner', name })).json().name).to.equal(name)
  })

  it('a name does not turn the direction of writing', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    const detail = 'must not hold characters that turn the direction of writing'
    for (const name of ['abc\u202egpj.exe', '\u2066abc\u2069', 'a\u202ab'])
      expect(faultsOf(await acme.post(HOLDERS, { type: 'partner', name }))).to.deep.equal([
        400,
        [{ pointer: '/name', detail }],
      ])
  })

  it('no member of custom data is lost: __proto__ is refused wherever it stands, others are kept', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const operator = await callerOf(b, 'operator-manage')
    const detail = 'is a name that JavaScript keeps for itself; choose another.'
    const customData = JSON.parse('{"a":1,"__proto__":{"admin":true}}') as object
    const deep = JSON.parse('{"a":[{"__proto__":1}]}') as object
    const key = await makeKey(b, acme)
    const member = (
      (await acme.get('/manage/accounts/acme/members')).json().items as { id: string; version: number }[]
    )[0]
    const paths: [string, number][] = [
      [key.path, 1],
      [`${HOLDERS}/${b.demo.holders.northwind}`, 1],
      ['/manage/accounts/acme/sub-accounts/acme-eu', 1],
      [`/manage/accounts/acme/members/${member?.id}`, member?.version ?? 0],
    ]
    for (const [path, version] of paths) {
      const answer = await acme.patch(path, { customData }, version)
      expect(faultsOf(answer), path).to.deep.equal([400, [{ pointer: '/customData/__proto__', detail }]])
    }
    const nested = await operator.patch('/manage/accounts/acme', { customData: deep }, 1)
    expect(faultsOf(nested)).to.deep.equal([400, [{ pointer: '/customData/a/0/__proto__', detail }]])
    const odd = { constructor: { prototype: { x: 1 } }, prototype: 2, toString: 'text', hasOwnProperty: null }
    const kept = await acme.patch(key.path, { customData: odd }, 1)
    expect(kept.json().customData, kept.text).to.deep.equal(odd)
    expect((await acme.get(key.path)).json().customData).to.deep.equal(odd)
  })
})
