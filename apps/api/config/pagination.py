"""Cut lists into pages of a bounded size."""

from __future__ import annotations

from rest_framework.pagination import PageNumberPagination


class BoundedPages(PageNumberPagination):
    """Fifty entries a page; a client may ask for up to two hundred."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
