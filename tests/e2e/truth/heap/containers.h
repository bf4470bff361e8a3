/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * containers.h - shared by the two files of a C++ program whose allocations are counted (../heap.sh): what both
 * use inline has one body of two.
 */
#ifndef CONTAINERS_H
#define CONTAINERS_H

#include <memory>
#include <string>
#include <vector>

struct Shape {
	explicit Shape(int n) : name("shape number " + std::to_string(n)), corners(n) {}
	virtual ~Shape() = default;
	virtual int area() const { return (int)corners.size(); }
	std::string name;
	std::vector<int> corners;
};

struct Square : Shape {
	explicit Square(int n) : Shape(4), side(new int[n]) {}
	~Square() override { delete[] side; }
	int area() const override { return 2 * Shape::area(); }
	int *side;
};

/* Over-aligned: operator new with an alignment. */
struct alignas(128) Wide {
	char bytes[128];
};

template <typename T> inline std::vector<T> repeated(const T &one, int n)
{
	std::vector<T> all;
	for (int i = 0; i < n; i++)
		all.push_back(one);
	return all;
}

int other_file(int turns);
std::unique_ptr<Shape> made_elsewhere(int n);

#endif
