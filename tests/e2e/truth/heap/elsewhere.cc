/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * elsewhere.cc - the other file of containers.cc: blocks that begin here and end there.
 */
#include "containers.h"

#include <map>
#include <queue>

int other_file(int turns)
{
	std::priority_queue<std::string> queue;
	std::map<int, Square> squares;
	int sum = 0;

	for (int i = 0; i < turns; i++) {
		queue.push(std::string(i * 3, 'q'));
		squares.emplace(i, i + 1);
	}
	for (; !queue.empty(); queue.pop())
		sum += (int)queue.top().size();
	for (auto &text : repeated(std::string("the same function in another file"), 5))
		sum += (int)text.size();
	return sum + (int)squares.size();
}

std::unique_ptr<Shape> made_elsewhere(int n)
{
	if (n % 2)
		return std::unique_ptr<Shape>(new Square(n));
	return std::unique_ptr<Shape>(new Shape(n));
}
