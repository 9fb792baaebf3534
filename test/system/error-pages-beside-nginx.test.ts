// Error pages and what is added to heads and behind bodies, by the real nginx and by the program: the same answers, line by line.

import { ERROR_PAGE_CASES, FILTER_CASES } from './error-page-rows.ts'
import { describeSideBySide } from './side-by-side.ts'

describeSideBySide(
  'error pages and header filters beside nginx',
  { 'page.html': 'the page', 'empty.txt': '' },
  { 'error pages': ERROR_PAGE_CASES, 'header filters': FILTER_CASES },
)
