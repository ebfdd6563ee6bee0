/** The patterns that scanners are given are those that keys are read by. */
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { parse as parseYaml } from 'yaml'
import { KEY_PATTERN } from '../../src/keys/grammar.rules.ts'

const textOf = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const vectors = JSON.parse(textOf('test/vectors/api-key.json')) as Record<'valid' | 'invalid', { key: string }[]>
const trufflehog = parseYaml(textOf('docs/scanners/trufflehog.yaml')) as {
  detectors: { keywords: string[]; regex: { key: string } }[]
}

const PATTERNS: Record<string, string | undefined> = {
  gitleaks: /^regex = '''(.+)'''$/m.exec(textOf('docs/scanners/gitleaks.toml'))?.[1],
  trufflehog: trufflehog.detectors[0]?.regex.key,
}

for (const [scanner, source] of Object.entries(PATTERNS)) {
  describe(`The pattern for ${scanner}`, () => {
    const find = (text: string) => new RegExp(source as string).exec(text)?.[1]

    it('finds every key wherever it stands', () => {
      for (const { key } of vectors.valid) {
        expect(key).to.match(KEY_PATTERN)
        for (const text of [key, `API_KEY="${key}"`, `curl -H 'X-API-Key: ${key}' https://x`, `key=${key}&y=1`])
          expect(find(text)).to.equal(key)
      }
    })

    it('finds nothing that is not written like a key', () => {
      const others = vectors.invalid.map(({ key }) => key).filter((key) => !KEY_PATTERN.test(key.trim()))
      expect(others).to.have.length.above(5)
      for (const text of [...others, 'sk_live_51H8abcdefghijklmnopqrstuvwxyz', 'lk_v2_sk_…', 'f'.repeat(80)])
        expect(find(text), text).to.equal(undefined)
    })
  })
}
