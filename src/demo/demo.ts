/** The demo: data in an empty store, and a resource server on its own port that verifies like anybody's. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Catalog } from '../catalog.ts'
import type { Config } from '../config.ts'
import type { KeyDeps } from '../keys/create.ts'
import { createDemoResource } from './resource/server.ts'
import { type DemoData, isSeeding, seedDemo } from './seed.ts'

export interface Demo {
  /** Null where the store was filled by others: then nobody here knows a secret of it. */
  data: DemoData | null
  /** Demo data was begun and never finished. */
  interrupted: boolean
  resourceUrl: string
  /** The resource API's OpenAPI document. */
  openapi: (namespace: string) => object | null
  close: () => Promise<void>
}

export async function startDemo(deps: {
  config: Config
  catalog: Catalog
  keys: KeyDeps
  now: () => number
}): Promise<Demo> {
  const { config, catalog, keys } = deps
  const { server, port } = await listen(config.host, config.demoResourcePort)
  const resourceUrl = `http://localhost:${port}`
  const resource = createDemoResource({
    resourceUrl,
    namespaces: (['v2', 'v3'] as const).flatMap((id) => {
      const namespace = catalog.namespaces.get(id)
      if (namespace === undefined) return []
      const plans = [...catalog.plans.values()].map((p) => ({
        id: p.id,
        scopes: [...(p.scopesByNamespace.get(id) ?? [])],
      }))
      return [{ id, issuer: namespace.issuer, audience: namespace.audience, plans }]
    }),
    allowedOrigins: [new URL(config.publicUrl).origin],
    now: deps.now,
  })
  server.on('request', resource.app.callback())
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      resource.close()
      server.close(() => resolve())
      server.closeAllConnections()
    })
  try {
    const data = await dataOf(config, { ...keys, publicUrl: config.publicUrl, resourceUrl })
    const interrupted = data === null && (await isSeeding(keys))
    return { data, interrupted, resourceUrl, openapi: resource.openapi, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function dataOf(config: Config, deps: Parameters<typeof seedDemo>[0]): Promise<DemoData | null> {
  const file = join(config.dataDir, 'demo.json')
  const seeded = await seedDemo(deps)
  const data = seeded ?? (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as DemoData) : null)
  if (data === null) return null
  const told = { ...data, baseUrl: deps.publicUrl, resourceUrl: deps.resourceUrl }
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(told, null, 2)}\n`, { mode: 0o600 })
  return told
}

function listen(host: string, port: number): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => resolve({ server, port: (server.address() as AddressInfo).port }))
  })
}
