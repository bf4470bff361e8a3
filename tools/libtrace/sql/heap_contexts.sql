-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- heap_contexts: what was allocated and freed by calling context and place in the source, the first
-- :limit rows, of process :process if that is given: the view heap_contexts, with call paths.
SELECT h.*,
       p.path AS path -- call path, innermost function first
FROM (SELECT * FROM heap_contexts
      WHERE process_id = coalesce(:process, process_id) AND kind = coalesce(:kind, 'heap')
      ORDER BY /*sort*/bytes/*end*/ DESC, bytes DESC, allocs DESC, context_id, site_id LIMIT coalesce(:limit, -1)) h
JOIN context_paths p ON p.context_id = h.context_id
ORDER BY h./*sort*/bytes/*end*/ DESC, h.bytes DESC, h.allocs DESC, h.context_id, h.site_id;
