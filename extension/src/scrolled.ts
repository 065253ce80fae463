import * as React from 'react';

/** Rows that are made above and below those that are seen. */
const SPARE = 10;

/**
 * Which rows of a long list are seen, and some around: from, and to before.
 *
 * @param height of a row, in pixels: all are the same
 */
export function useScrolled(
  total: number,
  height: number
): [React.RefObject<HTMLDivElement>, number, number] {
  const scroller = React.useRef<HTMLDivElement>(null);
  const [seen, setSeen] = React.useState({ top: 0, room: 600 });
  React.useLayoutEffect(() => {
    const node = scroller.current;
    if (!node) {
      return;
    }
    const look = () =>
      setSeen({ top: node.scrollTop, room: node.clientHeight });
    const observer = new ResizeObserver(look);
    observer.observe(node);
    node.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      node.removeEventListener('scroll', look);
    };
  }, []);
  const from = Math.max(0, Math.floor(seen.top / height) - SPARE);
  const to = Math.ceil((seen.top + seen.room) / height) + SPARE;
  return [scroller, Math.min(from, total), Math.min(to, total)];
}
