/**
 * Checks a URL of the configuration that others will be compared with, or made from: it must have one spelling.
 *
 * @throws TypeError where it is no https URL (or http, on loopback), ends with a slash, or has more than a path
 */
export function checkUrlOption(name: string, value: unknown): void {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null
  if (url === null || !/^https?:$/.test(url.protocol)) throw new TypeError(`${name} must be an https URL`)
  if (/[?#]/.test(value as string) || url.username !== '' || url.password !== '') {
    throw new TypeError(`${name} must have no query, no fragment and no credentials`)
  }
  if ((value as string).endsWith('/')) throw new TypeError(`${name} must not end with a slash`)
  if (url.protocol === 'http:' && !/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname)) {
    throw new TypeError(`${name} may be an http URL only on a loopback address`)
  }
}
