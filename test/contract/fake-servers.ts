/** Servers for what a healthy replica set cannot show: one that is no replica set, and one that goes away. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import mongoose from 'mongoose'

const { BSON } = mongoose.mongo
const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

export interface Listening {
  port: number
  close: () => Promise<void>
}

/** Answers every command as a standalone mongod answers `hello`. */
export async function standaloneServer(): Promise<Listening> {
  const hello = { ok: 1, helloOk: true, isWritablePrimary: true, ismaster: true, minWireVersion: 0, maxWireVersion: 25 }
  const sizes = { maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000 }
  const body = BSON.serialize({ ...hello, ...sizes, localTime: new Date(), readOnly: false })
  const server = createServer((socket) => {
    let pending = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 16 && pending.length >= pending.readInt32LE(0)) {
        const length = pending.readInt32LE(0)
        socket.write(reply(pending.subarray(0, length), body))
        pending = pending.subarray(length)
      }
    })
  })
  return listen(server)
}

function reply(request: Buffer, body: Uint8Array): Buffer {
  const legacy = request.readInt32LE(12) === OP_QUERY
  // OP_REPLY: flags, cursor id, starting from, number returned. OP_MSG: flags, one section of kind 0.
  const prefix = Buffer.alloc(legacy ? 20 : 5)
  if (legacy) prefix.writeInt32LE(1, 16)
  const header = Buffer.alloc(16)
  header.writeInt32LE(16 + prefix.length + body.length, 0)
  header.writeInt32LE(request.readInt32LE(4), 8)
  header.writeInt32LE(legacy ? OP_REPLY : OP_MSG, 12)
  return Buffer.concat([header, prefix, body])
}

export interface Relay {
  port: number
  /** Cuts every connection and takes no new ones. */
  down: () => Promise<void>
  up: () => Promise<void>
}

/** Stands between a client and the server at `host:port`. */
export async function relayTo(host: string, port: number): Promise<Relay> {
  const sockets = new Set<Socket>()
  const start = (at: number) => {
    const server = createServer((near) => {
      const far = connect(port, host)
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(one)
        one.on('error', () => {})
        one.on('close', () => {
          sockets.delete(one)
          other.destroy()
        })
        one.pipe(other)
      }
    })
    return listen(server, at)
  }
  let listening = await start(0)
  const down = async () => {
    for (const socket of sockets) socket.destroy()
    await listening.close()
  }
  const up = async () => {
    listening = await start(listening.port)
  }
  return { port: listening.port, down, up }
}

async function listen(server: Server, port = 0): Promise<Listening> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = async () => {
    for (const socket of open) socket.destroy()
    server.close()
    await once(server, 'close')
  }
  return { port: (server.address() as AddressInfo).port, close }
}
