-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- thread_names: which threads there are, to find those that a user means.
SELECT thread_id AS thread_id, -- the thread
       process_id AS process_id, -- its process
       name AS name, -- name last seen
       merged AS merged -- how many ended threads the row stands for
FROM threads
WHERE flags < 32
ORDER BY thread_id;
