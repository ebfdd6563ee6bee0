import { expect } from 'chai'
import { type InitDeps, initialise, recoverAdmin } from '../../../src/accounts/init.ts'
import { findPerson } from '../../../src/people/find.ts'
import { type Bed, onBothStores } from '../bed.ts'
import { send, signIn, trySignIn } from './browser.ts'

const ANN = { email: 'ann@example.com', name: 'Ann' }
const depsOf = ({ latchkey }: Bed): InitDeps => ({
  ...latchkey.keys,
  publicUrl: latchkey.url,
  findPerson: (email) => findPerson(latchkey.store, email),
})
const accept = (b: Bed, url: string, password: string) => send(b, 'POST', url, { json: { password } })

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
      const { invitationUrl } = await recoverAdmin(depsOf(b), ANN)
      expect((await accept(b, invitationUrl, 'another fine password')).status).to.equal(200)
      expect((await before.get('/manage/whoami')).status).to.equal(401)
      expect((await trySignIn(b, { email: ANN.email, password: 'correct horse battery' })).status).to.equal(401)
      await signIn(b, { email: ANN.email, password: 'another fine password' })
    })
  },
  { env: { LATCHKEY_DEMO: '0' } },
)
