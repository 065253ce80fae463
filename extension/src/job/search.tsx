import * as React from 'react';

import { sweepOf, withSearch } from './form';
import { Labelled, Select } from './labelled';
import type { Order } from './model';
import { kindOf } from './sweep';

/**
 * How the points of a sweep are chosen, and what makes one the best.
 */
export function Search({ order }: { order: Order }): React.ReactElement {
  const { draft, trans } = order;
  const { search } = draft;
  const kind = kindOf(search, sweepOf(draft).ranges);
  const told = (name: string) => order.told(`option:${name}`);
  const change = (part: Partial<typeof search>) => {
    order.change(withSearch(draft, part));
  };
  return (
    <fieldset className="jp-labline-panel">
      <legend>{trans.__('Search')}</legend>
      <Select
        label={trans.__('Points')}
        value={kind}
        options={[
          ['grid', trans.__('Every combination')],
          ['random', trans.__('By chance')],
          ['optuna', trans.__('Learning (Optuna)')]
        ]}
        complaint={told('search')}
        onChange={value => change({ kind: value })}
      />
      {kind !== 'grid' && (
        <Labelled
          label={trans.__('Trials')}
          value={search.trials}
          placeholder={trans.__('e.g. %1', '20')}
          complaint={told('trials')}
          onChange={trials => change({ trials })}
        />
      )}
      <Labelled
        label={trans.__('Metric')}
        value={search.metric}
        placeholder={trans.__('as the notebook logs it')}
        complaint={told('metric')}
        onChange={metric => change({ metric })}
      />
      <Select
        label={trans.__('Best is')}
        value={search.goal}
        options={[
          ['', trans.__('By its name')],
          ['maximize', trans.__('The greatest')],
          ['minimize', trans.__('The least')]
        ]}
        onChange={goal => change({ goal })}
      />
      {kind === 'optuna' && (
        <Labelled
          label={trans.__('Trials at a time')}
          value={search.parallel}
          placeholder={trans.__('as many as run at a time')}
          complaint={told('parallel')}
          onChange={parallel => change({ parallel })}
        />
      )}
      {kind !== 'grid' && (
        <Labelled
          label={trans.__('Seed')}
          value={search.seed}
          placeholder="0"
          complaint={told('seed')}
          onChange={seed => change({ seed })}
        />
      )}
      <label className="jp-labline-tick">
        <input
          type="checkbox"
          checked={search.prune}
          onChange={event => change({ prune: event.target.checked })}
        />
        {trans.__('End a trial early whose metric stands badly on the way')}
      </label>
    </fieldset>
  );
}
