-- SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
--
-- names: what may stand in a name: C++ in full bloom, other scripts, wide and combining characters,
-- bytes that are not UTF-8, terminal controls, quotes, nothing, 100,000 characters.
INSERT INTO run VALUES ('state', 'complete');
INSERT INTO clocks VALUES (0, 0, 1700000000000000000, 0), (1000000, 1000000, 1700000000001000000, 1000000);
INSERT INTO processes VALUES (1, NULL, 1, 1, 'é' || char(27) || '[31mred' || char(10) || 'two lines', '/x', '/', 'start', 0, 1000000, 'exit', 0, NULL);
INSERT INTO threads VALUES (1, 1, 1, '"quoted", and ' || char(9) || 'tab', NULL, NULL, 0, 1000000, 1000000, 60, 0, 60, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL);
WITH names (name, file) AS (VALUES
    ('std::vector<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, std::allocator<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> > > >::_M_realloc_insert<char const*&>(__gnu_cxx::__normal_iterator<int*, int>, char const*&)', 'vector.tcc'),
    ('(anonymous namespace)::Parser::parse(std::function<void (int)>, int) const', 'parse.cpp'),
    ('main::{lambda(int)#1}::operator()(int) const', 'main.cpp'),
    ('bool operator< <int>(Box<int> const&, Box<int> const&)', 'box.h'),
    ('Stream& Stream::operator<<(std::pair<int, int> const&)', 'stream.h'),
    ('void apply<void (*)(int, int)>(void (*)(int, int))', 'apply.h'),
    ('Matrix<4u, 4u>::operator()(unsigned long, unsigned long)', 'matrix.h'),
    ('計算する(整数)', '計算.cpp'),
    ('naïve_café::größe(double)', 'größe.cpp'),
    ('e' || char(769) || 'combining_marks', 'marks.c'),
    (CAST(x'62726f6b656e20ff20757466382080' AS TEXT), 'bytes.c'),
    ('evil' || char(27) || ']0;title' || char(7) || 'name' || char(8238) || 'reversed', 'evil.c'),
    ('two' || char(10) || 'lines', NULL),
    ('', 'nameless.c'),
    ('comma,quote"and''apostrophe', 'a,b.c'),
    (' blanks around ', 'blank.c'),
    ('back\slash', 'slash\dir/'),
    (replace(hex(zeroblob(50000)), '00', 'ab'), 'long.c'),
    ('a::b::c::d::e::f::g::h::i::j::k::l::m::n::o::p::q::r::s::t::u::v::w::x::y::z::final_name_of_the_path(int)', 'deep.cpp'))
INSERT INTO functions SELECT row_number() OVER (), NULL, NULL, name, 'linkage', file, 1, 1, NULL, 1 FROM names;
INSERT INTO contexts VALUES (0, 1, NULL, 0, 0, 0, 0, 0);
INSERT INTO contexts SELECT function_id, 1, function_id / 2, 0, function_id, 1, 0, 0 FROM functions WHERE function_id > 0;
INSERT INTO totals SELECT 1, function_id, 1, 1, 0, 0, 40000 - 1000 * function_id, 1000, 1000, 40000, NULL FROM functions WHERE function_id > 0;
INSERT INTO function_totals SELECT 0, function_id, 1, 1, 0, 0, 0, 40000 - 1000 * function_id, 20000 - 1000 * function_id, 1, 1, 1, 1
FROM functions WHERE function_id > 0;
