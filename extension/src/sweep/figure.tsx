import * as React from 'react';

/** What a figure is made of. Anything else is left out, and so is what would run. */
const ELEMENTS = new Set(['svg', 'g', 'path', 'circle', 'text', 'title']);

/**
 * A figure that the server has drawn, in the colours of the page.
 */
export function Figure(props: { svg: string }): React.ReactElement {
  const place = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    const drawn = readFigure(props.svg);
    place.current?.replaceChildren(...(drawn ? [drawn] : []));
  }, [props.svg]);
  return <figure ref={place} className="jp-labline-figure" />;
}

/** Read a figure; null where it is none. */
function readFigure(svg: string): Element | null {
  const root = new DOMParser().parseFromString(
    svg,
    'image/svg+xml'
  ).documentElement;
  if (root.localName !== 'svg') {
    return null;
  }
  for (const element of [root, ...root.querySelectorAll('*')]) {
    if (!ELEMENTS.has(element.localName)) {
      element.remove();
    }
    for (const name of element.getAttributeNames()) {
      if (name.startsWith('on') || name.endsWith('href')) {
        element.removeAttribute(name);
      }
    }
  }
  return document.importNode(root, true);
}
