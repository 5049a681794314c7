// The transforms for signals that come in pieces: the same bits as the one-shot calls, in constant memory.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "styleshift/plan.hpp"
#include "styleshift/transform.hpp"

namespace styleshift {

// Takes blocks of samples of any size; gives each frame as soon as its last sample is there.
class AnalysisStream {
public:
    AnalysisStream(std::shared_ptr<const Plan> plan, std::int64_t channels, int threads);
    ~AnalysisStream();

    const Plan& plan() const;
    std::int64_t channels() const;
    // Adds one block, a Signal a channel, all of the same count. Throws std::logic_error after finish().
    void push(std::span<const Signal> block);
    // The signal has ended: zeros follow it.
    void finish();
    // Frames that are ready; take one of these to have them, once.
    std::int64_t ready() const;
    void take_complex(Frames<float> out);
    void take(const CompressionSettings&, Frames<float> out);
    void take(const CompressionSettings&, Frames<std::uint16_t> out);

private:
    template <class Write>
    void take_frames(const Write& write);
    struct State;
    std::unique_ptr<State> state_;
};

// Takes frames, gives the samples that no later frame can change.
class SynthesisStream {
public:
    // length: samples in all, or -1 for Plan::samples of the frames that came.
    SynthesisStream(std::shared_ptr<const Plan> plan, std::int64_t channels, std::int64_t length, int threads);
    ~SynthesisStream();

    const Plan& plan() const;
    std::int64_t channels() const;
    // Samples a channel that pushing `frames` more frames will give; that finish() will give.
    std::int64_t push_gives(std::int64_t frames) const;
    std::int64_t finish_gives() const;
    // Both throw std::logic_error after finish().
    void push(Frames<const float> spectra, std::int64_t frames, float* out, std::ptrdiff_t out_stride);
    void finish(float* out, std::ptrdiff_t out_stride);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace styleshift
