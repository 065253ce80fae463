/**
 * The path by which the file browser knows a file of the server; null where it lies outside.
 *
 * The root is told with `~` for the home folder where it lies below that.
 */
export function shownPath(file: string, root: string): string | null {
  const tail = root.replace(/\/$/, '');
  if (!tail.startsWith('~')) {
    return file.startsWith(`${tail}/`) ? file.slice(tail.length + 1) : null;
  }
  const below = `${tail.slice(1)}/`;
  const at = file.indexOf(below);
  return at < 0 ? null : file.slice(at + below.length);
}
