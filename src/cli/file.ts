import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { CliFault, EXIT } from './exit.ts'

/**
 * Writes a file that is there when it is whole, and not before.
 *
 * @throws CliFault where it is there already, unless `force` is given; and where it cannot be written
 */
export async function writeWhole(
  file: string,
  chunks: AsyncIterable<Uint8Array | string>,
  { force = false }: { force?: boolean | undefined } = {},
): Promise<void> {
  if (!force && existsSync(file))
    throw new CliFault(EXIT.usage, 'usage', `${file} exists. Say --force to overwrite it.`)
  const part = `${file}.${process.pid}.part`
  const to = await open(part, 'wx').catch((error: NodeJS.ErrnoException) => {
    throw new CliFault(EXIT.failed, 'failed', `${file} cannot be written (${error.code}).`)
  })
  try {
    for await (const chunk of chunks) await to.write(chunk as string)
    await to.close()
    await rename(part, file)
  } catch (error) {
    await to.close()
    await rm(part, { force: true })
    throw error
  }
}
