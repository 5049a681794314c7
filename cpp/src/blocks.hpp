// One signal's path through the kernels, a block of frames at a time; shared by the one-shot calls and streams.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "dispatch.hpp"
#include "kernel/kernels.hpp"
#include "parallel.hpp"
#include "styleshift/plan.hpp"
#include "styleshift/transform.hpp"

namespace styleshift {

// Samples [begin, begin + count) of a signal that has them all, as float.
void read_samples(const Signal& signal, std::int64_t begin, std::int64_t count, float* out);

// Brings what the next frame needs to the cache while this one is transformed: frames jump about too much for the machine to
// foresee it. An address past the end of the memory does no harm.
inline void fetch(const float* values, std::int64_t count) {
    constexpr std::int64_t line = 64 / sizeof(float);
    for (std::int64_t i = 0; i < count; i += line) __builtin_prefetch(values + i);
}

// Rows this many values apart are an odd number of cache lines apart. Rows of a spectrum are nearly a power of two
// long, so they fall into few sets of the first-level cache, and working on a tile of every row at a time would keep
// throwing the others' lines out; rows are copied whole to or from scratch of this stride instead.
template <class T>
std::int64_t scratch_stride(std::int64_t row_values) {
    const std::int64_t per_line = 64 / static_cast<std::int64_t>(sizeof(T));
    const std::int64_t lines = (row_values + per_line - 1) / per_line;
    return (lines + 1 - lines % 2) * per_line;
}

// Whether frames go one by one, each with its points along the lanes (kernel/four_step.hpp), or each in a lane.
inline bool goes_one_by_one(const Plan& plan) { return plan.tables().four_step.lanes == active_kernels().lanes; }

// Transforms blocks of frames forward. Holds the scratch; one a thread.
class Analyzer {
public:
    // Frames across the lanes, as many as there are.
    explicit Analyzer(const Plan& plan)
        : Analyzer(plan, active_kernels().lanes, kernel::work_vectors(plan.tables()) * active_kernels().lanes) {}
    // For frames one by one: segments of `frames` frames, and scratch for one.
    Analyzer(const Plan& plan, std::int64_t frames, std::int64_t work_floats)
        : plan_(plan),
          kernels_(active_kernels()),
          segment_length_((frames - 1) * plan.settings().hop_length + plan.kept()),
          segment_(segment_length_),
          work_(work_floats) {}

    const kernel::Kernels& kernels() const { return kernels_; }
    // Transforms the `lanes` frames from `frame` on; the result is for the kernels' store functions.
    const float* transform(const Signal& signal, std::int64_t frame) {
        kernels_.forward(plan_.tables(), segment(signal, frame), work_.get());
        return work_.get();
    }
    // The samples of the segment's frames from `frame` on, until the next call.
    const float* segment(const Signal& signal, std::int64_t frame);
    float* work() const { return work_.get(); }

private:
    const Plan& plan_;
    const kernel::Kernels& kernels_;
    std::int64_t segment_length_;
    AlignedFloats segment_;
    AlignedFloats work_;
};

// Transforms blocks of frames back and overlap-adds them, frames in order. Holds the scratch, and the sums that later frames
// add to or, for a frame in each lane, as many blocks as frames overlap; one a thread and signal.
class Synthesizer {
public:
    // with_slot: add_slot will be used, not add.
    explicit Synthesizer(const Plan& plan, bool with_slot = false);

    int lanes() const { return kernels_.lanes; }
    std::int64_t next_frame() const { return next_; }

    // Forgets everything; the next frame is `frame`.
    void restart(std::int64_t frame);
    // Adds `rows` <= lanes frames. Samples [begin(), end()) then are ready until the next call, counted from the
    // first of frame 0: a hop for each of these frames.
    void add(const float* spectrum, std::ptrdiff_t row_stride, int rows);
    // The same for frames whose samples the caller has put into slot() with the kernels' inverse transform.
    void add_slot(int rows);
    float* slot() { return blocks_[0]; }
    // The same for `lanes` frames of nothing: brings out what the last frames reached over to.
    void add_nothing();

    std::int64_t begin() const { return begin_; }
    std::int64_t end() const { return next_ * plan_.settings().hop_length; }
    // The samples [from, to), which must be ready: as summed, and divided by the overlapped windows. `frames` is the
    // number of frames in all, or any number past next_frame() + kept / hop while it is not known.
    const float* sums(std::int64_t from) const { return sums_.get() + (from - begin_); }
    void write(std::int64_t from, std::int64_t to, std::int64_t frames, float* out) const;

private:
    void copy_rows(const float* spectrum, std::ptrdiff_t row_stride, int rows);
    void drop_ready_sums();

    const Plan& plan_;
    const kernel::Kernels& kernels_;
    bool one_by_one_;
    std::int64_t block_floats_;
    std::int64_t block_count_;
    std::int64_t row_stride_;
    AlignedFloats memory_;
    std::vector<float*> blocks_;  // newest first
    int rows_at_once_;
    AlignedFloats rows_;
    std::int64_t sum_count_;
    AlignedFloats sums_;  // from begin() on
    std::int64_t next_ = 0;
    std::int64_t begin_ = 0;
};

}  // namespace styleshift
