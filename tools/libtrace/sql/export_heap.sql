-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- export_heap: every calling context with what it allocated of the heap, a row for each place in the source, of process
-- :process if that is given. Each comes behind its caller. The sums are those of the view heap_contexts.
SELECT c.context_id AS context_id, -- calling context
       c.parent_id AS parent_id, -- the caller's context; NULL: none, this is no call
       c.function_id AS function_id, -- function
       f.name AS function, -- demangled name
       f.linkage_name AS linkage_name, -- name as the linker sees it
       f.file AS file, -- source file
       f.line AS line, -- line of its definition
       m.module_id AS module_id, -- the image that it is in
       m.path AS module, -- where that was loaded from
       m.build_id AS build_id, -- its GNU build id
       h.site_id AS site_id, -- the place; NULL: nothing was allocated
       s.file AS place_file, -- source file of the place
       s.line AS place_line, -- its line
       coalesce(h.allocs, 0) AS allocs, -- blocks allocated
       coalesce(h.bytes, 0) AS alloc_bytes, -- their bytes
       coalesce(h.allocs - h.frees, 0) AS live_blocks, -- those that were alive at the end
       coalesce(h.bytes - h.freed_bytes, 0) AS live_bytes -- their bytes
FROM contexts c
LEFT JOIN functions f ON f.function_id = c.function_id
LEFT JOIN modules m ON m.module_id = f.module_id
LEFT JOIN heap_totals h ON h.context_id = c.context_id AND h.kind = 0
LEFT JOIN sites s ON s.site_id = h.site_id
WHERE c.process_id = coalesce(:process, c.process_id)
ORDER BY c.context_id, h.site_id;
