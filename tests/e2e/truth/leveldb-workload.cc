/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * leveldb-workload.cc - several threads write, read, scan and compact one LevelDB, about a second at
 * -O2 untraced. Truth tests compare the calls it makes, benchmarks its time.
 *
 *     leveldb-workload [-k KEYS] FOLDER
 *
 * prints what the database holds at the end (the same bytes on every run, whatever the threads'
 * interleaving; the number of calls does depend on it) and exits 0, or says what was wrong and
 * exits 1. FOLDER takes the database, which is removed. KEYS (default 32000) is per writer.
 */
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include "leveldb/cache.h"
#include "leveldb/db.h"
#include "leveldb/filter_policy.h"
#include "leveldb/iterator.h"
#include "leveldb/write_batch.h"

namespace {

const int kWriters = 3;
const int kReaders = 2;

void Check(const leveldb::Status& status, const char* what)
{
	if (!status.ok()) {
		printf("%s failed: %s\n", what, status.ToString().c_str());
		exit(1);
	}
}

std::string Key(int writer, int i)
{
	char text[32];

	snprintf(text, sizeof text, "%c/%08x", 'a' + writer, (unsigned)i * 2654435761u);
	return text;
}

std::string Value(int writer, int i, int generation)
{
	return std::string(20 + (i * 13 + writer) % 180, char('A' + (i + generation) % 26)) +
	       char('0' + generation);
}

/* Writes every key, then overwrites each fifth and deletes each seventh. */
void Write(leveldb::DB* db, int writer, int keys)
{
	for (int i = 0; i < keys; i += 8) {
		leveldb::WriteBatch batch;

		for (int k = i; k < i + 8 && k < keys; k++)
			batch.Put(Key(writer, k), Value(writer, k, 0));
		Check(db->Write(leveldb::WriteOptions(), &batch), "write");
	}
	for (int i = 0; i < keys; i += 5)
		Check(db->Put(leveldb::WriteOptions(), Key(writer, i), Value(writer, i, 1)), "put");
	for (int i = 0; i < keys; i += 7)
		Check(db->Delete(leveldb::WriteOptions(), Key(writer, i)), "delete");
}

/* A key is either missing or has the value of some generation. */
void Read(leveldb::DB* db, int reader, int keys)
{
	std::string value;

	for (int i = 0; i < keys; i++) {
		int writer = (i + reader) % kWriters, k = (i * 37 + reader) % keys;
		leveldb::Status status = db->Get(leveldb::ReadOptions(), Key(writer, k), &value);

		if (status.ok() && value != Value(writer, k, 0) && value != Value(writer, k, 1)) {
			printf("a value of no generation: %s\n", value.c_str());
			exit(1);
		}
		if (!status.ok() && !status.IsNotFound())
			Check(status, "get");
		if (i % 256 == 0) {
			leveldb::ReadOptions options;

			options.snapshot = db->GetSnapshot();
			leveldb::Iterator* at = db->NewIterator(options);
			int n = 0;

			for (at->Seek(Key(writer, k)); at->Valid() && n < 50; at->Next())
				n++;
			for (; at->Valid() && n < 60; at->Prev())
				n++;
			Check(at->status(), "scan");
			delete at;
			db->ReleaseSnapshot(options.snapshot);
		}
	}
}

void PrintContents(leveldb::DB* db, const char* when)
{
	leveldb::Iterator* at = db->NewIterator(leveldb::ReadOptions());
	unsigned long sum = 14695981039346656037ul, entries = 0, bytes = 0;

	for (at->SeekToFirst(); at->Valid(); at->Next()) {
		std::string entry = at->key().ToString() + "=" + at->value().ToString();

		for (char c : entry)
			sum = (sum ^ (unsigned char)c) * 1099511628211ul;
		bytes += entry.size();
		entries++;
	}
	Check(at->status(), "final scan");
	delete at;
	printf("%s: %lu entries, %lu bytes, checksum %016lx\n", when, entries, bytes, sum);
}

leveldb::DB* Open(leveldb::Options options, const std::string& path)
{
	leveldb::DB* db = nullptr;

	Check(leveldb::DB::Open(options, path, &db), "open");
	return db;
}

} // namespace

int main(int argc, char** argv)
{
	int keys = 32000, option;

	while ((option = getopt(argc, argv, "k:")) != -1) {
		if (option != 'k' || (keys = atoi(optarg)) < 100)
			argc = 0;
	}
	if (optind != argc - 1) {
		fprintf(stderr, "usage: leveldb-workload [-k KEYS] FOLDER (at least 100 keys)\n");
		return 2;
	}

	std::string path = std::string(argv[optind]) + "/leveldb-workload." + std::to_string(getpid());
	leveldb::Options options;
	leveldb::DB* db;

	options.create_if_missing = true;
	options.write_buffer_size = 256 << 10;
	options.max_open_files = 40;
	options.block_cache = leveldb::NewLRUCache(512 << 10);
	options.filter_policy = leveldb::NewBloomFilterPolicy(10);
	db = Open(options, path);

	std::vector<std::thread> threads;

	for (int i = 0; i < kWriters; i++)
		threads.emplace_back(Write, db, i, keys);
	for (int i = 0; i < kReaders; i++)
		threads.emplace_back(Read, db, i, keys);
	for (std::thread& thread : threads)
		thread.join();
	PrintContents(db, "written");
	db->CompactRange(nullptr, nullptr);
	PrintContents(db, "compacted");
	delete db;
	db = Open(options, path);
	PrintContents(db, "reopened");
	delete db;
	Check(leveldb::RepairDB(path, options), "repair");
	db = Open(options, path);
	PrintContents(db, "repaired");
	delete db;
	Check(leveldb::DestroyDB(path, options), "destroy");
	delete options.filter_policy;
	delete options.block_cache;
	return 0;
}
