-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- messages: what recording had to say, in order.
SELECT * FROM message_list LIMIT coalesce(:limit, -1);
