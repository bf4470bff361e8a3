-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- lock_users: who had lock :lock, and who waited for it, at the end: the view lock_user_list.
SELECT * FROM lock_user_list WHERE lock_id = :lock ORDER BY what, age_ns DESC, thread_id;
