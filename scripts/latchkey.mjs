#!/usr/bin/env node
// The command: in a checkout it first builds what is stale; in an installed package there is nothing to build.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = new URL('../src/cli/main.ts', import.meta.url)
if (existsSync(source) && existsSync(new URL('../node_modules/typescript', import.meta.url))) {
  const { buildIfStale } = await import('./build.mjs')
  buildIfStale(fileURLToPath(new URL('..', import.meta.url)))
}
const { main } = await import('../dist/cli/main.js')
await main(process.argv)
