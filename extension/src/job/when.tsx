import * as React from 'react';

import { zones } from './clock';
import { withClock } from './form';
import { Labelled, Radios } from './labelled';
import type { Order } from './model';

/**
 * Whether the notebook is run now, or by the clock, and then by which rule.
 */
export function When({ order }: { order: Order }): React.ReactElement {
  const { draft, trans } = order;
  const { clock } = draft;
  const list = React.useId();
  const told = (name: string) => order.told(`option:${name}`);
  const change = (part: Partial<typeof clock>) => {
    order.change(withClock(draft, part));
  };
  return (
    <div className="jp-labline-when">
      <Radios
        label={trans.__('When')}
        value={clock.on ? 'clock' : 'now'}
        options={[
          ['now', trans.__('Now')],
          ['clock', trans.__('By the clock')]
        ]}
        onChange={value => change({ on: value === 'clock' })}
      />
      {clock.on && (
        <div className="jp-labline-panel">
          <Labelled
            label={trans.__('Rule')}
            value={clock.cron}
            placeholder={trans.__('e.g. %1', '0 6 * * 1-5')}
            hint={trans.__('Minute, hour, day, month and weekday.')}
            complaint={told('cron')}
            onChange={cron => change({ cron })}
          />
          <Labelled
            label={trans.__('Time zone')}
            value={clock.timezone}
            list={list}
            complaint={told('timezone')}
            onChange={timezone => change({ timezone })}
          />
          <datalist id={list}>
            {zones().map(zone => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
          <Radios
            label={trans.__('Runs the notebook')}
            value={clock.runs}
            options={[
              ['latest', trans.__('as it is saved then')],
              ['snapshot', trans.__('as it is saved now')]
            ]}
            complaint={told('runs')}
            onChange={runs => change({ runs })}
          />
          <Labelled
            label={trans.__('Name')}
            value={clock.name}
            placeholder={trans.__('as the notebook')}
            complaint={told('name')}
            onChange={name => change({ name })}
          />
          <label className="jp-labline-tick">
            <input
              type="checkbox"
              checked={clock.catchUp}
              onChange={event => change({ catchUp: event.target.checked })}
            />
            {trans.__('Make up for what comes while no worker is up')}
          </label>
        </div>
      )}
    </div>
  );
}
