"""Tests in a browser fail if a page does anything beside being read."""

from __future__ import annotations

import pytest

from tests.fixtures.browser import visits

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("<script>console.debug('hello')</script>", "console: hello"),
        ("<script>setTimeout(() => missing())</script>", "error: .*missing is not defined"),
        ("<img alt='' src='picture.png'>", "request: file:///.*/picture.png"),
        ("<script>fetch('https://example.org')</script>", "request: https://example.org"),
    ],
)
def test_a_page_that_is_odd_fails(browser, tmp_path, odd, said):
    with pytest.raises(AssertionError, match=said), visits(browser, tmp_path) as visit:
        visit(f"<title>odd</title>{odd}").wait_for_timeout(50)


def test_a_quiet_page_passes(visit):
    visit("<title>quiet</title><img alt='' src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")
