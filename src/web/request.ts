/** What a handler may know of the request beside its declared input. */
export interface RequestFacts {
  id: string
  method: string
  /** Of the URL, as called, without its query. */
  path: string
  /** Of the client, past trusted proxies; IPv4 in its own form. */
  address: string
  origin: string | null
  header(name: string): string | undefined
  /** The first of `types` that the Accept header takes, with its preference; null where it takes none. */
  accepts(...types: string[]): string | null
  /** Whether the Accept-Encoding header asks for a body in gzip (RFC 9110 §12.5.3). */
  readonly takesGzip: boolean
  /** Every value of a header that was sent more than once; for those that must not be. */
  headers(name: string): readonly string[]
}
