// A plan: the windows, FFT tables and overlap-add weights of one set of frame settings.
#pragma once

#include <cstdint>
#include <memory>

#include "styleshift/settings.hpp"

namespace styleshift {

namespace kernel {
struct Tables;
}

// Immutable after construction, so threads may share one. Some of its tables are for the SIMD variant in use when it is made;
// under another one it still works, slower.
class Plan {
public:
    // Throws std::invalid_argument that names the setting and its range.
    explicit Plan(const FrameSettings& settings);
    ~Plan();
    Plan(Plan&&) noexcept;
    Plan& operator=(Plan&&) noexcept;

    const FrameSettings& settings() const;
    std::int64_t bins() const;   // fft_length / 2 + 1
    std::int64_t kept() const;   // samples of a frame that are used: min(frame_length, fft_length)
    std::int64_t offset() const; // frame t begins at sample t * hop_length - offset: frame_length / 2 or 0

    // Frames of a signal of `samples` samples: 1 + samples / hop (centred), or the whole frames in it.
    std::int64_t frames(std::int64_t samples) const;
    // Samples that `frames` frames become where no length is asked for.
    std::int64_t samples(std::int64_t frames) const;
    // Frames that are finished once `samples` samples are known and more may come.
    std::int64_t finished_frames(std::int64_t samples) const;

    // 1 / (sum of the squared windows over sample `s`), s counted from the first sample of frame 0, with
    // `frames` frames in all; 0 where the windows leave nothing (less than 1e-11 of the largest sum).
    float overlap_weight(std::int64_t s, std::int64_t frames) const;
    // The same where no frame is missing on either side: [period()] values, by s modulo period().
    const float* steady_weights() const;
    std::int64_t period() const;
    // Is sample s away from both ends, so that steady_weights hold?
    std::int64_t steady_begin() const { return kept() - 1; }

    const kernel::Tables& tables() const;
    const double* window() const;  // [kept()] the analysis window, before any scaling

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace styleshift
