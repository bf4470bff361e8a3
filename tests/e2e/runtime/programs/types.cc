// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// types.cc - containers of a few types, and what new makes.
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>
namespace geo {
struct point { double x, y; };
struct shape { std::vector<point> points; int number; };
template <class T> struct box { T inside; };
}
std::vector<geo::point> points;
std::list<geo::point> list;
std::map<int, std::unique_ptr<geo::shape>> shapes;
std::vector<geo::box<int> *> boxes;
int main()
{
	points.reserve(50);
	for (int i = 0; i < 20; i++)
		list.push_back({1, 2});
	for (int i = 0; i < 30; i++) {
		shapes[i] = std::make_unique<geo::shape>();
		shapes[i]->points.reserve(3);
	}
	boxes.reserve(5);
	for (int i = 0; i < 5; i++)
		boxes.push_back(new geo::box<int>{i});
	return 0;
}
