// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// With -g, hooks in inlined, unwound and optimised code, and in the place of allocators, leave debug information that verifies, in IR
// and in the object.
//
// RUN: %irxx -std=c++17 -g -O0 %s | %verify
// RUN: %irxx -std=c++17 -g -O2 %s | %verify
// RUN: %irxx -std=c++17 -g -O2 -flto %s | %verify
// RUN: %clangxx -std=c++17 -g -O2 -c %s -o %t.o && llvm-dwarfdump --verify %t.o
//
// Every hook but the entry's has a location; within LTO that one too.
// RUN: %irxx -std=c++17 -g -O2 %s | grep -E 'call.*@__instr_(exit|unwind|tail|landed|alloc|free1?)\(' > %t
// RUN: not grep -v '!dbg' %t
// RUN: %clangxx -std=c++17 -g -O2 -flto -c -o %t.bc %s
// RUN: llvm-dis %t.bc -o - | grep -E 'call.*@__instr_(enter|exit|unwind|tail|landed)\(' > %t
// RUN: not grep -v '!dbg' %t
#include <string>
#include <vector>
#include <stdexcept>
struct Shape {
	std::string name;
	virtual ~Shape() {}
	virtual double area() const { throw std::runtime_error("no area: " + name); }
};
struct Square : Shape {
	double side = 2;
	double area() const override { return side * side; }
};
double sum(const std::vector<Shape *> &all)
{
	double s = 0;
	for (auto *shape : all)
		try {
			s += shape->area();
		} catch (const std::runtime_error &) {
			s -= 1;
		}
	return s;
}
int main()
{
	Square square;
	Shape shape;
	return (int)sum({&square, &shape});
}
