// One signal's path through the kernels, a block of frames at a time; shared by the one-shot calls and streams.
#pragma once

#include <algorithm>
#include <cstdint>

#include "dispatch.hpp"
#include "kernel/kernels.hpp"
#include "parallel.hpp"
#include "styleshift/plan.hpp"
#include "styleshift/transform.hpp"

namespace styleshift {

// Samples [begin, begin + count) of a signal that has them all, as float.
void read_samples(const Signal& signal, std::int64_t begin, std::int64_t count, float* out);

// Transforms blocks of frames forward. Holds the scratch; one a thread.
class Analyzer {
public:
    explicit Analyzer(const Plan& plan)
        : plan_(plan),
          kernels_(active_kernels()),
          segment_length_((kernels_.lanes - 1) * plan.settings().hop_length + plan.kept()),
          segment_(segment_length_),
          work_(kernel::work_vectors(plan.tables()) * kernels_.lanes) {}

    const kernel::Kernels& kernels() const { return kernels_; }
    // Transforms the `lanes` frames from `frame` on; the result is for the kernels' store functions.
    const float* transform(const Signal& signal, std::int64_t frame) {
        kernels_.forward(plan_.tables(), segment(signal, frame * plan_.settings().hop_length - plan_.offset()),
                         work_.get());
        return work_.get();
    }

private:
    const float* segment(const Signal& signal, std::int64_t begin);

    const Plan& plan_;
    const kernel::Kernels& kernels_;
    std::int64_t segment_length_;
    AlignedFloats segment_;
    AlignedFloats work_;
};

// Overlap-adds blocks of frames. Holds the scratch and the sums that are not finished; frames come in order.
class Synthesizer {
public:
    explicit Synthesizer(const Plan& plan);

    // Forgets everything; the next frame is `frame`.
    void restart(std::int64_t frame);
    std::int64_t next_frame() const { return next_; }

    // Adds `rows` <= lanes frames.
    void add(const float* spectrum, std::ptrdiff_t row_stride, int rows);
    // The same for samples that the kernels' inverse transform left in `work`.
    void add_samples(const float* work, int rows);
    float* work() { return work_.get(); }
    // Writes samples [begin, end), counted from frame 0's first, divided by the overlapped windows. They must be
    // final: before next_frame() * hop, or no frame comes any more. `frames` is the number of frames in all, or
    // any number past next_frame() + kept / hop while it is not known.
    void emit(std::int64_t begin, std::int64_t end, std::int64_t frames, float* out) const;
    // The sums themselves.
    void emit_sums(std::int64_t begin, std::int64_t end, float* out) const;
    // Forgets the sums before sample `until`; at most a hop before next_frame() * hop may stay.
    void advance(std::int64_t until);

    int lanes() const { return kernels_.lanes; }

private:
    const Plan& plan_;
    const kernel::Kernels& kernels_;
    std::int64_t capacity_;
    std::int64_t next_ = 0;
    std::int64_t base_ = 0;  // the sample that sums_[0] stands for
    AlignedFloats sums_;
    AlignedFloats work_;
};

}  // namespace styleshift
