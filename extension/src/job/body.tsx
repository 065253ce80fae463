import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Pipeline } from '../pipeline';
import { CommandLine, Notice, Prose } from '../sidebar/notice';
import { Field } from './fields';
import type { Limit } from './form';
import { entryOf, sweepOf, withEntry, withLimit } from './form';
import { Labelled } from './labelled';
import type { Order } from './model';
import { Search } from './search';
import { When } from './when';

/**
 * What is asked before a notebook is run as a job.
 */
export class OrderBody extends ReactWidget {
  constructor(private readonly _order: Order) {
    super();
    this.addClass('jp-labline');
    this.addClass('jp-labline-order');
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this._order.stateChanged}>
        {() => <OrderForm order={this._order} />}
      </UseSignal>
    );
  }
}

function OrderForm({ order }: { order: Order }): React.ReactElement {
  const { cli, failure, form, jobs, trans } = order;
  return (
    <>
      {order.unsaved && (
        <Notice
          tone="warn"
          title={trans.__('The notebook has changes that are not saved')}
        >
          <p>{trans.__('A job runs the notebook as it is saved.')}</p>
          <button
            type="button"
            className="jp-mod-styled jp-labline-plainButton"
            onClick={() => order.requestSave()}
          >
            {trans.__('Save')}
          </button>
        </Notice>
      )}
      {!form && !failure && (
        <p className="jp-labline-quiet" role="status">
          {trans.__('Reading the notebook…')}
        </p>
      )}
      {form && <Parameters order={order} />}
      {form && sweepOf(order.draft).sweeps && <Search order={order} />}
      {form && <When order={order} />}
      {form && <Limits order={order} />}
      {failure && (
        <div role="alert" ref={intoView}>
          <Notice tone="error" title={failure.message}>
            <Prose text={failure.fix} />
          </Notice>
        </div>
      )}
      {jobs > 1 && (
        <p role="status">{trans.__('%1 jobs, all under one run.', jobs)}</p>
      )}
      {cli && (
        <div className="jp-labline-same">
          <p className="jp-labline-quiet">
            {trans.__('The same in a terminal')}
          </p>
          <CommandLine text={cli} trans={trans} />
          {order.body && !order.scheduled && (
            <Pipeline
              action="jobs"
              body={order.body}
              serverSettings={order.serverSettings}
              trans={trans}
            />
          )}
        </div>
      )}
    </>
  );
}

/** A refusal is seen, however long the form is. */
function intoView(node: HTMLElement | null): void {
  node?.scrollIntoView({ block: 'nearest' });
}

function Parameters({ order }: { order: Order }): React.ReactElement {
  const { draft, form, trans } = order;
  const fields = form?.parameters ?? [];
  if (fields.length === 0) {
    return (
      <div className="jp-labline-quiet">
        {form?.has_cell ? (
          <p>{trans.__('The parameters cell of this notebook names none.')}</p>
        ) : (
          <Prose
            text={trans.__(
              'This notebook has no parameters. To give it some, assign them in one cell, such as `alpha: float = 0.5`, and tag that cell `parameters` in the Property Inspector.'
            )}
          />
        )}
      </div>
    );
  }
  return (
    <fieldset>
      <legend className="jp-sr-only">{trans.__('Parameters')}</legend>
      {fields.map(field => {
        const entry = entryOf(draft, field.name);
        // A value that is missing is told when somebody tries to go on, a wrong one at once.
        const touched =
          entry.draws === 'values' || !entry.sweep
            ? entry.text !== ''
            : entry.low !== '' && entry.high !== '';
        return (
          <Field
            key={field.name}
            field={field}
            entry={entry}
            complaint={order.told(field.name, touched)}
            trans={trans}
            onChange={change => {
              order.change(withEntry(draft, field.name, change));
            }}
          />
        );
      })}
    </fieldset>
  );
}

/** What has a name in the form for each limit. */
function limitsOf(
  trans: Order['trans']
): readonly (readonly [Limit, string, string])[] {
  return [
    ['timeout', trans.__('Time'), '2h'],
    ['memory', trans.__('Memory'), '4GiB'],
    ['cpus', trans.__('CPUs'), '2'],
    ['retries', trans.__('Retries'), '0'],
    ['priority', trans.__('Priority'), '0'],
    ['group', trans.__('Group'), 'gpu']
  ];
}

function Limits({ order }: { order: Order }): React.ReactElement {
  const { draft, trans } = order;
  return (
    <details className="jp-labline-limits">
      <summary>{trans.__('Limits and queue')}</summary>
      <div>
        {limitsOf(trans).map(([name, label, example]) => (
          <Labelled
            key={name}
            label={label}
            value={draft.limits[name]}
            placeholder={trans.__('e.g. %1', example)}
            complaint={order.told(`option:${name}`, draft.limits[name] !== '')}
            onChange={text => {
              order.change(withLimit(draft, name, text));
            }}
          />
        ))}
      </div>
      <p className="jp-labline-quiet">
        {trans.__('What is left empty is as labline.toml says.')}
      </p>
    </details>
  );
}
