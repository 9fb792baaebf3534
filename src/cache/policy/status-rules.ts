// What a status says of storing (RFC 9110 §15, RFC 9111 §3 and §4.2.2, RFC 6585).

/** Fresh by guess where nothing is said (RFC 9110 §15.1). */
export const HEURISTIC_STATUSES: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
])

/**
 * Never stored, whatever else is said: 304 is about another response, 412 and 416 are about this request's own fields, and
 * RFC 6585 keeps caches from its four.
 */
export const UNSTORED_STATUSES: ReadonlySet<number> = new Set([304, 412, 416, 428, 429, 431, 511])

/** Whose rules for caches are kept here (RFC 9111 §5.2.2.3, `must-understand`). */
export const UNDERSTOOD_STATUSES: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 304, 307, 308, 400, 401, 402, 403, 404,
  405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502,
  503, 504, 505,
])
