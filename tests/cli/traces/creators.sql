-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- creators: who has created which thread: by pthread_create, by std::thread in a build without optimisation, outside all
-- functions, a thread that is gone, threads that are merged, and one of which it is not known. One tick is a nanosecond.
INSERT INTO run VALUES ('run_id', '00112233445566778899aabbccddeeff'), ('version', '0.1.0'), ('abi', 1), ('clock', 'tsc'),
    ('clock_step_ticks', 1), ('time_unit_ticks', 1), ('hook_cost_ticks', 20), ('state', 'complete'), ('checkpoint_ticks', 2000000000);
INSERT INTO clocks VALUES (0, 5000000000000, 1700000000000000000, 10000000000000), (2000000000, 5002000000000, 1700000002000000000, 10002000000000);
INSERT INTO processes VALUES (1, NULL, 4711, 4026531836, './server', '/bin/server', '/', 'start', 0, 2000000000, 'exit', 0, NULL);
INSERT INTO threads VALUES
    (1, 1, 4711, 'server', NULL, NULL, 0, 2000000000, 2000000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 900000000, 1000000, 2000000000),
    (2, 1, 4712, 'acceptor', NULL, NULL, 100000000, 1900000000, 1900000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 300000000, 2000000, 1900000000),
    (3, 1, 4713, 'worker', NULL, NULL, 200000000, 1800000000, 1800000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 700000000, 3000000, 1800000000),
    (4, 1, 4714, 'worker', NULL, NULL, 300000000, 1700000000, 1700000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 600000000, 4000000, 1700000000),
    (5, 1, 4715, 'timer', NULL, NULL, 400000000, 1600000000, 1600000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL),
    (6, 1, 4716, 'library', NULL, NULL, 500000000, 1500000000, 1500000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 5000000, 5000000, 1500000000),
    (7, 1, 4717, 'early', NULL, NULL, 500000000, 1500000000, 1500000000, 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 6000000, 5000000, 1500000000),
    (-1, 1, 0, 'ended threads', NULL, NULL, 100000000, 900000000, 900000000, 400, 0, 400, 0, 0, 0, 0, 0, 16, 40, 80000000, 9000000, NULL);
INSERT INTO modules VALUES (1, '/bin/server', 'a94a8fe5ccb19ba61c4c0873d391e987982fbbd3', 20);
INSERT INTO functions VALUES
    (1, 1, 0, 'main', 'main', '/src/main.cpp', 12, 1, NULL, 1),
    (2, 1, 1, 'Server::accept_all()', '_ZN6Server10accept_allEv', '/src/server.cpp', 40, 1, NULL, 1),
    (3, 1, 2, 'std::thread::thread<void (Worker::*)(), Worker*>(void (Worker::*&&)(), Worker*&&)', '_ZNSt6threadC2IM6WorkerFvvEPS1_EEOT_DpOT0_',
     '/usr/include/c++/12/bits/std_thread.h', 126, 1, NULL, 1),
    (4, 1, 3, 'Worker::run()', '_ZN6Worker3runEv', '/src/worker.cpp', 7, 1, NULL, 1);
INSERT INTO sites VALUES
    (11, 1, 11, 'thread', 'thread', 'pthread_create', 'pthread_create', '/src/main.cpp', 30, 7, NULL),
    (12, 1, 12, 'thread', 'thread', 'std::thread::_M_start_thread(std::unique_ptr<std::thread::_State, std::default_delete<std::thread::_State> >, void (*)())',
     '_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE', '/usr/include/c++/12/bits/std_thread.h', 142, 3, NULL),
    (13, 1, 13, 'thread', 'thread', 'pthread_create', 'pthread_create', NULL, NULL, NULL, NULL);
INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0), (1, 1, 0, 0, 1, 1, 0, 0), (2, 1, 0, 1, 2, 1, 0, 0), (3, 1, 2, 0, 3, 2, 0, 0),
    (4, 1, 0, 2, 4, 1, 0, 0);
INSERT INTO totals VALUES (1, 1, 1, 1, 0, 0, 2000000000, 2000000000, 2000000000, 2000000000, NULL),
    (2, 2, 1, 1, 0, 0, 1800000000, 1800000000, 1800000000, 1800000000, NULL), (3, 4, 1, 1, 0, 0, 1600000000, 1600000000, 1600000000, 1600000000, NULL);
INSERT INTO function_totals VALUES (0, 1, 1, 1, 0, 0, 0, 2000000000, 2000000000, 2000000000, 2000000000, 2000000000, 2000000000),
    (0, 2, 1, 1, 0, 0, 0, 1800000000, 1800000000, 1800000000, 1800000000, 1800000000, 1800000000),
    (0, 4, 1, 1, 0, 0, 0, 1600000000, 1600000000, 1600000000, 1600000000, 1600000000, 1600000000);
INSERT INTO thread_creators VALUES (2, 1, 11, 1, 1), (3, 3, 12, 2, 1), (4, 3, 12, 2, 1), (5, 0, 13, 1, 1), (7, 4, 13, 99, 1),
    (-1, 1, 11, NULL, 3), (-1, 3, 12, NULL, 31);
