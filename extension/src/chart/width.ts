import * as React from 'react';

/**
 * The width that an element has now, in pixels; 0 until it is known.
 */
export function useWidth<E extends HTMLElement>(): [
  React.RefObject<E>,
  number
] {
  const place = React.useRef<E>(null);
  const [width, setWidth] = React.useState(0);
  React.useLayoutEffect(() => {
    const node = place.current;
    if (!node) {
      return;
    }
    const observer = new ResizeObserver(() => setWidth(node.clientWidth));
    observer.observe(node);
    setWidth(node.clientWidth);
    return () => observer.disconnect();
  }, []);
  return [place, width];
}
