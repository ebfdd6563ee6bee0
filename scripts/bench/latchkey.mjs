// Latchkey as it is shipped, on the store that the environment names.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from '../../dist/server.js'

const LATCHKEY_DATA_DIR = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
const env = { PORT: '0', DEMO_RESOURCE_PORT: '0', LOG_LEVEL: 'warn', LATCHKEY_DATA_DIR }
if (process.env.MONGODB_URI) env.MONGODB_URI = process.env.MONGODB_URI
const { url } = await createServer(env)
const { keys } = JSON.parse(readFileSync(join(LATCHKEY_DATA_DIR, 'demo.json'), 'utf8'))
process.send?.({
  url: `${url.replace('localhost', '127.0.0.1')}/v2/jwts`,
  body: `apiKey=${keys['acme-v2-readonly'].secret}`,
})
process.on('disconnect', () => {
  rmSync(LATCHKEY_DATA_DIR, { recursive: true, force: true })
  process.exit(0)
})
