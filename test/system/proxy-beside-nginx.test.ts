// Proxying configurations run by the real nginx and by the program in front of one origin: what the origin gets and what
// the client gets must be the same, line by line, but for the differences that the tables name with their reasons.

import { ANSWER_CASES } from './proxying-answers.ts'
import { REQUEST_CASES } from './proxying-requests.ts'
import { ROUTE_CASES } from './proxying-routes.ts'
import { describeSideBySide } from './side-by-side.ts'

describeSideBySide(
  'proxying beside nginx',
  { 'not-found.html': 'the page' },
  {
    'what a peer gets': REQUEST_CASES,
    'what a client gets': ANSWER_CASES,
    'who answers': ROUTE_CASES,
  },
)
