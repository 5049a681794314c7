// Time of each kernel a frame, best of many, one thread: benchmark_kernels [fft_length] [variant].
// With a third argument N each kernel runs N blocks and nothing is timed: for tools/count_instructions.py.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "parallel.hpp"
#include "styleshift/plan.hpp"
#include "styleshift/simd.hpp"
#include "styleshift/transform.hpp"

using namespace styleshift;

namespace {

int blocks_to_count = 0;

template <class F>
void time_block(const char* name, int lanes, F&& f) {
    if (blocks_to_count > 0) {
        for (int i = 0; i < blocks_to_count; ++i) f();
        return;
    }
    double best = 1e9;
    for (int trial = 0; trial < 200; ++trial) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < 20; ++i) f();
        const std::chrono::duration<double> t = std::chrono::steady_clock::now() - start;
        best = t.count() < best ? t.count() : best;
    }
    std::printf("%-16s %8.1f ns a frame\n", name, best / 20 / lanes * 1e9);
}

}  // namespace

int main(int argc, char** argv) {
    const std::int64_t n = argc > 1 ? std::atoll(argv[1]) : 1024;
    if (argc > 2) select_variant(argv[2]);
    if (argc > 3) blocks_to_count = std::atoi(argv[3]);
    const Plan plan({n, n / 4, n, Window::hann, true});
    const kernel::Kernels& k = active_kernels();
    const kernel::Tables& t = plan.tables();
    const std::int64_t bins = plan.bins(), lanes = k.lanes;
    AlignedFloats work(kernel::work_vectors(t) * lanes), other(kernel::work_vectors(t) * lanes);
    AlignedFloats magnitude(bins * lanes), previous(2 * bins * lanes);
    std::vector<float> segment(static_cast<std::size_t>(lanes * n / 4 + n)),
        rows(static_cast<std::size_t>(lanes * bins * 2)), sums(segment.size());
    std::vector<std::uint16_t> halves(rows.size());
    for (std::size_t i = 0; i < segment.size(); ++i) segment[i] = static_cast<float>(std::rand()) / 1e9F - 1.0F;
    for (std::int64_t i = 0; i < bins * lanes; ++i) magnitude.get()[i] = 1.0F;
    for (std::int64_t i = 0; i < 2 * bins * lanes; ++i) previous.get()[i] = 0.5F;
    const CompressionSettings log1p{Compression::log1p}, log{Compression::log};
    const int frames = k.lanes;
    const auto forward = [&] { k.forward(t, segment.data(), work.get()); };
    const auto store_complex = [&] { k.store_complex(t, work.get(), frames, rows.data(), 2 * bins); };
    const auto store_log1p = [&] { k.store_float(t, log1p, work.get(), frames, rows.data(), bins); };
    const auto store_log = [&] { k.store_float(t, log, work.get(), frames, rows.data(), bins); };
    const auto store_half = [&] { k.store_half(t, log1p, work.get(), frames, halves.data(), bins); };
    const auto each_frame = [&](auto&& make) {
        for (int l = 0; l < frames; ++l) make(segment.data() + l * n / 4, l);
    };
    const auto frame_complex = [&] {
        each_frame([&](const float* x, int l) { k.frame_complex(t, x, work.get(), rows.data() + l % 2 * 2 * bins); });
    };
    const auto frame_log1p = [&] {
        each_frame([&](const float* x, int l) { k.frame_float(t, log1p, x, work.get(), rows.data() + l % 4 * bins); });
    };
    const auto frame_half = [&] {
        each_frame([&](const float* x, int l) { k.frame_half(t, log1p, x, work.get(), halves.data() + l % 4 * bins); });
    };
    const auto frame_inverse = [&] {
        each_frame([&](const float*, int l) {
            k.frame_inverse(t, rows.data() + l * 2 * bins, work.get(), sums.data() + l * n / 4);
        });
    };
    const auto inverse = [&] { k.inverse(t, rows.data(), 2 * bins, frames, other.get()); };
    const float* blocks[] = {other.get(), work.get()};
    const auto overlap_add = [&] { k.overlap_add(t, blocks, frames, sums.data()); };
    const auto griffin_lim = [&] { k.griffin_lim(t, work.get(), magnitude.get(), previous.get(), 0.99F, other.get()); };
    if (blocks_to_count == 0) std::printf("%s, %d lanes, %lld points\n", k.name, k.lanes, static_cast<long long>(n));
    if (t.four_step.lanes == frames) {
        time_block("frame_complex", frames, frame_complex);
        time_block("frame_log1p", frames, frame_log1p);
        time_block("frame_half", frames, frame_half);
        time_block("frame_inverse", frames, frame_inverse);
    }
    time_block("forward", frames, forward);
    time_block("store_complex", frames, store_complex);
    time_block("store_log1p", frames, store_log1p);
    time_block("store_log", frames, store_log);
    time_block("store_half", frames, store_half);
    store_complex();  // a spectrum for the inverse
    time_block("inverse", frames, inverse);
    time_block("overlap_add", frames, overlap_add);
    forward();
    time_block("griffin_lim", frames, griffin_lim);
    return 0;
}
