// The page of an error that nobody configured a page for.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { builtInPage } from '../../src/proxy/error-page.ts'

describe('builtInPage', () => {
  it('says the status twice and who says it', () => {
    assert.equal(
      builtInPage(404, 'headgate/1.2.3'),
      '<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n' +
        '<center><h1>404 Not Found</h1></center>\r\n<hr><center>headgate/1.2.3</center>\r\n' +
        '</body>\r\n</html>\r\n',
    )
  })

  for (const [status, title] of [
    [301, '301 Moved Permanently'],
    [302, '302 Found'],
    [401, '401 Authorization Required'],
    [405, '405 Not Allowed'],
    [413, '413 Request Entity Too Large'],
    [503, '503 Service Temporarily Unavailable'],
    [504, '504 Gateway Time-out'],
    [599, '599'],
  ] as const) {
    it(`calls ${status} "${title}"`, () => {
      assert.match(builtInPage(status, 's'), new RegExp(`<title>${title}</title>`))
    })
  }
})
