// Status codes and the reason texts of our own answers: those of nginx where it has one, so that
// logs, error pages and scripts that read them see what they saw before; else those of the IANA
// registry.

const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  103: 'Early Hints',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Time-out',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Request Entity Too Large',
  414: 'Request-URI Too Large',
  415: 'Unsupported Media Type',
  416: 'Requested Range Not Satisfiable',
  417: 'Expectation Failed',
  418: "I'm a teapot",
  421: 'Misdirected Request',
  422: 'Unprocessable Content',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  451: 'Unavailable For Legal Reasons',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  511: 'Network Authentication Required',
}

/** Per status: `200 OK`; the bare number for a status without a text. */
const STATUS_TEXTS: readonly string[] = Array.from({ length: 600 }, (_, status) =>
  REASONS[status] === undefined ? `${status} ` : `${status} ${REASONS[status]}`,
)

/** The reason text of a status, empty when it has none. */
export function reasonText(status: number): string {
  return REASONS[status] ?? ''
}

/** Status and reason as they stand in a status line: the space after the number is always there. */
export function statusText(status: number): string {
  return STATUS_TEXTS[status] ?? `${status} `
}

/**
 * Says whether a response with this status has a body at all (RFC 9110 §6.4.1); HEAD is the
 * caller's.
 */
export function mayHaveBody(status: number): boolean {
  return status >= 200 && status !== 204 && status !== 304
}
