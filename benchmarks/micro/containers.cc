/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * containers.cc - a C++ program that spends its time as many do: in containers of small things. Maps of
 * strings, vectors that grow, nodes of lists and sets, shared objects that point to each other. Most of it is
 * allocating, partly in this program, partly in the C++ library (strings, mostly).
 *
 *     containers ROUNDS      25: about a second, 15 million allocations
 *
 * Prints "result", which does not depend on how it is compiled or traced.
 */
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

constexpr unsigned Words = 60000, Vocabulary = 6000, Lines = 12000, Turns = 150000, Orders = 60000, Nodes = 40000;

uint64_t State = 88172645463325252u;

uint64_t draw(uint64_t below)
{
	State ^= State << 13;
	State ^= State >> 7;
	State ^= State << 17;
	return (State >> 32) * below >> 32;
}

/* 6 to 45 characters: about every fourth one has no block of its own. */
std::string word(uint64_t number)
{
	std::string text = "word ";
	text += std::to_string(number);
	text.append(number * 7 % 36, static_cast<char>('a' + number % 26));
	return text;
}

uint64_t countWords()
{
	std::unordered_map<std::string, unsigned> counts;
	uint64_t most = 0;

	for (unsigned i = 0; i < Words; i++) {
		unsigned count = ++counts[word(draw(Vocabulary))];
		most = count > most ? count : most;
	}
	return most + counts.size();
}

uint64_t indexLines()
{
	std::map<std::string, std::vector<unsigned>> index;
	std::vector<std::vector<std::string>> text;
	uint64_t sum = 0;

	for (unsigned i = 0; i < Lines; i++) {
		std::vector<std::string> line;
		for (uint64_t n = 1 + draw(8); n > 0; n--)
			line.push_back(word(draw(Vocabulary)));
		for (const std::string &w : line)
			index[w].push_back(i);
		text.push_back(line); /* a copy */
	}
	for (const auto &[w, lines] : index)
		sum = sum * 31 + w.size() + lines.size() + lines.back();
	return sum + text.size();
}

/* First in, first out: blocks live for as long as the line is. */
uint64_t queueUp()
{
	std::list<std::pair<uint64_t, std::string>> queue;
	uint64_t sum = 0;

	for (unsigned i = 0; i < Turns; i++) {
		queue.emplace_back(i, i % 4 ? std::string() : word(i % Vocabulary));
		if (queue.size() > 1000) {
			sum = sum * 31 + queue.front().first + queue.front().second.size();
			queue.pop_front();
		}
	}
	return sum;
}

uint64_t keepOrder()
{
	std::set<uint64_t> open;
	uint64_t sum = 0;

	for (unsigned i = 0; i < Orders; i++) {
		open.insert(draw(1u << 30));
		if (open.size() > 5000)
			open.erase(draw(2) ? open.begin() : std::prev(open.end()));
	}
	for (uint64_t order : open)
		sum = sum * 31 + order;
	return sum;
}

struct Node {
	explicit Node(std::string name) : Name(std::move(name)) {}
	std::string Name;
	std::vector<std::shared_ptr<const Node>> Next;
};

/* Edges lead to older nodes of the same group: what goes with a node is a few others. */
uint64_t link()
{
	std::vector<std::shared_ptr<Node>> group;
	uint64_t sum = 0;

	for (unsigned i = 0; i < Nodes; i++) {
		auto node = std::make_shared<Node>(word(i % Vocabulary));
		for (unsigned edge = 0; edge < 2 && !group.empty(); edge++)
			node->Next.push_back(group[draw(group.size())]);
		for (const auto &other : node->Next)
			sum = sum * 31 + other->Name.size();
		group.push_back(std::move(node));
		if (group.size() == 32)
			group.clear();
	}
	return sum;
}

} // namespace

int main(int argc, char **argv)
{
	unsigned long rounds = argc == 2 ? std::strtoul(argv[1], nullptr, 10) : 0;
	uint64_t result = 0;

	if (rounds == 0) {
		std::fprintf(stderr, "usage: containers ROUNDS\n");
		return 2;
	}
	for (unsigned long i = 0; i < rounds; i++) {
		result = result * 31 + countWords();
		result = result * 31 + indexLines();
		result = result * 31 + queueUp();
		result = result * 31 + keepOrder();
		result = result * 31 + link();
	}
	std::printf("result %ju\n", static_cast<uintmax_t>(result & 0xffffffff));
	return 0;
}
