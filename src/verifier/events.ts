/** Server-sent events (WHATWG HTML §9.2), of which an issuer's stream of revocations is made. */
export interface ServerEvent {
  event: string
  data: string
  /** The last id told, which a later connection goes on from. */
  id: string
}

const MAX_LINE_CHARS = 4 * 1024 * 1024

/**
 * Reads a stream as it comes.
 *
 * @param heard called for every chunk, so that silence can be told from quiet
 * @throws Error for a line without end
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<ServerEvent> {
  const utf8 = new TextDecoder()
  let rest = ''
  let [event, id] = ['', '']
  let data: string[] = []
  for await (const chunk of chunks) {
    heard()
    const lines = (rest + utf8.decode(chunk, { stream: true })).split(/\r\n|\n|\r/)
    rest = lines.pop() as string
    if (rest.length > MAX_LINE_CHARS) throw new Error('a line of the stream does not end')
    for (const line of lines) {
      if (line === '') {
        // Without data it is no event; its id counts all the same.
        yield { event: data.length === 0 ? '' : event || 'message', data: data.join('\n'), id }
        event = ''
        data = []
        continue
      }
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
      if (name === 'event') event = value
      else if (name === 'data') data.push(value)
      else if (name === 'id' && !value.includes('\0')) id = value
    }
  }
}
