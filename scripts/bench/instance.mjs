// One instance in a process of its own, for benches; asked for anything, it tells the CPU time it has used.
import { createServer } from '../../dist/server.js'

process.on('disconnect', () => process.exit(0))
process.on('message', () => process.send?.(process.cpuUsage()))
const { url } = await createServer(process.env)
process.send?.({ url })
