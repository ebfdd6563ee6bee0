/** The cookie that carries a session: out of reach of scripts, other sites and, over https, other hosts. */

export interface SessionCookie {
  name: string
  /** Its value in a Cookie header; undefined where there is none. */
  read(header: string | undefined): string | undefined
  /** For Set-Cookie. It has no Max-Age: it goes with the browser, and the server ends it sooner. */
  set(token: string): string
  clear(): string
}

const TOKEN = /^[\w-]{43}$/

export function createSessionCookie(publicUrl: string): SessionCookie {
  const secure = publicUrl.startsWith('https:')
  // A browser takes `__Host-` only with Secure, Path=/ and no Domain (RFC 6265bis §4.1.3.2).
  const name = secure ? '__Host-latchkey' : 'latchkey'
  const manner = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return {
    name,
    read(header) {
      const pairs = (header ?? '').split(';').map((pair) => pair.trim())
      const value = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
      return value !== undefined && TOKEN.test(value) ? value : undefined
    },
    set: (token) => `${name}=${token}; ${manner}`,
    clear: () => `${name}=; Max-Age=0; ${manner}`,
  }
}
