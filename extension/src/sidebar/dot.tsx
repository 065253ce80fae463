import * as React from 'react';

export type Mark = 'good' | 'busy' | 'warn' | 'bad' | 'off';

/**
 * A mark of how something stands; it differs by shape, not by colour alone.
 */
export function Dot(props: { mark: Mark; label?: string }): React.ReactElement {
  return (
    <span className="jp-labline-dot" data-mark={props.mark} title={props.label}>
      {props.label && <span className="jp-sr-only">{props.label}</span>}
    </span>
  );
}
