// Which lines does the tree have now, top to bottom? Pure: folders and what is expanded in, rows out.

/**
 * Flatten the expanded part of a tree, iteratively (a topic may have many levels).
 *
 * `folder(path)` answers {children: [path] | null, next, error} or undefined; `expanded` is a Set of paths.
 * A row is {kind, path, depth, position, size}; kinds: node, loading, more (further pages), error, empty.
 */
export function flatten(folder, expanded, root = "") {
  const rows = [];
  const stack = [frame(folder, root, 1, rows)];
  while (stack.length) {
    const top = stack[stack.length - 1];
    if (top === null || top.index === top.children.length) {
      stack.pop();
      if (top?.next) rows.push({ kind: top.error ? "error" : "more", path: top.path, depth: top.depth, position: 0, size: 0 });
      continue;
    }
    const path = top.children[top.index++];
    rows.push({ kind: "node", path, depth: top.depth, position: top.index, size: top.children.length });
    if (expanded.has(path)) stack.push(frame(folder, path, top.depth + 1, rows));
  }
  return rows;
}

function frame(folder, path, depth, rows) {
  const entry = folder(path);
  const children = entry?.children ?? null;
  if (children?.length) return { path, depth, children, next: entry.next, error: entry.error, index: 0 };
  const kind = entry?.error ? "error" : children === null ? "loading" : "empty";
  rows.push({ kind, path, depth, position: 0, size: 0 });
  return null;
}

/** First and one-past-last row to draw: what the viewport shows and `spare` rows on each side. */
export function visibleRange(scrollTop, height, rowHeight, count, spare = 8) {
  const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
  return [Math.min(first, count), Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare)];
}

export const parentOf = (path) => path.slice(0, Math.max(0, path.lastIndexOf("/")));

/** Every path above `path`, outermost first: `a/b/c` has `a` and `a/b`. */
export function ancestorsOf(path) {
  const levels = path.split("/");
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join("/"));
}

/**
 * Topic filters that cover the given topics: `parent/+` where a small folder shows several, else the topic itself.
 * `childCount(parent)` is how many children a folder has, `limit` how large a folder may be to be taken whole.
 */
export function filtersFor(topics, childCount, limit = 100) {
  const byParent = new Map();
  for (const topic of topics) {
    const parent = parentOf(topic);
    byParent.get(parent)?.push(topic) ?? byParent.set(parent, [topic]);
  }
  const filters = [];
  for (const [parent, members] of byParent) {
    if (members.length > 1 && parent && childCount(parent) <= limit) filters.push(`${parent}/+`);
    else filters.push(...members);
  }
  return filters.sort();
}
