// Threads for one call: started here, joined here.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <thread>
#include <utility>
#include <vector>

namespace styleshift {

// Calls body(item) once for each item in [0, items), on at most `threads` threads, this one among them; `make`
// is called once a thread and gives that thread's body with its scratch. The first exception is rethrown here.
template <class Make>
void parallel_for(int threads, std::int64_t items, Make&& make) {
    std::atomic<std::int64_t> next{0};
    std::exception_ptr error;
    std::mutex error_lock;
    auto work = [&] {
        try {
            auto body = make();
            for (std::int64_t i = next++; i < items; i = next++) body(i);
        } catch (...) {
            const std::lock_guard<std::mutex> guard(error_lock);
            if (!error) error = std::current_exception();
            next = items;
        }
    };
    std::vector<std::thread> others;
    const std::int64_t useful = items < threads ? items : threads;
    for (std::int64_t i = 1; i < useful; ++i) {
        try {
            others.emplace_back(work);
        } catch (...) {
            break;  // the system gives no more threads: those there do the work
        }
    }
    work();
    for (std::thread& t : others) t.join();
    if (error) std::rethrow_exception(error);
}

// Bytes of scratch in use, and the most there were since the test that asks set it: what the tests hold the library to.
inline std::atomic<std::int64_t> scratch_bytes{0}, most_scratch_bytes{0};

// Uninitialised floats on a cache-line boundary.
class AlignedFloats {
public:
    explicit AlignedFloats(std::int64_t count)
        : bytes_(count * static_cast<std::int64_t>(sizeof(float))),
          data_(static_cast<float*>(::operator new(static_cast<std::size_t>(bytes_), std::align_val_t{64}))) {
        const std::int64_t now = scratch_bytes += bytes_;
        std::int64_t most = most_scratch_bytes;
        while (now > most && !most_scratch_bytes.compare_exchange_weak(most, now)) {
        }
    }
    AlignedFloats(AlignedFloats&& other) noexcept
        : bytes_(std::exchange(other.bytes_, 0)), data_(std::exchange(other.data_, nullptr)) {}
    AlignedFloats& operator=(AlignedFloats&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(data_, other.data_);
        return *this;
    }
    AlignedFloats(const AlignedFloats&) = delete;
    AlignedFloats& operator=(const AlignedFloats&) = delete;
    ~AlignedFloats() {
        scratch_bytes -= bytes_;
        ::operator delete(data_, std::align_val_t{64});
    }
    float* get() const { return data_; }

private:
    std::int64_t bytes_;
    float* data_;
};

}  // namespace styleshift
