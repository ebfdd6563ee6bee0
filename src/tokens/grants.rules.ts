/** RFC 8693 §2.1 */
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
/** RFC 8693 §3: the one kind of token there is here. */
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
