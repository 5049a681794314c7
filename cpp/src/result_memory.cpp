#include "styleshift/result_memory.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace styleshift {
namespace {

struct Block {
    void* data;
    std::size_t bytes;
};

struct Store {
    std::mutex lock;
    std::map<void*, std::size_t> used;
    std::vector<Block> kept;  // the longest unused first
    std::size_t kept_bytes = 0;
};

// Never destroyed: arrays may be given back while the process ends.
Store& store() {
    static Store* const s = new Store;
    return *s;
}

void unmap(const Block& block) noexcept { munmap(block.data, block.bytes); }

// `bytes` bytes from the system, on a multiple of `page`; both are multiples of every machine's own page.
void* map_aligned(std::size_t bytes, std::size_t page) {
    void* mapped = mmap(nullptr, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) throw std::bad_alloc();
    auto* start = static_cast<unsigned char*>(mapped);
    const std::size_t skip = (page - reinterpret_cast<std::uintptr_t>(mapped) % page) % page;
    if (skip > 0) munmap(start, skip);
    munmap(start + skip + bytes, page - skip);
#ifdef MADV_HUGEPAGE
    madvise(start + skip, bytes, MADV_HUGEPAGE);
#endif
    return start + skip;
}

}  // namespace

void* take_result_memory(std::size_t bytes) {
    // Whole huge pages: fewer to fill, to free lazily and to look up.
    constexpr std::size_t page = std::size_t{2} << 20U;
    bytes = (std::max<std::size_t>(bytes, 1) + page - 1) / page * page;
    Store& s = store();
    const std::lock_guard<std::mutex> guard(s.lock);
    // The smallest that fits, but none twice as large as needed.
    auto best = s.kept.end();
    for (auto it = s.kept.begin(); it != s.kept.end(); ++it)
        if (it->bytes >= bytes && it->bytes / 2 <= bytes && (best == s.kept.end() || it->bytes < best->bytes))
            best = it;
    if (best != s.kept.end()) {
        const Block block = *best;
        s.used.emplace(block.data, block.bytes);  // may throw: nothing has changed yet
        s.kept.erase(best);
        s.kept_bytes -= block.bytes;
        return block.data;
    }
    void* data = map_aligned(bytes, page);
    try {
        s.used.emplace(data, bytes);
        s.kept.reserve(s.kept.size() + s.used.size());  // so that giving back cannot throw
    } catch (...) {
        s.used.erase(data);
        unmap({data, bytes});
        throw;
    }
    return data;
}

void give_result_memory(void* data) noexcept {
    Store& s = store();
    const std::lock_guard<std::mutex> guard(s.lock);
    const auto it = s.used.find(data);
    if (it == s.used.end()) return;
    const Block block{data, it->second};
    s.used.erase(it);
    if (block.bytes > result_memory_limit) return unmap(block);
#ifdef MADV_FREE
    madvise(block.data, block.bytes, MADV_FREE);  // the pages stay unless the system needs them
#endif
    while (s.kept_bytes + block.bytes > result_memory_limit) {
        s.kept_bytes -= s.kept.front().bytes;
        unmap(s.kept.front());
        s.kept.erase(s.kept.begin());
    }
    s.kept.push_back(block);
    s.kept_bytes += block.bytes;
}

std::size_t kept_result_memory() {
    Store& s = store();
    const std::lock_guard<std::mutex> guard(s.lock);
    return s.kept_bytes;
}

void drop_result_memory() noexcept {
    Store& s = store();
    const std::lock_guard<std::mutex> guard(s.lock);
    for (const Block& block : s.kept) unmap(block);
    s.kept.clear();
    s.kept_bytes = 0;
}

}  // namespace styleshift
