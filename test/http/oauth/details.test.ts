import { expect } from 'chai'
import { claimsOf, onBothStores } from '../bed.ts'
import { ask, CC } from './asking.ts'

onBothStores('authorization_details (RFC 9396)', (bed) => {
  const wish = (details: unknown, more: Record<string, string> = {}) =>
    ask(bed(), 'acme-v2-server', 'token', {
      ...CC,
      authorization_details: typeof details === 'string' ? details : JSON.stringify(details),
      ...more,
    })
  const onEu = (...actions: string[]) => ({ type: 'sub_account', identifier: 'acme-eu', actions })

  it('narrows to what is named, implied scopes written out, in the answer and in the token alike', async () => {
    const answer = await wish([onEu('orders:write')])
    const granted = [onEu('orders:read', 'orders:write')]
    expect(answer.json()).to.deep.include({ scope: '', authorization_details: granted })
    const claims = claimsOf(answer.json().access_token as string)
    expect(claims.authorization_details).to.deep.equal(granted)
    expect(claims).to.not.have.property('scope')
  })

  it('stands beside scope: the whole account for some, a sub-account for others', async () => {
    const answer = await wish([onEu('orders:read', 'links:read')], { scope: 'links:read' })
    expect(answer.json()).to.deep.include({ scope: 'links:read', authorization_details: [onEu('orders:read')] })
  })

  it('two entries for one sub-account are one', async () => {
    const answer = await wish([onEu('orders:read'), onEu('links:read')])
    expect(answer.json().authorization_details).to.deep.equal([onEu('links:read', 'orders:read')])
  })

  const bad: Record<string, unknown> = {
    'not JSON': '[{',
    'no array': onEu('links:read'),
    'an empty array': [],
    'no object': ['sub_account'],
    'null in it': [null],
    'no type': [{ identifier: 'acme-eu', actions: ['links:read'] }],
    'another type': [{ ...onEu('links:read'), type: 'payment' }],
    'an unknown member': [{ ...onEu('links:read'), locations: ['https://api.example.com'] }],
    'no identifier': [{ type: 'sub_account', actions: ['links:read'] }],
    'an identifier that is no text': [{ ...onEu('links:read'), identifier: { $ne: null } }],
    'no actions': [{ type: 'sub_account', identifier: 'acme-eu' }],
    'empty actions': [onEu()],
    'actions that are no texts': [{ ...onEu(), actions: [1] }],
    'nested without end': `${'['.repeat(5000)}${']'.repeat(5000)}`,
    'objects nested without end': `${'[{"a":'.repeat(2000)}1${'}]'.repeat(2000)}`,
    'a member twice':
      '[{"type":"sub_account","identifier":"acme-main","identifier":"acme-eu","actions":["links:read"]}]',
    'too much': JSON.stringify(Array.from({ length: 51 }, () => onEu('links:read'))),
    'a sub-account that is not there': [{ ...onEu('links:read'), identifier: 'nowhere' }],
    'an action that is not held': [onEu('links:nothing')],
    __proto__: '[{"__proto__":{"type":"sub_account"},"identifier":"acme-eu","actions":["links:read"]}]',
  }
  for (const [what, details] of Object.entries(bad)) {
    it(`${what}: 400 invalid_authorization_details`, async () => {
      const answer = await wish(details)
      expect([answer.status, answer.json().error]).to.deep.equal([400, 'invalid_authorization_details'])
    })
  }

  it('a colon and quotes inside a text are no members', async () => {
    const answer = await wish([{ ...onEu('links:read'), identifier: 'a":"b' }])
    expect(answer.json().error_description).to.include('Not all of authorization_details is held')
  })
})
