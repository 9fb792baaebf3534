// What peers say of cookies, of ranges and of the proxy itself, and what they are asked with in the place of what the
// client sent: the same configuration in the real nginx and in the program, answers compared line by line.

import { ACCEL_CASES } from './peer-words-accel.ts'
import { COOKIE_CASES } from './peer-words-cookies.ts'
import { PEER_REQUEST_CASES } from './peer-words-requests.ts'
import { describeSideBySide } from './side-by-side.ts'

describeSideBySide(
  'what peers say and hear beside nginx',
  {
    'file.txt': 'the file',
    'page.html': '<p>the page</p>',
    'not-found.html': 'no such thing',
    'a b.txt': 'a name with a blank',
    'deep/inner.txt': 'deep inside',
  },
  {
    'cookies of peers': COOKIE_CASES,
    'requests to peers, and ranges of their answers': PEER_REQUEST_CASES,
    'X-Accel-Redirect and its kin': ACCEL_CASES,
  },
)
