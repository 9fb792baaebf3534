// The page of an error that nobody configured a page for: nginx's, with our name, so that people and scripts recognise it.

import { statusText } from '../http/status.ts'

/** Where the title is not what the status line says. */
const TITLES: Readonly<Record<number, string>> = {
  302: '302 Found',
  401: '401 Authorization Required',
}

/** Body of the built-in page for `status`, or of the short page that goes with a redirect. */
export function builtInPage(status: number, signature: string): string {
  const title = TITLES[status] ?? statusText(status).trimEnd()
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
    `<hr><center>${signature}</center>\r\n</body>\r\n</html>\r\n`
  )
}
