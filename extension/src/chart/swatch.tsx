import * as React from 'react';

import type { ILook } from './look';

/**
 * A piece of a series' line, beside its name.
 */
export function Swatch(props: { look: ILook }): React.ReactElement {
  return (
    <svg className="jp-labline-swatch" width="22" height="10" aria-hidden>
      <line
        x1="1"
        x2="21"
        y1="5"
        y2="5"
        stroke={props.look.colour}
        strokeDasharray={props.look.dash}
      />
    </svg>
  );
}
