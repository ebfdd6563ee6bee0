import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { basic } from './asking.ts'

/** A request that is wrong in every way: mended one by one, in this order, it shows what is judged first. */
onBothStores('What is judged first at the token endpoint', (bed) => {
  const faults: [string, string][] = [
    ['the body', 'invalid_request'],
    ['the client', 'invalid_client'],
    ['the grant', 'unsupported_grant_type'],
    ['the target', 'invalid_target'],
    ['the details', 'invalid_authorization_details'],
    ['the scope', 'invalid_scope'],
    ['the proof', 'invalid_dpop_proof'],
  ]

  it('body, client, grant, target, authorization_details, scope, proof', async () => {
    for (const [i, [mends, error]] of faults.entries()) {
      // What comes later in the list is still wrong.
      const form: [string, string][] = []
      const left = faults.slice(i)
      const has = (what: string) => left.some(([fault]) => fault === what)
      form.push(['grant_type', has('the grant') ? 'password' : 'client_credentials'])
      if (has('the target')) form.push(['resource', 'https://rs.example'])
      if (has('the details')) form.push(['authorization_details', '{}'])
      if (has('the scope')) form.push(['scope', 'no:such'])
      if (has('the body')) form.push(['scope', 'twice'])
      const client = has('the client') ? { authorization: 'Basic eDp5' } : basic(bed(), 'acme-v2-server')
      const answer = await bed().post('/v2/oauth/token', { form, headers: { ...client, dpop: 'nonsense' } })
      expect(answer.json().error, mends).to.equal(error)
      expect(answer.status, mends).to.equal(error === 'invalid_client' ? 401 : 400)
      expect(answer.headers.get('cache-control'), mends).to.equal('no-store')
      expect(answer.headers.get('pragma'), mends).to.equal('no-cache')
      expect(answer.json().error_description, mends).to.match(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    }
  })
})
