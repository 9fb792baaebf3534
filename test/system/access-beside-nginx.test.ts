// Who may have what, in nginx and in the program side by side: addresses, passwords in every form, both under `satisfy`,
// other rules for other methods, and the pages that the refused get.

import { ACCESS_CASES, AUTH_REQUEST_CASES, LIMIT_EXCEPT_CASES } from './access-cases.ts'
import { PASSWORD_CASES, USERS } from './password-cases.ts'
import { describeSideBySide } from './side-by-side.ts'

describeSideBySide(
  'access beside nginx',
  {
    ...USERS,
    'index.html': 'the start',
    'a.txt': 'a',
    '401.html': 'who are you',
    '403.html': 'no',
  },
  {
    'by address': ACCESS_CASES,
    'by password': PASSWORD_CASES,
    'by method': LIMIT_EXCEPT_CASES,
    'by asking': AUTH_REQUEST_CASES,
  },
)
