import type { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { useAsked } from '../asking';
import type { ILook } from '../chart/look';
import { lookOf } from '../chart/look';
import { Failure } from '../sidebar/failure';
import { CommandLine } from '../sidebar/notice';
import { Cells } from './cells';
import { Curves } from './curves';
import { factsOf } from './facts';
import { Parallel } from './parallel';
import type { IComparison } from './records';
import { Surroundings } from './surroundings';
import { Table } from './table';

/**
 * Several runs side by side. The first is the one that the others are compared with.
 */
export class ComparisonView extends ReactWidget {
  constructor(private readonly _options: ComparisonView.IOptions) {
    super();
    this._ids = _options.ids;
    this._looks = new Map(_options.ids.map((id, at) => [id, lookOf(at)]));
    this.addClass('jp-labline');
    this.addClass('jp-labline-view');
    this.addClass('jp-labline-comparison');
  }

  /** The runs; the first is the baseline. */
  get ids(): readonly string[] {
    return this._ids;
  }

  /** Emitted when another run is the baseline, or one is left out. */
  get changed(): ISignal<this, readonly string[]> {
    return this._changed;
  }

  override dispose(): void {
    Signal.clearData(this);
    super.dispose();
  }

  protected override render(): React.ReactElement {
    const set = (ids: readonly string[]) => {
      this._ids = ids;
      this._changed.emit(ids);
      this.update();
    };
    return (
      <Comparison
        {...this._options}
        ids={this._ids}
        looks={this._looks}
        onFirst={id => set([id, ...this._ids.filter(one => one !== id)])}
        onRemove={id => set(this._ids.filter(one => one !== id))}
      />
    );
  }

  private readonly _changed = new Signal<this, readonly string[]>(this);
  private readonly _looks: ReadonlyMap<string, ILook>;
  private _ids: readonly string[];
}

/**
 * A namespace for `ComparisonView` statics.
 */
export namespace ComparisonView {
  export interface IOptions {
    ids: readonly string[];
    serverSettings: ServerConnection.ISettings;
    trans: TranslationBundle;
  }
}

interface IProps extends ComparisonView.IOptions {
  /** A run keeps its colour, whichever is the baseline. */
  looks: ReadonlyMap<string, ILook>;
  onFirst: (id: string) => void;
  onRemove: (id: string) => void;
}

function Comparison(props: IProps): React.ReactElement {
  const { ids, serverSettings, trans } = props;
  const { answer, failure } = useAsked<IComparison>(
    `runs/compare?ids=${ids.map(encodeURIComponent).join(',')}`,
    // What has ended does not change any more.
    found => (found.runs.some(run => run.status === 'RUNNING') ? false : null),
    serverSettings
  );
  return (
    <>
      <div className="jp-labline-head">
        <h1>{trans._n('%1 run', '%1 runs side by side', ids.length)}</h1>
        <CommandLine
          text={`labline runs compare ${ids.map(id => id.slice(0, 8)).join(' ')}`}
          trans={trans}
        />
      </div>
      {failure && <Failure failure={failure} at={0} trans={trans} />}
      {!answer && !failure && (
        <p className="jp-labline-quiet" role="status">
          {trans.__('Laying the runs side by side…')}
        </p>
      )}
      {answer && <Laid {...props} comparison={answer} />}
    </>
  );
}

function Laid(props: IProps & { comparison: IComparison }): React.ReactElement {
  const { comparison, trans } = props;
  const [lit, onLit] = React.useState<string | null>(null);
  const facts = React.useMemo(() => factsOf(comparison), [comparison]);
  const looks = React.useMemo(
    () =>
      comparison.runs.map((run, at) => props.looks.get(run.id) ?? lookOf(at)),
    [comparison, props.looks]
  );
  const known = { ...props, facts, looks, lit, onLit };
  return (
    <>
      <Part title={trans.__('Parameters and metrics')}>
        <Table {...known} />
      </Part>
      <Part title={trans.__('Parallel coordinates')}>
        <Parallel {...known} />
      </Part>
      <Part title={trans.__('Metric curves')}>
        <Curves {...known} />
      </Part>
      <Part title={trans.__('Notebook cells')}>
        <Cells {...known} />
      </Part>
      <Part title={trans.__('Data and environment')}>
        <Surroundings {...known} />
      </Part>
    </>
  );
}

function Part(props: {
  title: string;
  children: React.ReactNode;
}): React.ReactElement {
  const id = React.useId();
  return (
    <section aria-labelledby={id}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
    </section>
  );
}
