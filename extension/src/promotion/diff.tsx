import * as React from 'react';

import { Prose } from '../sidebar/notice';
import type { Block, IDiff, ISection } from './records';

/** The verdicts: the view shows them above, with what can be decided. */
const TOLD = 'gates';

/**
 * Candidate against champion, section by section: whatever sections the server sends.
 */
export function Diff(props: { diff: IDiff }): React.ReactElement {
  const { headline, sections } = props.diff;
  return (
    <section className="jp-labline-diff">
      <p className="jp-labline-headline">{headline}</p>
      {sections
        .filter(section => section.id !== TOLD)
        .map(section => (
          <Section key={section.id} section={section} />
        ))}
    </section>
  );
}

function Section(props: { section: ISection }): React.ReactElement {
  const { blocks, outcome, summary, title } = props.section;
  return (
    <details open>
      <summary data-mark={outcome}>
        {title}
        {summary && <span className="jp-labline-quiet"> {summary}</span>}
      </summary>
      {blocks.map((block, position) => (
        <Shown key={position} block={block} />
      ))}
    </details>
  );
}

function Shown(props: { block: Block }): React.ReactElement | null {
  const { block } = props;
  switch (block.kind) {
    case 'text':
      return (
        <div data-mark={block.mark}>
          <p>{block.text}</p>
          <Prose text={block.fix} />
        </div>
      );
    case 'table':
      return <Table {...block} />;
    case 'code':
      return (
        <figure>
          <figcaption>{block.title}</figcaption>
          <pre>
            {block.lines.map((line, position) => (
              <span key={position} data-sign={line.charAt(0)}>
                {line}
                {'\n'}
              </span>
            ))}
          </pre>
        </figure>
      );
    case 'figure':
      return (
        <figure>
          <figcaption className="jp-sr-only">{block.title}</figcaption>
          <div
            role="img"
            aria-label={block.alt}
            // Drawn by labline's server, every text in it escaped.
            dangerouslySetInnerHTML={{ __html: block.svg }}
          />
        </figure>
      );
    default:
      return null;
  }
}

function Table(
  props: Extract<Block, { kind: 'table' }>
): React.ReactElement | null {
  const right = new Set(props.numeric);
  return (
    <table className="jp-labline-table">
      {props.caption && <caption>{props.caption}</caption>}
      <thead>
        <tr>
          {props.columns.map((column, position) => {
            // A heading without words is none.
            const Cell = column ? 'th' : 'td';
            return (
              <Cell
                key={position}
                data-numeric={right.has(position) || undefined}
              >
                {column}
              </Cell>
            );
          })}
        </tr>
      </thead>
      <tbody>
        {props.rows.map((row, number) => (
          <tr key={number}>
            {row.map((cell, position) => (
              <td
                key={position}
                data-mark={cell.mark}
                data-numeric={right.has(position) || undefined}
              >
                {right.has(position) ? signed(cell.text) : cell.text}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A figure with the sign that is as wide as a plus. */
function signed(figure: string): string {
  return figure.replace(/(^|[\s[])-(?=\d)/g, '$1−');
}
