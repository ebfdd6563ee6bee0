/** Files as one ZIP archive (PKWARE APPNOTE 6.3), deflated, names in UTF-8. For a few small files: no ZIP64. */
import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipFile {
  name: string
  text: string
}

const VERSION = 20
const UTF8_NAMES = 0x0800
const DEFLATED = 8
const LOCAL = 0x04034b50
const CENTRAL = 0x02014b50
const END = 0x06054b50

/** @param at when the files were made, UTC ms; kept to two seconds */
export function zipOf(files: readonly ZipFile[], at: number): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, text } of files) {
    const plain = Buffer.from(text)
    const packed = deflateRawSync(plain)
    const path = Buffer.from(name)
    const about = aboutOf(plain, packed, path, at)
    const local = Buffer.concat([uint32(LOCAL), about, path, packed])
    // Version made by, then what the local header has, then comment, disk and attributes (none), and where it stands.
    directory.push(uint32(CENTRAL), uint16(VERSION), about, Buffer.alloc(10), uint32(offset), path)
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const count = uint16(files.length)
  const end = [uint32(END), Buffer.alloc(4), count, count, uint32(central.length), uint32(offset), uint16(0)]
  return Buffer.concat([...parts, central, ...end])
}

/** What the local header and the directory have alike, down to the length of the (empty) extra field. */
function aboutOf(plain: Buffer, packed: Buffer, path: Buffer, at: number): Buffer {
  const { date, time } = dosTime(at)
  return Buffer.concat([
    ...[VERSION, UTF8_NAMES, DEFLATED, time, date].map(uint16),
    ...[crc32(plain), packed.length, plain.length].map(uint32),
    ...[path.length, 0].map(uint16),
  ])
}

function dosTime(at: number): { date: number; time: number } {
  const d = new Date(at)
  return {
    date: ((d.getUTCFullYear() - 1980) << 9) | ((d.getUTCMonth() + 1) << 5) | d.getUTCDate(),
    time: (d.getUTCHours() << 11) | (d.getUTCMinutes() << 5) | (d.getUTCSeconds() >> 1),
  }
}

function uint16(n: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(n)
  return bytes
}

function uint32(n: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(n)
  return bytes
}
