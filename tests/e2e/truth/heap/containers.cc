/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * containers.cc - a C++ program that allocates in every way that there is, and leaves some of it behind. Its
 * output and its allocations are the same on each run.
 */
#include "containers.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <new>
#include <set>
#include <sstream>
#include <stdexcept>
#include <unordered_map>

#include <malloc.h>

namespace {

long sum;

void containers()
{
	std::vector<std::string> words;
	for (int i = 0; i < 300; i++)
		words.push_back("a word that is too long for itself " + std::to_string(i * 7919));
	std::map<std::string, std::vector<int>> by_word;
	for (const std::string &word : words)
		by_word[word].push_back((int)word.size());
	std::unordered_map<int, std::string> numbers;
	for (int i = 0; i < 500; i++)
		numbers[i * 31 % 211] += words[i % 300];
	std::deque<Wide> wide(40);
	std::list<std::set<int>> sets(5, {1, 2, 3});
	std::multimap<int, std::unique_ptr<Shape>> shapes;
	for (int i = 0; i < 20; i++)
		shapes.emplace(i % 3, made_elsewhere(i));
	for (auto &shape : shapes)
		sum += shape.second->area();
	words.erase(words.begin() + 10, words.begin() + 200);
	words.shrink_to_fit();
	for (auto &word : repeated(std::string("repeated and repeated and repeated"), 33))
		sum += (long)word.size();
	std::vector<std::string> moved = std::move(words);
	std::function<int(int)> f = [moved](int i) { return (int)moved[i].size(); };
	sum += f(5) + (long)(by_word.size() + numbers.size() + wide.size() + sets.size());
}

void streams()
{
	std::ostringstream out;
	for (int i = 0; i < 200; i++)
		out << i << ' ' << i / 3.0 << '\n';
	std::string text = out.str(), line;
	std::istringstream in(text);
	while (std::getline(in, line))
		sum += (long)line.size();
	text.insert(3, "inserted by a function of the library");
	text.append(1000, 'x');
	text.reserve(5000);
	text += text.substr(100, 300);
	sum += (long)text.size();
}

void pointers()
{
	std::shared_ptr<Shape> made = std::make_shared<Square>(7), taken(new Square(9));
	std::weak_ptr<Shape> weak = made;
	std::vector<std::shared_ptr<Shape>> many(20, made);
	made.reset();
	many.clear();
	sum += weak.expired() + taken->area();
	std::unique_ptr<Shape[]> none;
	std::unique_ptr<std::string[]> texts(new std::string[12]);
	texts[3] = "long enough to be somewhere else than here";
	struct Freed {
		void operator()(char *p) { free(p); }
	};
	std::unique_ptr<char, Freed> c(strdup("freed by a class of its own"));
	sum += (long)strlen(c.get());
}

struct Fails {
	explicit Fails(int n) : text("about to fail, and this is somewhere else"), block(new char[100])
	{
		if (n % 3 == 0) {
			delete[] block;
			throw std::runtime_error("a message that is copied, " + std::to_string(n));
		}
	}
	~Fails() { delete[] block; }
	std::string text;
	char *block;
};

void exceptions()
{
	for (int i = 0; i < 30; i++) {
		try {
			std::unique_ptr<Fails> f(new Fails(i)); /* ended by the compiler if it fails */
			sum += (long)f->text.size();
		} catch (const std::exception &e) {
			sum += (long)strlen(e.what());
		}
	}
	try {
		Fails *array = static_cast<Fails *>(::operator new[](sizeof(Fails)));
		std::unique_ptr<void, void (*)(void *)> owner(array, [](void *p) { ::operator delete[](p); });
		new (array) Fails(9);
	} catch (const std::runtime_error &) {
		sum++;
	}
}

volatile size_t huge = PTRDIFF_MAX - 4096;

void too_large()
{
	for (int i = 0; i < 5; i++) {
		try {
			sum += *new char[huge];
		} catch (const std::bad_alloc &) {
			sum++;
		}
		try {
			sum += *static_cast<char *>(::operator new(huge, std::align_val_t(64)));
		} catch (const std::bad_alloc &) {
			sum++;
		}
		sum += new (std::nothrow) char[huge] == nullptr;
		sum += ::operator new(huge, std::nothrow) == nullptr;
		void *p = malloc(20);
		sum += realloc(p, huge) == nullptr;
		sum += calloc(huge, 16) == nullptr;
		sum += malloc(huge) == nullptr;
		sum += reallocarray(p, huge, 4) == nullptr;
		free(p);
	}
}

void raw()
{
	char place[sizeof(Wide) * 2], *text = nullptr, *line = nullptr;
	size_t room = 0;
	void *p = nullptr;

	for (int i = 0; i < 10; i++) {
		sum += *(new (place) int(i)); /* allocates nothing */
		Wide *one = new Wide, *some = new Wide[3], *maybe = new (std::nothrow) Wide;
		sum += ((uintptr_t)one | (uintptr_t)some | (uintptr_t)maybe) % 128;
		delete one;
		delete[] some;
		operator delete(maybe, std::align_val_t(128), std::nothrow);
		delete new (std::nothrow) int(3);
		if (posix_memalign(&p, 256, 100 + i))
			abort();
		p = realloc(p, 1000 * i + 1);
		free(p);
		free(aligned_alloc(64, 640));
		free(memalign(32, 33));
		free(valloc(100));
		free(strndup("cut short", 3));
		free(wcsdup(L"wide"));
		if (asprintf(&text, "%d %s", i, "printed") < 0)
			abort();
		sum += (long)strlen(text);
		free(text);
		p = reallocarray(nullptr, i + 1, 8);
		p = reallocarray(p, i + 1, 16);
		p = realloc(p, 8);
		free(p);
		free(nullptr);
		delete[] static_cast<int *>(nullptr);
	}
	FILE *file = tmpfile();
	static char buffer[4096];
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	for (int i = 0; i < 12; i++)
		fprintf(file, "%0*d\n", i * i * 10 + 1, i);
	rewind(file);
	while (getline(&line, &room, file) > 0)
		sum += (long)strlen(line);
	fclose(file);
	free(line);
}

std::string *left = nullptr;
std::vector<int> global(1000, 1); /* begins before main and ends behind it */

void leave_some()
{
	left = new std::string("never freed, and neither is what it has elsewhere");
	for (int i = 1; i < 6; i++)
		left = (std::string *)memset(malloc(i * 100), 0, i * 100);
}

} // namespace

int main()
{
	static char buffer[4096]; /* stdio's would not be ours */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	for (int i = 0; i < 3; i++) {
		containers();
		streams();
		pointers();
		exceptions();
		too_large();
		raw();
	}
	leave_some();
	printf("%ld %d %d\n", sum, other_file(20), global[3]);
	return 0;
}
