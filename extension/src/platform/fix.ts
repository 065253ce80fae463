/** What a fix says, and the command at its end; empty where it has none. */
export function parted(fix: string): readonly [string, string] {
  const found = /^(.*?:)\s*(pip install \S+)\s*$/s.exec(fix);
  return found ? [found[1] as string, found[2] as string] : [fix, ''];
}
