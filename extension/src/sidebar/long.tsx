import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { idOf } from '../listing';
import type { IRecords, SectionName } from '../records';
import { useScrolled } from '../scrolled';
import type { ILine } from '../tokens';
import { Chosen } from './comparing';
import { Prose } from './notice';
import { Pages } from './pages';

type Item = IRecords[SectionName];

/** Height of a row, in pixels: in a long list all are the same. */
const HEIGHTS: Readonly<Record<SectionName, number>> = {
  runs: 44,
  jobs: 58,
  models: 46,
  promotions: 44,
  endpoints: 74
};
/**
 * All of a list in a place of its own that scrolls. Only the rows that are seen are made, and only
 * they are asked for.
 */
export function Long(props: {
  line: ILine;
  name: SectionName;
  total: number;
  row: (item: Item) => React.ReactElement;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, name, row, trans } = props;
  const pages = usePages(line, name, props.total);
  const [scroller, from, to] = useScrolled(pages.total, HEIGHTS[name]);
  const choice = useChanges(pages, name);
  React.useEffect(() => pages.want(from, to), [pages, from, to]);
  const height = HEIGHTS[name];
  const label = trans.__('All %1', pages.total);
  return (
    <>
      {pages.failure && (
        <div className="jp-labline-detail" data-mark="bad" role="alert">
          <p>{pages.failure.message}</p>
          <Prose text={pages.failure.fix} />
        </div>
      )}
      <div
        ref={scroller}
        className="jp-labline-long"
        role="region"
        aria-label={label}
        // It is scrolled by keyboard, too.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        tabIndex={0}
        style={{ '--labline-row': `${height}px` } as React.CSSProperties}
      >
        <ul
          aria-label={label}
          data-choosing={choice.ids.length > 0 || undefined}
          style={{
            paddingTop: from * height,
            paddingBottom: (pages.total - to) * height
          }}
        >
          {Array.from({ length: to - from }, (_, at) => {
            const item = pages.at(from + at);
            return item ? (
              row(item)
            ) : (
              <li
                key={`place ${from + at}`}
                className="jp-labline-row"
                aria-busy
              >
                <i />
              </li>
            );
          })}
        </ul>
      </div>
    </>
  );
}

/** The pages of a list, asked for again when something in it has changed. */
function usePages(line: ILine, name: SectionName, total: number): Pages<Item> {
  const pages = React.useMemo(
    () => pagesOf(line, name, total),
    // How many there are is only where it begins.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [line, name]
  );
  React.useEffect(() => {
    const renew = (_: unknown, changed: SectionName) => {
      if (changed === name) {
        pages.renew();
      }
    };
    line.listChanged.connect(renew);
    return () => {
      line.listChanged.disconnect(renew);
      pages.dispose();
    };
  }, [line, name, pages]);
  return pages;
}

function pagesOf(line: ILine, name: SectionName, total: number): Pages<Item> {
  return new Pages<Item>((offset, limit) => line.page(name, offset, limit), {
    total
  });
}

/** Show what comes, and tell from what runs can be chosen. */
function useChanges(
  pages: Pages<Item>,
  name: SectionName
): React.ContextType<typeof Chosen> {
  const choice = React.useContext(Chosen);
  const [, show] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const changed = () => {
      if (name === 'runs') {
        choice.offer(pages.here.map(item => idOf(name, item)));
      }
      show();
    };
    pages.changed.connect(changed);
    choice.changed.connect(show);
    return () => {
      pages.changed.disconnect(changed);
      choice.changed.disconnect(show);
    };
  }, [pages, choice, name]);
  return choice;
}
