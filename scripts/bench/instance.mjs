// One instance in a process of its own, for benches.
import { createServer } from '../../dist/server.js'

process.on('disconnect', () => process.exit(0))
const { url } = await createServer(process.env)
process.send?.({ url })
