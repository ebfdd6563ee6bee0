/** The HTTP server itself: bounded in time and headers, drained when it ends. */
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

const DRAIN_MS = 10_000
const LOOK_FOR_IDLE_MS = 20

export interface Listener {
  port: number
  serve(listener: RequestListener): void
  /** Listens no more, lets requests end for a while, and then ends them. */
  close(): Promise<void>
}

/** Listens before anything else is made, so that a taken port is told at once and a free one is known. */
export async function listen(host: string, port: number): Promise<Listener> {
  /** Connections on which nothing was asked yet; Node counts them among those at work. */
  const untried = new Set<Socket>()
  let handle: RequestListener = (_, res) => {
    res.writeHead(503, { 'Retry-After': '1', 'Content-Type': 'text/plain' }).end('Latchkey is starting.\n')
  }
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 15_000, keepAliveTimeout: 65_000 },
    (req, res) => {
      // Draining: whoever keeps a connection open is told to open its next one elsewhere.
      if (!server.listening) res.setHeader('Connection', 'close')
      untried.delete(req.socket)
      handle(req, res)
    },
  )
  server.on('connection', (socket) => {
    untried.add(socket)
    socket.once('close', () => untried.delete(socket))
  })
  server.maxHeadersCount = 100
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port,
    serve(listener) {
      handle = listener
    },
    close: () => drain(server, untried),
  }
}

async function drain(server: Server, untried: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  // Again and again: one whose answer had begun before is kept open by its client, who was not told to close it.
  const idle = setInterval(() => {
    server.closeIdleConnections()
    for (const socket of untried) socket.destroy()
  }, LOOK_FOR_IDLE_MS)
  const forced = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
  await closed
  clearInterval(idle)
  clearTimeout(forced)
}
