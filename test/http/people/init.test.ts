import { expect } from 'chai'
import { type InitDeps, type Invited, initialise, type LetIn, recoverAdmin } from '../../../src/accounts/init.ts'
import { findPerson, findSessions } from '../../../src/people/find.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { join, send, signIn, trySignIn } from './browser.ts'

const ANN = { email: 'ann@example.com', name: 'Ann' }
const depsOf = ({ latchkey }: Bed): InitDeps => ({
  ...latchkey.keys,
  publicUrl: latchkey.url,
  findPerson: (email) => findPerson(latchkey.store, email),
  findSessions: (personId) => findSessions(latchkey.store, personId),
})
const accept = (b: Bed, url: string, password: string) => send(b, 'POST', url, { json: { password } })

async function operatorAdmins({ latchkey: { store } }: Bed): Promise<number> {
  return (await store.page('operator', 'members', { where: { role: 'admin', status: 'active' }, limit: 10 })).items
    .length
}

onBothStores(
  'The first administrator',
  (bed) => {
    it('accepts the link of latchkey init, and runs the installation', async () => {
      const b = bed()
      const { invitationUrl } = await initialise(depsOf(b), ANN)
      expect((await accept(b, invitationUrl, 'correct horse battery')).status).to.equal(200)
      const ann = await signIn(b, { email: ANN.email, password: 'correct horse battery' })
      expect((await ann.get('/manage/whoami')).json()).to.include({ account: 'operator', role: 'admin', name: 'Ann' })
      expect((await ann.get('/manage/accounts/operator/members')).status).to.equal(200)
    })

    it('who forgot the password chooses another by the link of init --recover, and old sessions end', async () => {
      const b = bed()
      const before = await signIn(b, { email: ANN.email, password: 'correct horse battery' })
      const recovered = await recoverAdmin(depsOf(b), ANN)
      expect(recovered.member.status).to.equal('active')
      expect((await before.get('/manage/whoami')).status, 'still in').to.equal(200)
      await signIn(b, { email: ANN.email, password: 'correct horse battery' })
      const { passwordUrl } = recovered as LetIn
      expect((await accept(b, passwordUrl, 'another fine password')).status).to.equal(200)
      expect((await before.get('/manage/whoami')).status).to.equal(401)
      expect((await trySignIn(b, { email: ANN.email, password: 'correct horse battery' })).status).to.equal(401)
      const ann = await signIn(b, { email: ANN.email, password: 'another fine password' })
      const log = (await ann.get('/manage/accounts/operator/events?order=desc')).json().items as { type: string }[]
      expect(log.map(({ type }) => type)).to.include.members(['member.password_reset_issued', 'member.password_reset'])
      expect(await operatorAdmins(b)).to.equal(1)
    })

    it('who is active in another role becomes admin at once, and has a link to a new password', async () => {
      const b = bed()
      const ann = await signIn(b, { email: ANN.email, password: 'another fine password' })
      const sue = await join(b, ann, 'operator', { email: 'sue@example.com', role: 'support', name: 'Sue' })
      const before = await signIn(b, sue)
      const recovered = (await recoverAdmin(depsOf(b), { email: sue.email, name: 'Anybody' })) as LetIn
      const { id, email } = sue
      expect(recovered.member).to.deep.equal({ id, email, name: 'Sue', role: 'admin', status: 'active' })
      expect(recovered.was).to.equal('support')
      expect((await before.get('/manage/whoami')).status, 'what they may has changed').to.equal(401)
      const now = await signIn(b, sue)
      expect((await now.get('/manage/whoami')).json()).to.include({ account: 'operator', role: 'admin', name: 'Sue' })
      expect((await accept(b, recovered.passwordUrl, 'one more fine password')).status).to.equal(200)
      expect((await now.get('/manage/whoami')).status).to.equal(401)
      await signIn(b, { email, password: 'one more fine password' })
      const path = `/manage/accounts/operator/events?subject=${id}`
      const log = (await ann.get(path)).json().items as { type: string; data: { object: { role: string } } }[]
      expect(log.map(({ type, data }) => [type, data.object.role])).to.deep.equal([
        ['member.invited', 'support'],
        ['member.joined', 'support'],
        ['member.updated', 'admin'],
        ['member.password_reset_issued', 'admin'],
        ['member.password_reset', 'admin'],
      ])
      expect((await ann.delete(`/manage/accounts/operator/members/${id}`)).status).to.equal(204)
    })

    it('who was disabled is invited again', async () => {
      const b = bed()
      const bob = await recoverAdmin(depsOf(b), { email: 'bob@example.com', name: 'Bob' })
      await accept(b, (bob as Invited).invitationUrl, 'correct horse battery')
      const ann = await signIn(b, { email: ANN.email, password: 'another fine password' })
      const path = `/manage/accounts/operator/members/${bob.member.id}`
      expect((await ann.patch(path, { status: 'disabled' })).status).to.equal(200)
      const again = await recoverAdmin(depsOf(b), { email: 'bob@example.com', name: 'Bob' })
      expect(again.member.status).to.equal('invited')
      expect(await operatorAdmins(b)).to.equal(1)
    })
  },
  { env: { LATCHKEY_DEMO: '0' } },
)
