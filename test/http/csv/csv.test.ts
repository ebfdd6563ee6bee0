import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { callerOf } from '../manage/caller.ts'

const HOLDERS = '/manage/accounts/acme/holders'

onBothStores('Lists as CSV', (bed) => {
  it('hold every row and every member, harmless to a spreadsheet', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    const wish = {
      type: 'machine',
      name: '=HYPERLINK("https://evil.example","a, b")',
      externalId: '+49 7',
      flags: ['one', 'two'],
      grants: [{ subAccount: null, scopes: ['links:read'] }],
    }
    const { id, createdAt } = (await acme.post(HOLDERS, wish)).json()
    const answer = await acme.get(`${HOLDERS}?type=machine`, { accept: 'text/csv' })
    expect(answer.status, answer.text).to.equal(200)
    expect(answer.headers.get('content-type')).to.equal('text/csv; charset=utf-8')
    expect(answer.headers.get('content-disposition')).to.equal('attachment; filename="listHolders.csv"')
    expect(answer.headers.get('cache-control')).to.equal('no-store')
    expect(answer.text).to.equal(
      'id,account,type,name,externalId,email,grants,status,flags,customData,createdAt,version\r\n' +
        `${id},acme,machine,"'=HYPERLINK(""https://evil.example"",""a, b"")",'+49 7,,` +
        `"[{""subAccount"":null,""scopes"":[""links:read""]}]",active,one two,{},${createdAt},1\r\n`,
    )
    expect((await acme.get(`${HOLDERS}?type=machine&format=csv`)).text).to.equal(answer.text)
    const json = await acme.get(`${HOLDERS}?type=machine&format=json`, { accept: 'text/csv' })
    expect(json.headers.get('content-type')).to.equal('application/json')
    const none = await acme.get(`${HOLDERS}?status=suspended&format=csv`)
    expect(none.text.split('\r\n')).to.have.length(2)
  })

  it('go on over many pages', async () => {
    const acme = await callerOf(bed(), 'acme-manage')
    for (let n = 0; n < 230; n += 10)
      await Promise.all(
        Array.from({ length: 10 }, (_, m) => acme.post(HOLDERS, { type: 'vendor', name: `Vendor ${n + m}` })),
      )
    const lines = (await acme.get(`${HOLDERS}?q=vendor&format=csv`)).text.trimEnd().split('\r\n')
    expect(new Set(lines).size).to.equal(231)
    for (const list of [
      'accounts',
      'accounts/acme/keys',
      'accounts/acme/events?type=holder.created',
      'accounts/acme/sub-accounts',
    ]) {
      const answer = await acme.get(`/manage/${list}`, { accept: 'text/csv' })
      expect([answer.status, answer.headers.get('content-type')], list).to.deep.equal([200, 'text/csv; charset=utf-8'])
    }
  }).timeout(30_000)

  it('are refused as any list is', async () => {
    const b = bed()
    const acme = await callerOf(b, 'acme-manage')
    for (const query of [
      'format=xml',
      'format=csv&limit=5',
      'format=csv&cursor=x',
      'format=csv&format=json',
      'format=csv&x=1',
    ]) {
      const answer = await acme.get(`${HOLDERS}?${query}`)
      expect([answer.status, answer.json().code], query).to.deep.equal([400, 'invalid_request'])
    }
    const foreign = await acme.get('/manage/accounts/globex/holders?format=csv')
    expect([foreign.status, foreign.headers.get('content-type')]).to.deep.equal([404, 'application/problem+json'])
    expect((await b.get(`${HOLDERS}?format=csv`)).status).to.equal(401)
  })
})
