/** One instance in a process of its own; ends with its parent, which moves its clock. */
import { loadConfig, pooledRandom, start } from './built.ts'

let ahead = 0
process.on('message', (message: { passMs: number }) => {
  ahead += message.passMs
  process.send?.({ passed: message.passMs })
})
const now = () => Date.now() + ahead
const { url, close } = await start(loadConfig(process.env as Record<string, string>), { now, random: pooledRandom() })
// Not at once: a transaction left open on MongoDB holds up whatever is created or dropped there.
process.on('disconnect', () => close().finally(() => process.exit(0)))
process.send?.({ url })
