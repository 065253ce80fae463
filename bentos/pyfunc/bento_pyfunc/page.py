"""The page for people at ``/``: Swagger UI, which BentoML brings, on the service's own document.

BentoML's own page has Google Tag Manager in it: who looks at a model would be told of elsewhere.
Its own style hides the title, which is the model's name here.
"""

from __future__ import annotations

from html import escape

_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="UTF-8">
    <title>{title}</title>
    <link rel="stylesheet" type="text/css" href="./static_content/swagger-ui.css">
    <style>body {{ margin: 0; background: #fafafa }} .topbar {{ display: none }}</style>
    <link rel="icon" type="image/png" href="./static_content/favicon-light-32x32.png">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="./static_content/swagger-ui-bundle.js" charset="UTF-8"></script>
    <script src="./static_content/swagger-ui-standalone-preset.js" charset="UTF-8"></script>
    <script src="./static_content/swagger-initializer.js" charset="UTF-8"></script>
  </body>
</html>
"""


def page(title: str) -> bytes:
    """Return the page; it asks for nothing but what lies beside it."""
    return _PAGE.format(title=escape(title)).encode()
