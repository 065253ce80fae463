/**
 * What an event means for a list. Pure.
 */
import type { IRecords, SectionName } from './records';
import type { IEvent, IList } from './tokens';

type Item = IRecords[SectionName];

const LISTS: Readonly<Record<string, SectionName>> = {
  run: 'runs',
  job: 'jobs',
  model: 'models',
  promotion: 'promotions',
  endpoint: 'endpoints'
};

/** The list that records of a kind are in; null for a kind that has none. */
export function listOf(kind: string): SectionName | null {
  return LISTS[kind] ?? null;
}

/** What tells a record of a list from others. */
export function idOf(name: SectionName, item: Item): string {
  return name === 'models' || name === 'endpoints'
    ? (item as IRecords['models' | 'endpoints']).name
    : (item as IRecords['runs' | 'jobs' | 'promotions']).id;
}

/**
 * The items with the record that has changed in its place; null where it is not among them or is
 * gone, so that the list must be asked for.
 */
export function replaced(
  name: SectionName,
  list: IList<Item>,
  event: IEvent
): readonly Item[] | null {
  const at = list.items.findIndex(item => idOf(name, item) === event.id);
  if (at < 0 || event.data === null) {
    return null;
  }
  return list.items.map((item, place) =>
    place === at ? (event.data as Item) : item
  );
}
