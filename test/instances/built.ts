/** Latchkey as it was built before the tests: a process begins sooner with it than with the sources. */
const load = (name: string): Promise<unknown> => import(new URL(`../../dist/${name}.js`, import.meta.url).href)

export const { start } = (await load('compose')) as typeof import('../../src/compose.ts')
export const { loadConfig } = (await load('config')) as typeof import('../../src/config.ts')
export const { pooledRandom } = (await load('random')) as typeof import('../../src/random.ts')
