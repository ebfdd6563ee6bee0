/** One instance in a process of its own; ends with its parent. */
import { createServer } from '../../src/server.ts'

process.on('disconnect', () => process.exit(0))
const { url } = await createServer(process.env as Record<string, string>)
process.send?.({ url })
