import { expect } from 'chai'
import { onBothStores } from '../bed.ts'
import { callerOf } from '../manage/caller.ts'
import { makeKey } from './making.ts'

onBothStores(
  'A key with allowed addresses, behind one proxy',
  (bed) => {
    it('believes what the proxy saw, in whatever form, and nothing that the client wrote before it', async () => {
      const b = bed()
      const key = await makeKey(b, await callerOf(b, 'acme-manage'), {
        allowedIps: ['203.0.113.0/24', '2001:db8::/64'],
      })
      for (const [forwarded, status] of [
        ['203.0.113.7', 200],
        ['::ffff:203.0.113.7', 200],
        ['2001:DB8:0::9', 200],
        ['198.51.100.1, 203.0.113.7', 200],
        ['203.0.113.7, 198.51.100.1', 403],
        ['2001:db8:1::9', 403],
        ['nonsense', 403],
      ] as const)
        expect((await key.exchange({ 'x-forwarded-for': forwarded })).status, forwarded).to.equal(status)
      expect((await key.exchange()).json()).to.include({ code: 'ip_not_allowed' })
    })
  },
  { env: { TRUST_PROXY: '1' } },
)
