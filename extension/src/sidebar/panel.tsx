import type { TranslationBundle } from '@jupyterlab/translation';
import { InputGroup, refreshIcon, searchIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { SectionName } from '../records';
import type { ILine, ISnapshot } from '../tokens';
import { Failure } from './failure';
import { Overview } from './overview';
import { Sections } from './sections';

/**
 * What the sidebar shows of a snapshot: pure, given the same properties.
 */
export function Panel(props: Panel.IProps): React.ReactElement {
  const { snapshot, trans } = props;
  const { failure, refreshing, status } = snapshot;
  return (
    <>
      <div className="jp-labline-header">
        <h2 title={status?.root}>{status?.project ?? trans.__('Labline')}</h2>
        <button
          type="button"
          className="jp-labline-iconButton"
          data-busy={refreshing || undefined}
          aria-label={trans.__('Refresh')}
          title={trans.__('Refresh')}
          onClick={props.onRefresh}
        >
          <refreshIcon.react tag="span" height="16px" width="16px" />
        </button>
      </div>
      {status && <Filter line={props.line} trans={trans} />}
      <div className="jp-labline-body">
        <p className="jp-sr-only" role="status">
          {announcement(snapshot, trans)}
        </p>
        {failure && (
          <Failure failure={failure} at={snapshot.at} trans={trans} />
        )}
        {!status && !failure && <Loading trans={trans} />}
        {status && (
          <div data-stale={failure ? true : undefined}>
            <Overview status={status} step={snapshot.step} trans={trans} />
            <Sections {...props} status={status} />
          </div>
        )}
      </div>
    </>
  );
}

/**
 * A namespace for `Panel` statics.
 */
export namespace Panel {
  export interface IProps {
    line: ILine;
    snapshot: ISnapshot;
    /** The sections that are folded. */
    closed: ReadonlySet<SectionName>;
    trans: TranslationBundle;
    onRefresh: () => void;
    onToggle: (name: SectionName) => void;
  }
}

/** Narrows all lists at once. */
function Filter(props: {
  line: ILine;
  trans: TranslationBundle;
}): React.ReactElement {
  const { line, trans } = props;
  return (
    <div className="jp-labline-filter">
      <InputGroup
        type="search"
        value={line.filter}
        placeholder={trans.__('Filter')}
        aria-label={trans.__('Filter runs, jobs, models and endpoints')}
        title={trans.__(
          'Part of a name; for runs also conditions, such as metrics.auc > 0.8'
        )}
        rightIcon={searchIcon}
        spellCheck={false}
        onChange={event => line.narrow(event.target.value)}
      />
    </div>
  );
}

function Loading(props: { trans: TranslationBundle }): React.ReactElement {
  return (
    <div className="jp-labline-loading">
      <p>{props.trans.__('Opening the project…')}</p>
      <i />
      <i />
      <i />
    </div>
  );
}

/** What a screen reader is told when it changes. */
function announcement(snapshot: ISnapshot, trans: TranslationBundle): string {
  const { failure, status } = snapshot;
  if (failure) {
    return failure.message;
  }
  if (!status) {
    return '';
  }
  return status.platform.running
    ? trans.__('The platform is running.')
    : trans.__('The platform is stopped.');
}
